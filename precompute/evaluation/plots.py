"""Curves and histograms as inline SVG, drawn here so that a report needs nothing from anywhere else."""

from collections.abc import Mapping
from collections.abc import Sequence
from html import escape
from math import floor
from math import log10
from typing import Final

COLOURS: Final = ("#1b6ca8", "#c8553d", "#588157", "#7b5ea7")
WIDTH: Final = 420
HEIGHT: Final = 260
LEFT: Final = 46
RIGHT: Final = 12
TOP: Final = 12
BOTTOM: Final = 36
BAR: Final = 64

Points = Sequence[tuple[float, float]]


def roc(far: Sequence[float], curves: Mapping[str, Sequence[float]]) -> str:
    """Rates of false accepts (rising, above 0) and by name the rates of true accepts there -> the curves, x logarithmic."""
    lowest = floor(log10(min(far)))
    lines = {
        name: [((log10(x) - lowest) / -lowest if lowest else 1.0, y) for x, y in zip(far, tar, strict=True)]
        for name, tar in curves.items()
    }
    ticks = [((each - lowest) / -lowest if lowest else 1.0, f"1e{each}" if each else "1") for each in range(lowest, 1)]
    return _figure(lines, ticks, [(y / 4, f"{25 * y} %") for y in range(5)], "false accept rate (pairs of originals)")


def histogram(edges: Sequence[float], shares: Mapping[str, Sequence[float]]) -> str:
    """Edges of bins and by name the share in each bin -> outlines, all to the height of the tallest."""
    low, high = edges[0], edges[-1]
    tallest = max((max(each, default=0.0) for each in shares.values()), default=0.0) or 1.0
    lines = {}
    for name, share in shares.items():
        steps = [(edge, value / tallest) for i, value in enumerate(share) for edge in (edges[i], edges[i + 1])]
        lines[name] = [((x - low) / (high - low), y) for x, y in [(low, 0.0), *steps, (high, 0.0)]]
    marks = [round(low + (high - low) * i / 7, 2) for i in range(8)]
    return _figure(lines, [((x - low) / (high - low), f"{x + 0.0:g}") for x in marks], [], "cosine similarity")


def bar(share: float) -> str:
    """A share 0..1 as a small horizontal bar."""
    filled = BAR * min(1.0, max(0.0, share))
    box = f'<rect width="{BAR}" height="9" fill="#e6e6e6"/><rect width="{filled:.1f}" height="9" fill="{COLOURS[0]}"/>'
    return f'<svg class="bar" width="{BAR}" height="9" role="img" aria-label="{100 * share:.1f} %">{box}</svg>'


def _figure(
    lines: Mapping[str, Points], across: Sequence[tuple[float, str]], up: Sequence[tuple[float, str]], title: str
) -> str:
    """Lines in the unit square with marks along both sides, and the names of the lines below."""
    parts = [f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">']
    for x, text in across:
        parts.append(_line(_x(x), TOP, _x(x), HEIGHT - BOTTOM))
        parts.append(f'<text x="{_x(x):.1f}" y="{HEIGHT - BOTTOM + 13}" text-anchor="middle">{escape(text)}</text>')
    for y, text in up:
        parts.append(_line(LEFT, _y(y), WIDTH - RIGHT, _y(y)))
        parts.append(f'<text x="{LEFT - 5}" y="{_y(y) + 3:.1f}" text-anchor="end">{escape(text)}</text>')
    for colour, points in zip(COLOURS, lines.values(), strict=False):
        way = " ".join(f"{_x(x):.1f},{_y(y):.1f}" for x, y in points)
        parts.append(f'<polyline points="{way}" fill="none" stroke="{colour}" stroke-width="1.8"/>')
    parts.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 6}" text-anchor="middle">{escape(title)}</text></svg>')
    names = [f'<span style="color:{colour}">— {escape(name)}</span>' for colour, name in zip(COLOURS, lines, strict=False)]
    return "".join(parts) + f'<p class="key">{" ".join(names)}</p>'


def _line(x0: float, y0: float, x1: float, y1: float) -> str:
    return f'<line x1="{x0:.1f}" y1="{y0:.1f}" x2="{x1:.1f}" y2="{y1:.1f}" stroke="#ddd"/>'


def _x(share: float) -> float:
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _y(share: float) -> float:
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)
