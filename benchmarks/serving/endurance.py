"""The edge's memory under full load for minutes: many viewers, more photos than it keeps, and all ways to see them in turn."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from benchmarks.report import Figures
from benchmarks.serving.load import CROWD
from benchmarks.serving.load import Case
from benchmarks.serving.load import load
from benchmarks.serving.machine import resident_mb
from benchmarks.serving.photos import THUMBNAIL
from benchmarks.serving.photos import sample
from benchmarks.serving.site import Site

PHOTOS = 120
VIEWERS = 40  # each of them for each photo in turn, strangers and signed URLs between
# A memory that this load fills within seconds, so that what goes on growing is no memory.
MORE = "[edge.cache]\nmemory_bytes = 1048576\nkey_cache_bytes = 1048576\n"
SAMPLES = 300
WARM = 0.2  # share of the time that does not count: memories are filled then


def measure(folder: Path, minutes: float) -> Figures:
    """Megabytes resident in the first and in the last third after warming up, and requests per second meanwhile."""
    photos = [sample(f"/{number:04d}.jpg", THUMBNAIL) for number in range(PHOTOS)]
    site = Site.create(folder / "site", photos)
    tokens = [site.token(photos[0].owners, viewer=f"v-{number}") for number in range(VIEWERS)]
    lines = []
    for number, photo in enumerate(photos):
        lines += [f"{photo.path}\t{tokens[(number + step) % VIEWERS]}" for step in range(3)]
        lines += [photo.path, site.signed(photo.path)]
    script = folder / "script"
    script.write_text("".join(f"{line}\n" for line in lines))
    seconds = max(round(minutes * 60), 3)
    with ExitStack() as stack:
        edge = stack.enter_context(site.edge(more=MORE))
        photo = photos[0]
        Case("revealed", edge, photo.path, photo.made.skeleton.__eq__, tokens[0]).require()
        Case("signed", edge, site.signed(photo.path), photo.made.skeleton.__eq__).require()
        case = Case("load", edge, photo.path, photo.made.base.__eq__, script=script)
        case.require()
        with ThreadPoolExecutor(1) as pool:
            loaded = pool.submit(load, case, seconds, CROWD)
            seen = []
            while not loaded.done():
                seen.append(resident_mb(edge.pid))
                time.sleep(seconds / SAMPLES)
        rate = loaded.result().per_second
    held = seen[round(len(seen) * WARM) :]
    third = len(held) // 3
    first, last = median(held[:third]), median(held[-third:])
    found: Figures = {"minutes": minutes, "minutes_per_second": round(rate, 1), "minutes_first_mb": round(first, 2)}
    return found | {"minutes_last_mb": round(last, 2), "minutes_growth_mb": round(last - first, 2)}
