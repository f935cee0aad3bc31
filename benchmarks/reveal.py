"""Revealing two faces, against copying the same bytes and against the usual way: decode, paste, encode. One thread, one run."""

import gc
import os
import sys
import time
from collections.abc import Callable
from hashlib import sha256
from statistics import median
from typing import Any

import cv2
import numpy as np

from benchmarks import photos
from benchmarks import report
from edge.render import sealed as form
from edge.render import splice
from precompute import photo as upload
from precompute import seal
from precompute.blend import Overlay

REVEALED = (1, 4)
QUALITY = 85


def main(argv: list[str]) -> int:
    """The command line."""
    options = report.parser("reveal", "Reveal two faces: spliced, copied, and re-encoded.").parse_args(argv)
    cv2.setNumThreads(1)
    found = measure("small", photos.group()) | measure("large", photos.large())
    return report.finish("reveal", found, options, table)


def measure(name: str, data: bytes) -> report.Figures:
    """Medians in microseconds and their ratios, taken in alternating rounds."""
    photo, made = sealed(data)
    parsed = form.parse(
        made.sidecar, made.directory_key, photo_id=made.photo_id, version=made.version,
        base_sha256=sha256(made.base).digest(), base_size=len(made.base),
    )  # fmt: skip
    keys = {made.slots[face]: made.face_keys[made.slots[face]] for face in REVEALED}
    plan = splice.plan(made.base, parsed, keys)
    body = splice.reveal(plan)
    if splice.reveal(splice.plan(made.base, parsed, made.face_keys)) != made.skeleton:
        raise SystemExit("the reveal is not exact, so its speed means nothing")
    times = alternating(
        {
            "reveal": lambda: splice.reveal(plan),
            "copy": lambda: bytes(memoryview(body)),
            "usual": usual(made.base, photo),
        }
    )
    figures = {f"{name}_{case}_us": round(value, 1) for case, value in times.items()}
    return figures | {
        f"{name}_kb": round(len(body) / 1000, 1),
        f"{name}_megapixels": round(photo.pixels.shape[0] * photo.pixels.shape[1] / 1e6, 1),
        f"{name}_reveal_vs_copy": round(times["reveal"] / times["copy"], 2),
        f"{name}_usual_vs_reveal": round(times["usual"] / times["reveal"], 1),
        f"{name}_plan_us": round(alternating({"plan": lambda: splice.plan(made.base, parsed, keys)})["plan"], 1),
    }


def sealed(data: bytes) -> tuple[upload.Photo, seal.SealedPhoto]:
    """The photo with a flat synthetic ellipse on each of its six faces."""
    photo = upload.read(data, upload.Limits())
    scale = photo.pixels.shape[1] / photos.GROUP_SIZE[0]
    overlays = []
    for box in photos.FACES:
        x, y, w, h = (round(v * scale) for v in box)
        rows, columns = np.mgrid[:h, :w]
        inside = ((columns * 2 / w - 1) ** 2 + (rows * 2 / h - 1) ** 2 <= 1).astype(np.float32)
        overlays.append(Overlay(x, y, np.full((h, w, 3), (110, 140, 190), np.uint8), inside))
    return photo, seal.photo(seal.with_few_sharing(photo.canvas, overlays), photo.style, os.urandom(16), os.urandom)


def usual(base: bytes, photo: upload.Photo) -> Callable[[], bytes]:
    """What re-encoding proxies do: decode the base and the two faces' crops, paste, encode."""
    scale = photo.pixels.shape[1] / photos.GROUP_SIZE[0]
    crops = []
    for face in REVEALED:
        x, y, w, h = (round(v * scale) for v in photos.FACES[face])
        crops.append((x, y, w, h, cv2.imencode(".jpg", photo.pixels[y : y + h, x : x + w])[1]))

    def compose() -> bytes:
        picture: Any = cv2.imdecode(np.frombuffer(base, np.uint8), cv2.IMREAD_COLOR)
        for x, y, w, h, crop in crops:
            picture[y : y + h, x : x + w] = cv2.imdecode(crop, cv2.IMREAD_COLOR)
        return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()

    return compose


def alternating(cases: dict[str, Callable[[], object]], rounds: int = 12) -> dict[str, float]:
    """Median microseconds of each case; every round runs each for about 20 ms, so that a busy machine slows all."""
    times: dict[str, list[float]] = {name: [] for name in cases}
    gc.collect()
    gc.disable()
    for name in list(cases) * (rounds + 1):
        until = time.perf_counter() + 0.02
        while True:
            start = time.perf_counter()
            cases[name]()
            end = time.perf_counter()
            times[name].append((end - start) * 1e6)
            if end > until:
                break
    gc.enable()
    return {name: median(values) for name, values in times.items()}


def table(found: report.Figures) -> str:
    """The figures as text."""
    rows: list[tuple[str, ...]] = [("photo", "size", "reveal", "copy", "usual way", "reveal/copy", "usual/reveal", "first plan")]
    for name in ("small", "large"):
        rows.append(
            (
                f"{found[f'{name}_megapixels']} MP",
                f"{found[f'{name}_kb']:.0f} kB",
                f"{found[f'{name}_reveal_us']:.1f} us",
                f"{found[f'{name}_copy_us']:.1f} us",
                f"{found[f'{name}_usual_us'] / 1000:.1f} ms",
                f"{found[f'{name}_reveal_vs_copy']:.2f}",
                f"{found[f'{name}_usual_vs_reveal']:.0f}",
                f"{found[f'{name}_plan_us']:.0f} us",
            )
        )
    return report.aligned(rows)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
