"""Choose a synthetic face for every face, and keep it only if no recogniser matches what will be published to the person."""

from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from precompute.certify import Measurement
from precompute.faces import Face
from precompute.faces import Fake
from precompute.jpeg import writer
from precompute.orientation import stored
from precompute.orientation import stored_corner
from precompute.orientation import upright
from precompute.photo import Photo
from precompute.seal import with_few_sharing
from precompute.variants import Overlay
from precompute.variants import Variants
from precompute.variants import mcu_area

Pixels = npt.NDArray[np.uint8]


class Anonymiser(Protocol):
    """Finds faces, makes synthetic ones, and measures the outcome. All pictures are upright, BGR uint8 (h, w, 3)."""

    def find(self, pixels: Pixels) -> tuple[Face, ...]:
        """Every face of the picture."""

    def fakes(self, pixels: Pixels, face: Face, rng: np.random.Generator) -> Iterator[Fake]:
        """Synthetic faces to try in turn; the last is an opaque fill."""

    def measure(self, pixels: Pixels, face: Face, output: Pixels) -> tuple[Measurement, ...]:
        """How similar each recogniser finds the face in ``output`` to the original."""


@dataclass(frozen=True, slots=True)
class Replacement:
    """The faces, what each became, what was measured on the published coefficients, and the blocks to seal."""

    faces: tuple[Face, ...]
    fakes: tuple[Fake, ...]
    measured: tuple[tuple[Measurement, ...], ...]
    variants: Variants


def replace(photo: Photo, faces: tuple[Face, ...], anonymiser: Anonymiser, rng: np.random.Generator) -> Replacement:
    """Try fakes until every one passes every recogniser; the opaque fill that ends each list is kept as it is."""
    trials = [anonymiser.fakes(photo.pixels, face, rng) for face in faces]
    fakes = [next(trial) for trial in trials]
    while True:
        overlays = [_overlay(fake, photo) for fake in fakes]
        variants = with_few_sharing(photo.canvas, overlays)
        output = published(photo, overlays, variants)
        measured = tuple(anonymiser.measure(photo.pixels, face, output) for face in faces)
        failed = [i for i, results in enumerate(measured) if not all(m.passed for m in results)]
        again = [i for i in failed if fakes[i].method != "opaque"]
        if not again:
            return Replacement(faces, tuple(fakes), measured, variants)
        for i in again:
            fakes[i] = next(trials[i])


def _overlay(fake: Fake, photo: Photo) -> Overlay:
    """A fake of the upright picture, as it lies in the stored one."""
    height, width = fake.weight.shape
    orientation, size = photo.style.orientation, (photo.pixels.shape[1], photo.pixels.shape[0])
    x, y = stored_corner(fake.x, fake.y, width, height, size, orientation)
    return Overlay(x, y, stored(fake.pixels, orientation), stored(fake.weight, orientation))


def published(photo: Photo, overlays: Sequence[Overlay], variants: Variants) -> Pixels:
    """The upright picture as the base will decode: the faces' MCUs from their quantised coefficients, by a real decoder."""
    out = photo.canvas.pixels.copy()
    frame = photo.canvas.frame
    w, h = frame.mcu_size
    blocks = variants.base.reshape(frame.mcus[1], frame.mcus[0], *variants.base.shape[1:])
    for overlay in overlays:
        x0, x1, y0, y1 = mcu_area(overlay, frame)
        if x0 == x1 or y0 == y1:
            continue
        area = blocks[y0:y1, x0:x1].reshape(-1, *blocks.shape[2:])
        style = writer.Style(frame.crop(x1 - x0, y1 - y0), photo.canvas.tables)
        file = np.frombuffer(writer.whole(style, area), np.uint8)
        decoded = cv2.imdecode(file, cv2.IMREAD_COLOR)
        under = out[y0 * h : y1 * h, x0 * w : x1 * w]
        under[:] = decoded[: under.shape[0], : under.shape[1]]
    return upright(out, photo.style.orientation)
