"""Pictures of known people, to calibrate with: a folder for each person, at any depth; every picture in it shows that person.

The person is the folder, so that ``lfw/Ada_One/0001.jpg`` is of another one than ``mine/Ada_One/0001.jpg``. In a picture of
several faces, the face that covers the picture's centre is the person's, the largest if several do; where none does, or the
picture cannot be read, it is left out and counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final
from typing import Protocol

import numpy as np
import numpy.typing as npt

from precompute import models
from precompute import photo as upload
from precompute.detect import Detections
from precompute.detect import Detector
from precompute.errors import NotCalibrated
from precompute.errors import Rejected
from precompute.models import Progress

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

SUFFIXES: Final = {".jpg", ".jpeg", ".png", ".webp"}


@dataclass(frozen=True, slots=True)
class Collection:
    """The pictures found, in the order of their names, whom each shows, and one hash over every name and every byte."""

    files: tuple[Path, ...]
    people: tuple[str, ...]
    sha256: str


class Describes(Protocol):
    """A recogniser, or whatever else turns faces into vectors."""

    name: str

    def embed(self, pixels: Pixels, points: Floats) -> Floats:
        """BGR uint8 (h, w, 3) and five points each, float32 (n, 5, 2) -> float32 (n, d)."""


@dataclass(frozen=True, slots=True)
class Described:
    """The pictures that could be used: person numbers (n,), and by describer vectors float32 (n, d); how many could not."""

    people: npt.NDArray[np.int64]
    vectors: dict[str, Floats]
    left_out: int


def collection(folder: Path) -> Collection:
    """The pictures below a folder; raises ``NotCalibrated`` where there are none, or one lies in no person's folder."""
    if not folder.is_dir():
        raise NotCalibrated(f"{folder} is not a folder; it should hold a folder of pictures for each person")
    files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file())
    stray = next((file.name for file in files if file.parent == folder), None)
    if stray is not None:
        raise NotCalibrated(f"{folder}: {stray} lies in no person's folder; give the folder above, or move it into one")
    if not files:
        raise NotCalibrated(f"{folder}: there is no picture in it; it should hold a folder of pictures for each person")
    digest = sha256()
    for file in files:
        digest.update(f"{models.sha256(file)} {file.relative_to(folder).as_posix()}\n".encode())
    return Collection(tuple(files), tuple(str(file.parent.relative_to(folder)) for file in files), digest.hexdigest())


def describe(
    pictures: Collection, detector: Detector, sizes: Sequence[int], describers: Sequence[Describes], limits: upload.Limits,
    progress: Progress | None = None,
) -> Described:  # fmt: skip
    """Find and describe the person on every picture, as sealing finds and describes faces."""
    number = {person: i for i, person in enumerate(sorted(set(pictures.people)))}
    people: list[int] = []
    rows: dict[str, list[Floats]] = {each.name: [] for each in describers}
    for done, (file, person) in enumerate(zip(pictures.files, pictures.people, strict=True), 1):
        looked = _look(file, detector, sizes, limits)
        if looked is not None:
            people.append(number[person])
            for each in describers:
                rows[each.name].append(each.embed(*looked)[0])
        if progress is not None:
            progress("pictures", done, len(pictures.files))
    vectors = {name: np.array(found, np.float32).reshape(len(people), -1) for name, found in rows.items() if found}
    return Described(np.array(people, np.int64), vectors, len(pictures.files) - len(people))


def _look(file: Path, detector: Detector, sizes: Sequence[int], limits: upload.Limits) -> tuple[Pixels, Floats] | None:
    """The upright picture and the person's five points (1, 5, 2)."""
    try:
        with file.open("rb") as source:
            pixels = upload.read(source.read(limits.max_upload_bytes + 1), limits).pixels
    except (OSError, Rejected):
        return None
    chosen = central(detector.find(pixels, sizes), pixels.shape[:2])
    return None if chosen is None else (pixels, chosen[None])


def central(found: Detections, size: tuple[int, ...]) -> Floats | None:
    """The five points (5, 2) of the largest face that covers the centre of a (h, w) picture, or None."""
    chosen = in_the_middle(found.boxes, size)
    return None if chosen is None else found.points[chosen]


def in_the_middle(boxes: Floats, size: tuple[int, ...]) -> int | None:
    """Which of the boxes x, y, w, h (n, 4) is the largest that covers the centre of a (h, w) picture, or None."""
    middle = np.array([size[1] / 2, size[0] / 2], np.float32)
    low, high = boxes[:, :2], boxes[:, :2] + boxes[:, 2:]
    covers = ((low <= middle) & (middle <= high)).all(1)
    if not covers.any():
        return None
    return int(np.where(covers, boxes[:, 2] * boxes[:, 3], -1).argmax())
