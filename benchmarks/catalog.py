"""Looking a photo up in an embedded catalog of a thousand and of a million photos with four faces each, none of it remembered.

A lookup is what an edge does for a photo that it does not remember: one query through the catalog's own code, with owners, rules
and epochs of all faces. The photos are drawn at random over the whole catalog.
"""


import os
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import uvloop

from benchmarks import report
from edge.catalog import Catalog

FACES = 4
OWNERS = 200_000
SMALL = 1_000
WARM = 300
BATCH = 20_000


def main(argv: list[str]) -> int:
    """The command line."""
    parser = report.parser("catalog", "Lookups in an embedded catalog, by its size.")
    parser.add_argument("--photos", type=int, default=1_000_000, help="photos in the large catalog (default: 1000000)")
    parser.add_argument("--lookups", type=int, default=20_000, help="lookups measured in each (default: 20000)")
    options = parser.parse_args(argv)
    found: report.Figures = {"photos": options.photos}
    for name, photos in (("small", SMALL), ("large", options.photos)):
        with tempfile.TemporaryDirectory() as folder:
            times = uvloop.run(measure(Path(folder), photos, options.lookups))
        found |= {f"{name}_p50_ms": quantile(times, 0.5), f"{name}_p99_ms": quantile(times, 0.99)}
    found["p50_vs_small"] = round(found["large_p50_ms"] / found["small_p50_ms"], 2)
    return report.finish("catalog", found, options, table)


async def measure(folder: Path, photos: int, lookups: int) -> list[float]:
    """Milliseconds of each lookup, ascending."""
    file = folder / "catalog.sqlite3"
    rng = random.Random(7)
    async with Catalog.open(f"sqlite+aiosqlite:///{file}") as catalog:
        fill(file, photos)
        for _ in range(WARM):
            await catalog.photo(path(rng.randrange(photos)))
        times = []
        for _ in range(lookups):
            wanted = path(rng.randrange(photos))
            began = time.perf_counter()
            photo = await catalog.photo(wanted)
            times.append((time.perf_counter() - began) * 1_000)
            assert photo is not None
            assert len(photo.faces) == FACES
    return sorted(times)


def path(number: int) -> str:
    """The address of a photo."""
    return f"/{number % 997}/{number:07d}.jpg"


def fill(file: Path, photos: int) -> None:
    """Put photos, faces, accounts and some overrides into the tables; one face in four is nobody's."""
    with sqlite3.connect(file, isolation_level=None) as plain:
        plain.execute("PRAGMA synchronous = OFF")
        plain.execute("BEGIN")
        plain.executemany(
            "INSERT INTO account (person, rule, epoch) VALUES (?, 'friends', 1)", ((f"u-{n}",) for n in range(OWNERS))
        )
        for first in range(0, photos, BATCH):
            numbers = range(first, min(photos, first + BATCH))
            plain.executemany(
                "INSERT INTO photo (path, photo_id, version, base_sha256, base_size, width, height, wrapped_key, published,"
                " certificate, uploader) VALUES (?, ?, ?, ?, 300000, 1200, 800, ?, 0, '', ?)",
                ((path(n), os.urandom(16), os.urandom(16), os.urandom(32), os.urandom(70), f"u-{n % OWNERS}") for n in numbers),
            )
            plain.executemany(
                "INSERT INTO face (path, slot, x, y, w, h, owner, wrapped_key) VALUES (?, ?, 10, 10, 90, 120, ?, ?)",
                faces(numbers),
            )
            plain.executemany(
                "INSERT INTO photo_rule (path, owner, rule) VALUES (?, ?, 'nobody')",
                ((path(n), owner(n, 1)) for n in numbers if n % 10 == 0),
            )
        plain.execute("COMMIT")
        plain.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    plain.close()


def faces(numbers: range) -> Iterator[tuple[str, int, str | None, bytes]]:
    """The faces of some photos."""
    for number in numbers:
        for slot in range(FACES):
            yield path(number), slot, owner(number, slot) if slot else None, os.urandom(70)


def owner(number: int, slot: int) -> str:
    """Whose face it is."""
    return f"u-{(number * 31 + slot * 7_919) % OWNERS}"


def quantile(times: list[float], share: float) -> float:
    """The time that this share of the lookups did not exceed."""
    return round(times[min(len(times) - 1, int(len(times) * share))], 3)


def table(found: report.Figures) -> str:
    """The figures as text."""
    rows = [("photos", "p50 ms", "p99 ms"), (f"{SMALL}", *(f"{found[f'small_{name}_ms']:.3f}" for name in ("p50", "p99")))]
    rows.append((f"{found['photos']:.0f}", *(f"{found[f'large_{name}_ms']:.3f}" for name in ("p50", "p99"))))
    return f"one query per photo, {FACES} faces each, none remembered\n{report.aligned(rows)}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
