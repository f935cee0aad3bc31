"""The edge against a bare handler that returns the same bytes: a viewer's reveal, a signed URL, and a stranger's base."""

from contextlib import ExitStack
from pathlib import Path

from benchmarks.report import Figures
from benchmarks.serving.load import CROWD
from benchmarks.serving.load import Case
from benchmarks.serving.load import Rounds
from benchmarks.serving.machine import resident_mb
from benchmarks.serving.machine import running
from benchmarks.serving.photos import sample
from benchmarks.serving.site import Site

# The bare handler's case that returns what ours does.
SAME = {"reveal": "bare_original", "signed": "bare_original", "base": "bare_base"}


def measure(folder: Path, rounds: int, seconds: int) -> Figures:
    """Requests per second with 16 connections and the slowest of a hundred with 64, each over the bare handler's."""
    photo = sample("/small.jpg")
    site = Site.create(folder / "site", [photo])
    (folder / "files").mkdir()
    (folder / "files" / "original.jpg").write_bytes(photo.made.skeleton)
    (folder / "files" / "base.jpg").write_bytes(photo.made.base)
    original, base = photo.made.skeleton.__eq__, photo.made.base.__eq__
    token, signed = site.token(photo.owners), site.signed(photo.path)
    with ExitStack() as stack:
        edge = stack.enter_context(site.edge())
        bare = stack.enter_context(running("benchmarks.serving.yardsticks", "bare", str(folder / "files")))
        cases = (
            Case("bare_original", bare, "/original.jpg", original, token),
            Case("reveal", edge, photo.path, original, token),
            Case("signed", edge, signed, original),
            Case("bare_base", bare, "/base.jpg", base),
            Case("base", edge, photo.path, base),
        )
        few, many = Rounds(cases, rounds, seconds), Rounds(cases, rounds, seconds, CROWD)
        found: Figures = {"rss_mb": round(resident_mb(edge.pid), 1)}
    found |= {"original_kb": len(photo.made.skeleton) / 1000, "base_kb": len(photo.made.base) / 1000}
    for case in cases:
        found |= {f"{case.name}_per_second": few.rate(case.name), f"{case.name}_p99_ms": many.p99_ms(case.name)}
    for ours, theirs in SAME.items():
        found |= {f"{ours}_vs_bare": few.ratio(ours, theirs), f"{ours}_p99_vs_bare": many.p99_ratio(ours, theirs)}
    return found
