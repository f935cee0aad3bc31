"""Choose a synthetic face for every face, and keep it only if no recogniser matches what will be published to the person."""

import hmac
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from precompute.album import Album
from precompute.blend import Overlay
from precompute.certify import Measurement
from precompute.choice import Rule
from precompute.company import Company
from precompute.donors import Donor
from precompute.faces import Face
from precompute.faces import Fake
from precompute.jpeg import entropy
from precompute.jpeg import writer
from precompute.jpeg.frame import Frame
from precompute.jpeg.frame import area_ids
from precompute.orientation import stored
from precompute.orientation import stored_corner
from precompute.orientation import upright
from precompute.photo import Photo
from precompute.seal import with_few_sharing
from precompute.variants import Blocks
from precompute.variants import Variants
from precompute.variants import mcu_area

Pixels = npt.NDArray[np.uint8]
Area = tuple[int, int, int, int]

SEED_BYTES: Final = 32
FACE_LABEL: Final = b"mfmc-edge/v1/face-seed/"


class Anonymiser(Protocol):
    """Finds faces, makes synthetic ones, and measures the outcome. All pictures are upright, BGR uint8 (h, w, 3)."""

    @property
    def rule(self) -> Rule:
        """How fakes are chosen."""

    def find(self, pixels: Pixels) -> tuple[Face, ...]:
        """Every face of the picture."""

    def fakes(self, pixels: Pixels, face: Face, rng: np.random.Generator, first: Donor | None = None) -> Iterator[Fake]:
        """Synthetic faces to try in turn, from ``first`` if it may be; the last is an opaque fill."""

    def measure(self, pixels: Pixels, face: Face, output: Pixels) -> tuple[Measurement, ...]:
        """How similar each recogniser finds the face in ``output`` to the original."""


@dataclass(frozen=True, slots=True)
class Replacement:
    """The faces, what each became, what was measured on the published coefficients, and the blocks to seal.

    ``commitments``: the SHA-256 of each face's seed; ``rule``: how the fakes were chosen.
    """

    faces: tuple[Face, ...]
    fakes: tuple[Fake, ...]
    measured: tuple[tuple[Measurement, ...], ...]
    variants: Variants
    commitments: tuple[bytes, ...]
    rule: Rule


def face_seed(seed: bytes, number: int) -> bytes:
    """The seed of one face, so that what becomes of it does not depend on how often another one is tried."""
    return hmac.digest(seed, FACE_LABEL + number.to_bytes(4, "big"), "sha256")


def generator(seed: bytes) -> np.random.Generator:
    """What every choice and drawing for one face is taken from."""
    return np.random.default_rng(int.from_bytes(seed, "big"))


def replace(
    photo: Photo, faces: tuple[Face, ...], anonymiser: Anonymiser, seed: bytes, company: Company, album: Album | None = None
) -> Replacement:
    """Try fakes until every one passes every recogniser and meets nobody; the opaque fill that ends each list is kept as it is.

    ``seed``: 32 secret random bytes. Whoever has them can tell which donors were chosen, but for those of the ``album``.
    """
    seeds = [face_seed(seed, number) for number in range(len(faces))]
    known = [None if album is None or not face.usable else album.known(face) for face in faces]
    trials = [
        anonymiser.fakes(photo.pixels, face, generator(own), first)
        for face, own, first in zip(faces, seeds, known, strict=True)
    ]
    fakes = [next(trial) for trial in trials]
    measured: list[tuple[Measurement, ...]] = [()] * len(faces)
    output, new, stale = photo.canvas.pixels.copy(), list(range(len(faces))), list[Area]()
    while True:
        overlays = [_overlay(fake, photo) for fake in fakes]
        variants = with_few_sharing(photo.canvas, overlays)
        areas = [mcu_area(overlay, photo.canvas.frame) for overlay in overlays]
        stale += [areas[i] for i in new]
        again = [i for i, area in enumerate(areas) if _meets(area, stale)]
        blocks = variants.base if len(again) == len(areas) else None
        _develop(output, [areas[i] for i in again], variants, blocks)
        seen = upright(output, photo.style.orientation)
        for i in again:
            measured[i] = anonymiser.measure(photo.pixels, faces[i], seen)
        drawn = {i: measured[i] for i, fake in enumerate(fakes) if fake.method != "opaque"}
        passed = {i: results for i, results in drawn.items() if results and all(m.passed for m in results)}
        new = sorted((drawn.keys() - passed.keys()) | company.refused(passed, new))
        if not new:
            _remember(album, faces, fakes)
            commitments = tuple(sha256(own).digest() for own in seeds)
            return Replacement(faces, tuple(fakes), tuple(measured), variants, commitments, anonymiser.rule)
        stale = [areas[i] for i in new]
        _restore(output, stale, photo)
        for i in new:
            fakes[i] = next(trials[i])


def _remember(album: Album | None, faces: Sequence[Face], fakes: Sequence[Fake]) -> None:
    for face, fake in zip(faces, fakes, strict=True):
        if album is not None and fake.source is not None:
            album.keep(face, fake.source)


def _overlay(fake: Fake, photo: Photo) -> Overlay:
    """A fake of the upright picture, as it lies in the stored one."""
    height, width = fake.weight.shape
    orientation, size = photo.style.orientation, (photo.pixels.shape[1], photo.pixels.shape[0])
    x, y = stored_corner(fake.x, fake.y, width, height, size, orientation)
    return Overlay(x, y, stored(fake.pixels, orientation), stored(fake.weight, orientation))


def _develop(output: Pixels, areas: Sequence[Area], variants: Variants, base: Blocks | None) -> None:
    """Decode into ``output``, as stored, what the base will show in these areas of MCUs; ``base`` if it is made already.

    The pixels come from the quantised coefficients that will be published, by a real decoder.
    """
    frame, tables = variants.canvas.frame, variants.canvas.tables
    for area in areas:
        ids = area_ids(area, frame)
        blocks = variants.synthetic(variants.everyone, ids) if base is None else base[ids]
        style = writer.Style(frame.crop(area[1] - area[0], area[3] - area[2]), tables)
        file = np.frombuffer(writer.whole(style, blocks, entropy.flat_tables(len(tables) == 1)), np.uint8)
        window = _window(output, area, frame)
        decoded = np.asarray(cv2.imdecode(file, cv2.IMREAD_COLOR))
        window[:] = decoded[: window.shape[0], : window.shape[1]]


def _restore(output: Pixels, areas: Sequence[Area], photo: Photo) -> None:
    """Put the upload's pixels back where a fake was refused; the next one may be smaller."""
    for area in areas:
        _window(output, area, photo.canvas.frame)[:] = _window(photo.canvas.pixels, area, photo.canvas.frame)


def _window(pixels: Pixels, area: Area, frame: Frame) -> Pixels:
    (w, h), (x0, x1, y0, y1) = frame.mcu_size, area
    return pixels[y0 * h : y1 * h, x0 * w : x1 * w]


def _meets(area: Area, others: Sequence[Area]) -> bool:
    """Whether an area has MCUs in common with another; an empty one has none."""
    return any(area[0] < o[1] and o[0] < area[1] and area[2] < o[3] and o[2] < area[3] for o in others)
