"""``report.html``: the figures for people, in one file that loads nothing."""

import base64
import json
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
body{font:15px/1.5 system-ui,sans-serif;max-width:1160px;margin:2em auto;padding:0 1em;color:#222}
.wide{overflow-x:auto}table{border-collapse:collapse;margin:.6em 0 1.4em;font-size:14px}
td,th{padding:.25em .6em;border-bottom:1px solid #ddd;text-align:right;vertical-align:top}td{white-space:nowrap}
th{vertical-align:bottom}td:first-child,th:first-child{text-align:left}.made td{text-align:left;white-space:normal}
h2{margin:1.6em 0 .2em}
.facts{columns:26em;column-gap:3em}.facts>div{break-inside:avoid;padding-top:.1em}.note{margin:.2em 0;color:#555;max-width:30em}
.plots{display:flex;flex-wrap:wrap;gap:1em}.plots>div{flex:1 1 400px}
.plot{width:100%;font-size:10px;fill:#555}.key{margin:0;font-size:13px}
.bar{display:block;margin:.1em 0 .4em auto}.facts .bar{display:inline;vertical-align:middle}
.warn{background:#fff3cd;border-left:4px solid #c8553d;padding:.6em 1em}.faces{display:flex;flex-wrap:wrap;gap:8px}
figure{margin:0;white-space:nowrap}figure img{width:110px;height:110px}code{font-size:13px;word-break:break-all}
.warn code{white-space:nowrap}
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
# Title, name in the figures, and what to know of it.
FACTS: Final = (
    ("What is kept", "kept", "Original against fake, of faces that are no fills; medians unless it says otherwise."),
    ("Opaque fills", "opaque", "Faces that no synthetic face could stand in for."),
    ("Opaque fills of wide faces", "opaque_of_wide", "The same, of faces that are wide enough to be seen well."),
    ("Pixels", "pixels", "The measures that compare pictures, on the aligned grey crop; medians."),
    ("Seams", "seam", "How well a classifier tells the edge of a mask: 0.5 is not at all, 1 always."),
    ("Outside of the masks", "outside", "The first three should be 0: nothing changes but faces."),
    ("Speed", "speed", "Medians on one core."),
)
NAMES: Final = {
    "gender": "gender unchanged", "gender_faces": "faces of known gender", "age_group": "age group unchanged",
    "age_years": "age apart, years", "found": "found by the detector", "landmark_error": "landmark error, mean",
    "landmark_error_median": "landmark error, median", "landmark_error_p95": "landmark error, 95th percentile",
    **{f"pose_{axis}": f"{axis} apart, degrees" for axis in ("yaw", "pitch", "roll")},
    "expression_lips_apart": "lips apart, share of the height", "expression_mouth_width": "mouth's width, share of the width",
    "expression_eyes_open": "eyes open", "least_width_px": "least width, px", "fid": "FID", "rmse": "RMSE, grey levels",
    "ssim": "SSIM", "psnr": "PSNR, dB", "auc": "AUC", "drawn_difference": "difference drawn, grey levels",
    "blocks_changed": "blocks changed", "decoded_difference": "difference decoded, grey levels", "masked_share": "under masks",
    "coded_share": "coded anew", "feather_px": "feather, px", "feather_share": "feather, share of the face's width",
    "feather_share_max": "the widest", "original_share": "of the original in masks", "find_ms": "find, ms",
    "publish_ms": "publish, ms", "read_ms": "read, ms", "replace_ms": "replace, ms", "replace_ms_a_face": "replace, ms a face",
    "find_and_replace_ms_a_face": "find and replace, ms a face", "rank1": "rank-1", "tar": "TAR",
}  # fmt: skip
UNMEASURED: Final = '<span title="not measured">—</span>'
SHARES: Final = {
    "found", "gender", "age_group", "share", "landmark_error", "landmark_error_median", "landmark_error_p95", "rank1", "tar",
    "opaque", "masked_share", "coded_share", "feather_share", "feather_share_max", "original_share", "relative",
}  # fmt: skip


def render(figures: Figures, views: Mapping[str, Views] | None = None) -> str:
    """The page for what ``report.json`` holds, and by title JPEG files of originals and fakes to show side by side."""
    data = figures["data"]
    said = (
        f"{data['evaluated']} faces of {data['people']} people, {data['left_out']} pictures left out. "
        f"What every figure means: docs/evaluation.md. {UNMEASURED}: not measured, for too few people."
    )
    parts = [_HEAD, "<h1>Faces evaluated</h1>", f"<p>{said}</p>"]
    if views:
        parts.append(f'<p class="warn">{NOT_FOR_PUBLISHING}</p>')
    recognisers = figures["recognisers"]
    parts += ["<h2>What recognisers make of the fakes</h2>", _recognisers(recognisers, PRIVACY), _drop(figures["drop"])]
    parts += ["<h2>Attacks</h2>", _recognisers(recognisers, ATTACKS)]
    parts += ["<h2>Curves</h2>", *(_curves(name, each) for name, each in recognisers.items())]
    told = (f'<div><h2>{title}</h2><p class="note">{note}</p>{_facts(figures[name])}</div>' for title, name, note in FACTS)
    parts += ['<div class="facts">', *told, "</div>"]
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
        return UNMEASURED
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
    return _table([], [[_name(name), _cell(value, "share" if name in SHARES else "number")] for name, value in facts.items()])


def _name(figure: str) -> str:
    return NAMES.get(figure, figure.replace("_", " "))


def _group(kind: str, groups: Figures) -> str:
    names = list(next(iter(groups.values()), {}))
    rows = [
        [escape(group), *(_cell(each[name], "share" if name in SHARES else "number") for name in names)]
        for group, each in groups.items()
    ]
    return _table([escape(kind), *map(_name, names)], rows)


def _faces(title: str, views: Views) -> str:
    shown = [f"<figure>{_image(before, 'original')}{_image(after, 'synthetic')}</figure>" for before, after in views]
    said = '<p class="note">Originals on the left.</p>'
    return f'<h2>{escape(title)}</h2>{said}<div class="faces">{"".join(shown)}</div>'


def _image(jpeg: bytes, what: str) -> str:
    return f'<img alt="{what}" src="data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}">'


def _made_with(figures: Figures) -> str:
    tables = (figures["models"], figures["versions"], figures["data"], figures["configuration"])
    about = [(str(name), value) for table in tables for name, value in table.items()] + [("seed", figures["seed"])]
    rows = [[escape(name), f"<code>{escape(_plain(value))}</code>"] for name, value in about]
    return f'<div class="made">{_table([], rows)}</div>'


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    top = f"<thead><tr>{''.join(f'<th>{each}</th>' for each in head)}</tr></thead>" if head else ""
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="wide"><table>{top}<tbody>{body}</tbody></table></div>'
