"""``report.html``: the figures for people, in one file that loads nothing."""

import base64
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from html import escape
from typing import Any
from typing import Final

from precompute.evaluation import plots

Figures = Mapping[str, Any]
Views = Sequence[tuple[bytes, bytes]]
Columns = Sequence[tuple[str, tuple[str, ...], str]]

_STYLE: Final = """
body{font:15px/1.5 system-ui,sans-serif;max-width:1000px;margin:2em auto;padding:0 1em;color:#222}
table{border-collapse:collapse;margin:1em 0}td,th{padding:.25em .7em;border-bottom:1px solid #ddd;text-align:right}
td:first-child,th:first-child{text-align:left}.plots{display:flex;flex-wrap:wrap;gap:1em}.plots>div{flex:1 1 400px}
.plot{width:100%;font-size:10px;fill:#555}.key{margin:0;font-size:13px}.bar{vertical-align:middle}
.warn{background:#fff3cd;border-left:4px solid #c8553d;padding:.6em 1em}.faces{display:flex;flex-wrap:wrap;gap:8px}
figure{margin:0;font-size:12px}figure img{width:110px;height:110px}code{font-size:13px;word-break:break-all}
"""
_HEAD: Final = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Faces evaluated</title>'
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">"
    f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>'
)
NOT_FOR_PUBLISHING: Final = (
    "This report shows original faces beside the synthetic ones. It is not for publishing: whoever has it has the originals. "
    "Make it without them: <code>--no-pictures</code>."
)
PRIVACY: Final = (
    ("rank-1 of originals", ("identification", "rank1_before"), "share"),
    ("rank-1 of fakes", ("identification", "rank1_after"), "share"),
    ("chance", ("identification", "chance"), "share"),
    ("rank-1, same picture", ("identification", "rank1_same_picture"), "share"),
    ("rank-1, nothing for a face", ("identification", "rank1_surroundings"), "share"),
    ("TAR of originals", ("verification", "tar_before"), "share"),
    ("TAR of fakes", ("verification", "tar_after"), "share"),
    ("TAR, same picture", ("verification", "tar_same_picture"), "share"),
    ("threshold", ("threshold",), "number"),
)
ATTACKS: Final = (
    ("naive", ("attacks", "naive_rank1"), "share"),
    ("reverse", ("attacks", "reverse_rank1"), "share"),
    ("parrot", ("attacks", "parrot_rank1"), "share"),
    ("inverter of embeddings", ("attacks", "embedding_inverter", "gain_over_random"), "number"),
    ("of what surrounds the face", ("attacks", "embedding_inverter", "surroundings_over_random"), "number"),
    ("inverter of embeddings, elsewhere", ("attacks", "embedding_inverter", "gain_elsewhere"), "number"),
    ("inverter of pictures", ("attacks", "picture_inverter", "gain_over_random"), "number"),
    ("mean cosine to original", ("mean_cosine_to_original",), "number"),
    ("Fréchet distance", ("frechet", "originals_to_fakes"), "number"),
    ("of two halves of originals", ("frechet", "half_to_half_of_originals"), "number"),
)
SHARES: Final = {
    "found", "gender", "age_group", "share", "landmark_error", "landmark_error_median", "landmark_error_p95", "rank1", "tar",
    "opaque", "masked_share", "coded_share", "feather_share", "feather_share_max", "original_share", "relative",
}  # fmt: skip


def render(figures: Figures, views: Mapping[str, Views] | None = None) -> str:
    """The page for what ``report.json`` holds, and by title JPEG files of originals and fakes to show side by side."""
    data = figures["data"]
    said = (
        f"{data['evaluated']} faces of {data['people']} people, {data['left_out']} pictures left out. "
        "What every figure means: docs/evaluation.md."
    )
    parts = [_HEAD, "<h1>Faces evaluated</h1>", f"<p>{said}</p>"]
    if views:
        parts.append(f'<p class="warn">{NOT_FOR_PUBLISHING}</p>')
    recognisers = figures["recognisers"]
    parts += ["<h2>What recognisers make of the fakes</h2>", _recognisers(recognisers, PRIVACY), _drop(figures["drop"])]
    parts += ["<h2>Attacks</h2>", _recognisers(recognisers, ATTACKS)]
    parts += ["<h2>Curves</h2>", *(_curves(name, each) for name, each in recognisers.items())]
    for title, name in (
        ("What is kept", "kept"), ("Opaque fills", "opaque"), ("Pixels", "pixels"), ("Seams", "seam"),
        ("Outside of the masks", "outside"), ("Speed", "speed"),
    ):  # fmt: skip
        parts += [f"<h2>{title}</h2>", _facts(figures[name])]
    parts += ["<h2>By group</h2>", *(_group(kind, groups) for kind, groups in figures["groups"].items())]
    parts += [_faces(title, each) for title, each in (views or {}).items()]
    parts += ["<h2>What was evaluated</h2>", _made_with(figures), "</body></html>"]
    return "".join(parts)


def _recognisers(recognisers: Figures, columns: Columns) -> str:
    rows = []
    for name, each in recognisers.items():
        called = escape(name) + (" (held out)" if each["held_out"] else "")
        rows.append([called, *(_cell(_within(each, way), kind) for _, way, kind in columns)])
    return _table(["recogniser", *(title for title, _, _ in columns)], rows)


def _within(figures: Figures, way: tuple[str, ...]) -> object:
    found: Any = figures
    for name in way:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _cell(value: object, kind: str) -> str:
    if isinstance(value, Mapping):
        return escape("; ".join(f"{name}: {count}" for name, count in value.items())) or "none"
    if not isinstance(value, int | float):
        return "not measured"
    return f"{100 * value:.2f} % {plots.bar(value)}" if kind == "share" else f"{value:,.4g}"


def _drop(drop: Figures) -> str:
    if drop["points"] is None:
        return ""
    points, relative = drop["points"], 100 * drop["relative"]
    return f"<p>Rank-1 accuracy falls by {points:.1f} points on average, or by {relative:.1f} % of what it was.</p>"


def _curves(name: str, each: Figures) -> str:
    drawn = []
    roc = each["verification"]["roc"]
    if roc:
        drawn.append(plots.roc(roc["far"], {"originals": roc["before"], "fakes": roc["after"]}))
    histograms = dict(each["histograms"])
    edges = histograms.pop("edges")
    drawn.append(plots.histogram(edges, {title.replace("_", " "): share for title, share in histograms.items()}))
    return f"<h3>{escape(name)}</h3>" + f'<div class="plots">{"".join(f"<div>{each}</div>" for each in drawn)}</div>'


def _facts(facts: Figures) -> str:
    rows = [[name.replace("_", " "), _cell(value, "share" if name in SHARES else "number")] for name, value in facts.items()]
    return _table(["", ""], rows)


def _group(kind: str, groups: Figures) -> str:
    names = list(next(iter(groups.values()), {}))
    rows = [
        [escape(group), *(_cell(each[name], "share" if name in SHARES else "number") for name in names)]
        for group, each in groups.items()
    ]
    return _table([escape(kind), *(name.replace("_", " ") for name in names)], rows)


def _faces(title: str, views: Views) -> str:
    shown = [
        f'<figure>{_image(before, "original")}{_image(after, "synthetic")}<figcaption>original, synthetic</figcaption></figure>'
        for before, after in views
    ]
    warning = f'<p class="warn">{NOT_FOR_PUBLISHING}</p>'
    return f'<h2>{escape(title)}</h2>{warning}<div class="faces">{"".join(shown)}</div>'


def _image(jpeg: bytes, what: str) -> str:
    return f'<img alt="{what}" src="data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}">'


def _made_with(figures: Figures) -> str:
    tables = (figures["models"], figures["versions"], figures["data"], figures["configuration"])
    rows = [[escape(str(name)), f"<code>{escape(str(value))}</code>"] for table in tables for name, value in table.items()]
    return _table(["", ""], [*rows, ["seed", str(figures["seed"])]])


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    top = "".join(f"<th>{each}</th>" for each in head)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
