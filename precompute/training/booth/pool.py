"""Shots with what was said of them, in files of some thousands, so that many trainings can share them."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from precompute.errors import PrecomputeError
from precompute.training.booth.teachers import Said

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

QUALITY: Final = 92
FIELDS: Final = ("points", "meshes", "presence", "told", "first", "second")


class NoShots(PrecomputeError):
    """The folder is no pool, or an empty one."""


@dataclass(frozen=True, slots=True)
class Shots:
    """n shots: JPEG bytes each, and points (n, 5, 2), meshes (n, 478, 3), presence (n,), told (n, 2), and what the two
    recognisers of ``PERMISSIVE`` say, first (n, d), second (n, e); all float32."""

    jpegs: list[bytes]
    points: Floats
    meshes: Floats
    presence: Floats
    told: Floats
    first: Floats
    second: Floats

    def __len__(self) -> int:
        return len(self.jpegs)

    def pixels(self, i: int) -> Pixels:
        """The i-th shot, BGR uint8 (208, 208, 3)."""
        return decoded(self.jpegs[i])


def coded(pixels: Pixels) -> bytes:
    """As it is kept."""
    return bytes(cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1])


def decoded(jpeg: bytes) -> Pixels:
    """As it is seen by teachers and students alike."""
    return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), np.uint8)


def write(file: Path, jpegs: list[bytes], said: list[Said]) -> None:
    """All or nothing: the file gets its name when it is whole."""
    columns = {
        "points": [each.points for each in said], "meshes": [each.mesh for each in said],
        "presence": [each.presence for each in said], "told": [each.told for each in said],
        "first": [each.embeddings[0] for each in said], "second": [each.embeddings[1] for each in said],
    }  # fmt: skip
    lengths = np.array([len(each) for each in jpegs], np.int64)
    out = io.BytesIO()
    arrays: dict[str, Any] = {name: np.array(values, np.float32) for name, values in columns.items()}
    np.savez(out, jpegs=np.frombuffer(b"".join(jpegs), np.uint8), lengths=lengths, **arrays)
    part = file.with_suffix(".part")
    part.write_bytes(out.getvalue())
    part.replace(file)


JUDGES: Final = "held-out"  # begins the names of files of portraits that take no part in training


def judges(folder: Path) -> Shots:
    """The shots of a pool that judge."""
    return read([file for file in sorted(folder.glob("*.npz")) if file.name.startswith(JUDGES)])


class Growing:
    """The shots of a pool to train on, while more are being taken."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: set[Path] = set()
        self._parts: list[Shots] = []

    def shots(self) -> Shots:
        """All that there are by now."""
        found = [file for file in sorted(self._folder.glob("*.npz")) if not file.name.startswith(JUDGES)]
        new = [file for file in found if file not in self._read]
        if new:
            self._read.update(new)
            self._parts = [joined([*self._parts, read(new)])]
        if not self._parts:
            raise NoShots("the pool holds no shots to train on; take some: python -m precompute.training.booth PORTRAITS POOL")
        return self._parts[0]


def some(shots: Shots, count: int) -> Shots:
    """The first so many of them."""
    return Shots(shots.jpegs[:count], **{name: getattr(shots, name)[:count] for name in FIELDS})


def joined(parts: list[Shots]) -> Shots:
    """All of the parts, one after the other."""
    columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in FIELDS}
    return Shots([jpeg for part in parts for jpeg in part.jpegs], **columns)


def read(chosen: list[Path]) -> Shots:
    """All shots of some files; raises ``NoShots`` where there is no file."""
    if not chosen:
        raise NoShots("the pool holds no shots of that kind; take some: python -m precompute.training.booth PORTRAITS POOL")
    jpegs: list[bytes] = []
    columns: dict[str, list[Floats]] = {name: [] for name in FIELDS}
    for file in chosen:
        with np.load(file, allow_pickle=False) as kept:
            jpegs.extend(_split(kept["jpegs"], kept["lengths"]))
            for name in FIELDS:
                columns[name].append(kept[name])
    return Shots(jpegs, **{name: np.concatenate(values) for name, values in columns.items()})


def _split(data: npt.NDArray[np.uint8], lengths: npt.NDArray[np.int64]) -> Iterator[bytes]:
    start = 0
    for length in lengths:
        yield data[start : start + int(length)].tobytes()
        start += int(length)
