"""What every benchmark prints: a table or ``--json``, and with ``--check`` each bar of ``bars.toml`` that it misses."""

import argparse
import json
import os
import sys
import tomllib
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path

BARS = Path(__file__).with_name("bars.toml")
Figures = dict[str, float]


def parser(module: str, about: str) -> argparse.ArgumentParser:
    """The options that all benchmarks share."""
    made = argparse.ArgumentParser(prog=f"python -m benchmarks.{module}", description=about)
    made.add_argument("--json", action="store_true", help="print the figures as one JSON object")
    made.add_argument("--check", action="store_true", help="exit 1 and name each bar of benchmarks/bars.toml that is missed")
    return made


def finish(
    section: str, found: Figures, options: argparse.Namespace, table: Callable[[Figures], str], skipped: tuple[str, ...] = ()
) -> int:
    """Print the figures, and with ``--check`` the bars they miss; the process's exit code.

    ``skipped``: how the names of figures begin that could not be measured here, and whose bars do not count.
    """
    print(json.dumps(found) if options.json else table(found))
    missed = misses(section, found, skipped) if options.check else []
    for line in missed:
        print(f"benchmarks.{section.partition('-')[0]}: {line}", file=sys.stderr)
    return 1 if missed else 0


def bars(section: str) -> list[tuple[str, str, float]]:
    """Every bar of a section: the figure, ``min`` or ``max``, and the limit."""
    return [(*bar.rsplit("_", 1), limit) for bar, limit in tomllib.loads(BARS.read_text())[section].items()]


def met(value: float | None, kind: str, limit: float) -> bool:
    """Whether a figure is within its bar; one that was not measured is not."""
    return value is not None and (value >= limit if kind == "min" else value <= limit)


def misses(section: str, found: Figures, skipped: tuple[str, ...] = ()) -> list[str]:
    """A line for every bar missed; a bar is a figure's name and ``_min`` or ``_max``."""
    missed = []
    for name, kind, limit in bars(section):
        if name.startswith(skipped):
            continue
        if name not in found:
            missed.append(f"{name} was not measured")
        elif not met(found[name], kind, limit):
            missed.append(f"{name} is {found[name]}, the bar is {'at least' if kind == 'min' else 'at most'} {limit}")
    return missed


def compared(section: str, titles: Mapping[str, str], found: Figures, skipped: tuple[str, ...] = ()) -> str:
    """Every bar with what was measured and whether it is met, then all figures."""
    rows: list[tuple[str, ...]] = [("bar", "measured", "bar", "")]
    for name, kind, limit in bars(section):
        value = found.get(name)
        said = "not measured" if value is None else f"{value:.4g}"
        verdict = "skipped" if name.startswith(skipped) else "ok" if met(value, kind, limit) else "MISSED"
        rows.append((titles.get(name, name), said, f"{'>=' if kind == 'min' else '<='} {limit:g}", verdict))
    rest = [(name, f"{value:.4g}") for name, value in sorted(found.items()) if value is not None]
    return f"{aligned(rows)}\n\n{aligned([('figure', 'value'), *rest])}"


def aligned(rows: Sequence[tuple[str, ...]]) -> str:
    """Rows of text as columns, the first to the left and the rest to the right."""
    widths = [max(len(row[i]) for row in rows if i < len(row)) for i in range(max(map(len, rows)))]
    lines = []
    for first, *others in rows:
        cells = [first.ljust(widths[0]), *(text.rjust(width) for text, width in zip(others, widths[1:], strict=False))]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def folder(variable: str, name: str) -> Path | None:
    """The folder of pictures that a variable names, else that of this name in ``shared/images`` beside the checkout, if any."""
    named = os.environ.get(variable)
    beside = Path(__file__).parents[2] / "shared" / "images" / name
    return Path(named) if named else beside if beside.is_dir() else None
