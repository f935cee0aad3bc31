"""A hundred thousand enrolled people: reading and opening their templates once, and looking for a photo's faces among them."""

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
import numpy.typing as npt
from sqlalchemy import insert

from benchmarks import report
from edge.catalog import Catalog
from edge.catalog import tables
from edge.keys.ring import KeyRing
from precompute import people
from precompute import template
from precompute.likeness import Likenesses

PEOPLE = 100_000
FACES = 6
ROUNDS = 9
BATCH = 5_000
DIMENSIONS = {"face-reidentification-retail-0095": 256, "mobilefacenet_128": 128}
MODELS = dict.fromkeys(DIMENSIONS, "0" * 64)


def main(argv: list[str]) -> int:
    """The command line."""
    options = report.parser("people", f"Find {FACES} faces among {PEOPLE:,} enrolled people.").parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        found = measure(f"sqlite+aiosqlite:///{Path(folder) / 'catalog.sqlite3'}")
    return report.finish("people", found, options, table)


def measure(url: str) -> report.Figures:
    """Seconds to open all templates, milliseconds to look for a photo's faces, and the memory that opening took."""
    ring, rng = KeyRing("k", {"k": os.urandom(32)}), np.random.default_rng(1)
    asyncio.run(fill(url, ring, rng))
    likenesses = Likenesses(dict.fromkeys(DIMENSIONS, 0.5), 0.05)
    before, began = resident_mb(), time.perf_counter()
    asyncio.run(people.read_into(likenesses, url, ring, template.spelled(MODELS)))
    opened, after = time.perf_counter() - began, resident_mb()
    faces = {name: looks(rng, FACES, size) for name, size in DIMENSIONS.items()}
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        likenesses.closest(faces)
        times.append(time.perf_counter() - began)
    return {
        "people": len(likenesses),
        "open_s": round(opened, 2),
        "memory_mb": round(after - before, 1),
        "search_ms": round(1000 * median(times), 1),
    }


def looks(rng: np.random.Generator, count: int, size: int) -> npt.NDArray[np.float32]:
    """Random directions, float32 (count, size)."""
    vectors = rng.standard_normal((count, size), np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


async def fill(url: str, ring: KeyRing, rng: np.random.Generator) -> None:
    """Enrol everybody, a batch a transaction."""
    async with Catalog.open(url) as catalog:
        for start in range(0, PEOPLE, BATCH):
            vectors = {name: looks(rng, BATCH, size).astype(np.float16) for name, size in DIMENSIONS.items()}
            rows = [row(start + i, {name: each[i] for name, each in vectors.items()}, ring) for i in range(BATCH)]
            async with catalog.database.writing() as connection:
                await connection.execute(insert(tables.TEMPLATE), rows)


def row(number: int, vectors: dict[str, template.Halves], ring: KeyRing) -> dict[str, object]:
    """One sealed template as the catalog's row."""
    made = template.seal(template.Template(f"u-{number}", vectors), MODELS, ring, os.urandom)
    return {name: getattr(made, name) for name in ("person", "model", "salt", "wrapped_key", "sealed")}


def resident_mb() -> float:
    """What this process holds in memory now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 1e6


def table(found: report.Figures) -> str:
    """The figures as text."""
    return report.aligned(
        [
            ("people enrolled", f"{found['people']:,.0f}"),
            ("templates opened, once a job", f"{found['open_s']} s"),
            ("memory for them", f"{found['memory_mb']} MB"),
            (f"{FACES} faces of a photo looked for", f"{found['search_ms']} ms"),
        ]
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
