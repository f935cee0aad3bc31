"""Requests for photos that the edge does not remember, against a bare proxy that fetches the same base from the same nginx.

The catalog is asked for every request. The base is either at hand, as for a photo that was shown before, or is fetched from
nginx too; nginx, in memory, runs beside the load.
"""

from contextlib import ExitStack
from pathlib import Path

from benchmarks.report import Figures
from benchmarks.serving.load import Case
from benchmarks.serving.load import Rounds
from benchmarks.serving.machine import running
from benchmarks.serving.many import Many
from benchmarks.serving.many import origin
from benchmarks.serving.photos import sample

PHOTOS = 1_000
ASKED = 192
# Photos are asked for in turn, so a catalog memory of fewer never has the next one; it has those that are being answered.
FORGETFUL = "[edge.cache]\ncatalog_items = 96\nmemory_bytes = {memory}\n"
AT_HAND, FETCHED = 256 << 20, 1 << 20


def measure(folder: Path, rounds: int, seconds: int) -> Figures:
    """Requests per second with base at hand and with base fetched, over the proxy's."""
    base = sample("/any.jpg").made.base
    many = Many.create(folder / "site", PHOTOS, ASKED, base)
    with ExitStack() as stack:
        address = stack.enter_context(origin(folder / "nginx", many.site.folder / "origin"))
        at_hand, fetched = (
            stack.enter_context(many.site.edge(origin=f'url = "{address}"', more=FORGETFUL.format(memory=memory)))
            for memory in (AT_HAND, FETCHED)
        )
        proxy = stack.enter_context(running("benchmarks.serving.yardsticks", "proxy", address.rstrip("/")))
        many.fetch_all(at_hand, base)
        cases = (
            Case("proxy", proxy, many.file, base.__eq__, script=many.files),
            Case("cold", at_hand, many.path, base.__eq__, script=many.paths),
            Case("cold_fetched", fetched, many.path, base.__eq__, script=many.paths),
        )
        rates = Rounds(cases, rounds, seconds)
    found: Figures = {f"{case.name}_per_second": rates.rate(case.name) for case in cases}
    return found | {f"{name}_vs_proxy": rates.ratio(name, "proxy") for name in ("cold", "cold_fetched")}
