"""What a view costs over HTTP, against a bare server, the usual way, a proxy and other image proxies; all ratios of one run.

Servers are pinned to one core and the load by ``wrk`` to another; the rounds alternate, so that a busy machine slows all of them.
Every answer's body is compared before it counts. Parts can be chosen by name; ``benchmarks/README.md`` says what each shows.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks import report
from benchmarks.serving import cold
from benchmarks.serving import endurance
from benchmarks.serving import flat
from benchmarks.serving import peers
from benchmarks.serving import same_bytes
from benchmarks.serving import usual_way
from benchmarks.serving.machine import LOAD_CORE
from benchmarks.serving.machine import SERVER_CORE
from benchmarks.serving.machine import NotHere
from benchmarks.serving.machine import program
from benchmarks.serving.machine import settle

# The parts, and how the names of the figures begin that each of them measures.
PARTS = {
    "same": ("reveal_", "signed_", "base_", "rss_"),
    "usual": ("small_", "medium_", "large_"),
    "cold": ("cold_",),
    "catalog": ("catalog_",),
    "friends": ("friends_",),
    "faces": ("faces_",),
    "memory": ("minutes_",),
    "peers": ("thumbor_", "ipx_", "nginx_half_"),
}
TITLES = {
    "reveal_vs_bare": "reveal, token remembered, over the bare handler",
    "signed_vs_bare": "signed URL over the bare handler",
    "base_vs_bare": "a stranger's base over the bare handler",
    "reveal_p99_vs_bare": "reveal's p99 over the bare handler's, 64 connections",
    "signed_p99_vs_bare": "signed URL's p99 over the bare handler's",
    "base_p99_vs_bare": "base's p99 over the bare handler's",
    "rss_mb": "resident after that, MB",
    "small_vs_usual": "reveal over the usual way, 0.3 MB photo",
    "medium_vs_usual": "reveal over the usual way, 0.7 MB photo",
    "large_vs_usual": "reveal over the usual way, 2.8 MB photo",
    "cold_vs_proxy": "not in the catalog's memory, over a bare proxy",
    "catalog_large_vs_small": "the same, many photos over 1,000",
    "friends_many_vs_few": "5,000 friends over 10",
    "faces_bend": "0 to 20 faces: off a straight line by, at most",
    "minutes_growth_mb": "memory's growth under full load, MB",
    "thumbor_vs_reveal": "reveal over thumbor",
    "ipx_vs_reveal": "reveal over ipx",
}


def main(argv: list[str]) -> int:
    """The command line."""
    options = parser().parse_args(argv)
    try:
        program("wrk", "wrk")
        program("taskset", "util-linux")
    except NotHere as reason:
        print(f"benchmarks.serve: {reason}", file=sys.stderr)
        return 2
    if SERVER_CORE == LOAD_CORE:
        print("benchmarks.serve: needs two cores, one for the servers and one for the load", file=sys.stderr)
        return 2
    settle()
    found, skipped = measure(options)
    for part, why in skipped.items():
        print(f"benchmarks.serve: {part} skipped: {why}", file=sys.stderr)
    left_out = tuple(start for part in skipped for start in PARTS.get(part, (f"{part}_",)))
    return report.finish("serve", found, options, partial(report.compared, "serve", TITLES, skipped=left_out), left_out)


def parser() -> argparse.ArgumentParser:
    """What can be said on the command line."""
    made = report.parser("serve", "What a view costs over HTTP, against a bare server, the usual way and other image proxies.")
    made.add_argument("--part", action="append", choices=PARTS, help="only this part; may be given more than once")
    made.add_argument("--rounds", type=int, default=4, help="how often each server is measured (default: 4)")
    made.add_argument("--seconds", type=int, default=2, help="seconds per measurement (default: 2)")
    made.add_argument("--catalog", type=int, default=100_000, help="photos in the large catalog (default: 100000)")
    made.add_argument("--minutes", type=float, default=1, help="how long memory is watched (default: 1)")
    given = os.environ.get("MFMC_PEERS")
    made.add_argument(
        "--peers", type=Path, default=Path(given) if given else None, metavar="FOLDER",
        help="where thumbor and ipx are installed (default: MFMC_PEERS)",
    )  # fmt: skip
    return made


def measure(options: argparse.Namespace) -> tuple[report.Figures, dict[str, str]]:
    """Every part that is wanted and can be measured here, and why each of the others is not."""
    rounds, seconds = options.rounds, options.seconds
    works: dict[str, Callable[[Path], report.Figures]] = {
        "same": lambda folder: same_bytes.measure(folder, rounds, seconds),
        "usual": lambda folder: usual_way.measure(folder, rounds, seconds),
        "cold": lambda folder: cold.measure(folder, rounds, seconds),
        "catalog": lambda folder: flat.by_catalog(folder, rounds, seconds, options.catalog),
        "friends": lambda folder: flat.by_friends(folder, rounds, seconds),
        "faces": lambda folder: flat.by_faces(folder, rounds, seconds),
        "memory": lambda folder: endurance.measure(folder, options.minutes),
    }
    found: report.Figures = {}
    skipped: dict[str, str] = {}
    for part, work in works.items():
        if options.part and part not in options.part:
            skipped[part] = "not asked for"
            continue
        with tempfile.TemporaryDirectory() as folder:
            try:
                found |= work(Path(folder))
            except NotHere as reason:
                skipped[part] = str(reason)
    if options.part and "peers" not in options.part:
        return found, skipped | {"peers": "not asked for"}
    with tempfile.TemporaryDirectory() as folder:
        more, without = peers.measure(Path(folder), rounds, seconds, options.peers)
    return found | more, skipped | without


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
