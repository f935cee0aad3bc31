"""Which synthetic portraits the face model learns from: plain ones that look ahead, each also mirrored."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from precompute import landmarks
from precompute.donors import Index

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

ODDEST: Final = 0.85
MOST_YAW: Final = 25.0
LEAST_PRESENCE: Final = 0.7
LEAST_WIDTH: Final = 80.0


@dataclass(frozen=True, slots=True)
class Portrait:
    """Row ``i`` of the donors' index, BGR uint8 (h, w, 3), and its mesh float32 (478, 3) there."""

    i: int
    pixels: Pixels
    mesh: Floats


def excluded() -> frozenset[str]:
    """Names of portraits with beards, glasses, paint, brims or coloured light, found by looking at all of them."""
    text = (files(__package__) / "excluded.txt").read_text(encoding="utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))


def suitable(index: Index) -> npt.NDArray[np.intp]:
    """Rows of the index to learn from."""
    plain = (index.clean <= ODDEST) & (np.abs(index.poses[:, 0]) <= MOST_YAW) & (index.presence >= LEAST_PRESENCE)
    return np.flatnonzero(plain & (index.widths >= LEAST_WIDTH) & ~np.isin(index.names, sorted(excluded())))


def read(folder: Path, index: Index, rows: npt.NDArray[np.intp]) -> Iterator[Portrait]:
    """Each portrait, and then its mirror image."""
    twin = twins(index.reference)
    for i in rows:
        pixels = cv2.imdecode(np.fromfile(folder / str(index.names[i]), np.uint8), cv2.IMREAD_COLOR)
        if pixels is None:
            continue
        own = Portrait(int(i), np.asarray(pixels, np.uint8), index.meshes[i])
        yield own
        yield mirrored(own, twin)


def twins(reference: Floats) -> npt.NDArray[np.intp]:
    """Mean mesh (478, 3) -> for each point the one that it becomes in a mirror, (478,)."""
    turned = reference - reference[: landmarks.POINTS].mean(0)
    flipped = turned * np.array([-1, 1, 1], np.float32)
    apart = np.square(turned[:, None] - flipped[None]).sum(2)
    # Irises lie on the eyes, so each kind is matched with its own.
    apart[: landmarks.POINTS, landmarks.POINTS :] = np.inf
    apart[landmarks.POINTS :, : landmarks.POINTS] = np.inf
    return np.asarray(apart.argmin(1), np.intp)


def mirrored(portrait: Portrait, twin: npt.NDArray[np.intp]) -> Portrait:
    """The portrait as in a mirror."""
    mesh = portrait.mesh[twin].copy()
    mesh[:, 0] = portrait.pixels.shape[1] - 1 - mesh[:, 0]
    return Portrait(portrait.i, np.ascontiguousarray(portrait.pixels[:, ::-1]), mesh)


def symmetric(reference: Floats) -> Floats:
    """Mean mesh (478, 3) -> the mean of it and its mirror image."""
    middle = reference[: landmarks.POINTS].mean(0)
    turned = (reference - middle)[twins(reference)] * np.array([-1, 1, 1], np.float32)
    return np.asarray((reference - middle + turned) / 2, np.float32)
