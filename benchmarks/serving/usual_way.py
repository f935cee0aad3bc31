"""A reveal of two faces against the usual way in an equal server, for photos of three sizes: decode, decrypt, paste, encode."""

from collections.abc import Callable
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np

from benchmarks.report import Figures
from benchmarks.serving import yardsticks
from benchmarks.serving.load import QUEUE
from benchmarks.serving.load import Case
from benchmarks.serving.load import Rounds
from benchmarks.serving.machine import NotHere
from benchmarks.serving.machine import running
from benchmarks.serving.photos import LARGE
from benchmarks.serving.photos import MEDIUM
from benchmarks.serving.photos import SMALL
from benchmarks.serving.photos import sample
from benchmarks.serving.site import Site

SIZES = {"small": SMALL, "medium": MEDIUM, "large": LARGE}
DIFFERENCE = 6  # grey levels on average that coding noise anew may cost; a flat face instead of a real one costs 20 and more


def measure(folder: Path, rounds: int, seconds: int) -> Figures:
    """Requests per second of both, and their ratio, by size."""
    if find_spec("simplejpeg") is None:
        raise NotHere("simplejpeg is not installed; run: make setup")
    photos = {name: sample(f"/{name}.jpg", size) for name, size in SIZES.items()}
    site = Site.create(folder / "site", photos.values())
    for name, photo in photos.items():
        yardsticks.keep_usual(folder / "usual", f"{name}.jpg", photo.made.base, photo.made.skeleton, photo.boxes)
    found: Figures = {}
    with ExitStack() as stack:
        edge = stack.enter_context(site.edge())
        usual = stack.enter_context(running("benchmarks.serving.yardsticks", "usual", str(folder / "usual")))
        for name, photo in photos.items():
            original, token = photo.made.skeleton, site.token(photo.owners)
            cases = (
                Case("reveal", edge, photo.path, original.__eq__, token),
                Case("usual", usual, photo.path, looks_like(original, photo.boxes), most=QUEUE),
            )
            rates = Rounds(cases, rounds, seconds)
            found |= {f"{name}_kb": len(original) / 1000, f"{name}_vs_usual": rates.ratio("reveal", "usual")}
            found |= {f"{name}_{case.name}_per_second": rates.rate(case.name) for case in cases}
    return found


def looks_like(original: bytes, boxes: tuple[tuple[int, int, int, int], ...]) -> Callable[[bytes], bool]:
    """Whether a picture shows all that the original does, the faces in these boxes above all."""
    wanted = _pixels(original)

    def good(body: bytes) -> bool:
        seen = _pixels(body)
        if seen.shape != wanted.shape:
            return False
        everywhere = [(0, 0, seen.shape[1], seen.shape[0]), *boxes]
        return all(
            np.abs(seen[y : y + h, x : x + w] - wanted[y : y + h, x : x + w]).mean() < DIFFERENCE for x, y, w, h in everywhere
        )

    return good


def _pixels(data: bytes) -> "np.ndarray[tuple[int, ...], np.dtype[np.int16]]":
    return np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)).astype(np.int16)
