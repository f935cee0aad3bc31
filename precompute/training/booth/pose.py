"""Turning a sitter's head and drawing it: a piecewise-affine warp of the portrait, with the other face laid over it."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from precompute import head
from precompute import landmarks
from precompute.facemodel.layout import SIDE as TEXTURE_SIDE
from precompute.facemodel.layout import Layout
from precompute.swap import warp
from precompute.training.booth.sitters import Sitter
from precompute.training.facemodel import portraits
from precompute.training.facemodel.portraits import Portrait

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

SIDE: Final = 208  # pixels of a shot
WIDTHS: Final = (74.0, 112.0)  # of the face in it
YAW: Final = 17.0  # degrees of spread, beyond the portrait's own
PITCH: Final = 9.0
ROLL: Final = 12.0
MOST: Final = 45.0
AXIS: Final = 0.45  # of the face's width: how far behind its middle the head turns
OFF_CENTRE: Final = 0.06  # of the shot
FADE: Final = 8.0  # pixels of a texture over which it gives way to the portrait
BORDERS: Final = (cv2.BORDER_REFLECT_101, cv2.BORDER_REPLICATE, cv2.BORDER_CONSTANT)


@dataclass(frozen=True, slots=True)
class Posed:
    """A drawn sitter: BGR uint8 (208, 208, 3) and the mesh float32 (478, 3) there, z in the same unit."""

    pixels: Pixels
    mesh: Floats


class Stage:
    """Draws sitters in random poses."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        centre = layout.mesh[warp.CENTRE, :2]
        oval = centre + (layout.mesh[list(landmarks.OVAL), :2] - centre) * 0.9
        inside = np.zeros((TEXTURE_SIDE, TEXTURE_SIDE), np.uint8)
        cv2.fillPoly(inside, [np.round(oval * 16).astype(np.int32)], 255, shift=4)
        self._twin = portraits.twins(layout.reference)
        self._mask = np.asarray(cv2.GaussianBlur(cv2.erode(inside, np.ones((9, 9))), (0, 0), FADE), np.uint8)

    def draw(self, sitter: Sitter, rng: np.random.Generator) -> Posed:
        """The sitter, turned, at a random place and size; a mirror image every other time."""
        target = placed(turned(sitter.moved, rng), rng)
        ring = warp.ringed(target)
        sources = [warp.ringed(sitter.mesh)] + ([] if sitter.texture is None else [self._layout.ring])
        maps = warp.backward_maps(sources, ring, self._layout.corners, (SIDE, SIDE))
        border = BORDERS[int(rng.integers(len(BORDERS)))]
        plain = tuple(float(value) for value in rng.integers(0, 256, 3))
        drawn = cv2.remap(sitter.pixels, maps[0], None, cv2.INTER_LINEAR, borderMode=border, borderValue=plain)
        if sitter.texture is not None:
            over = cv2.remap(sitter.texture, maps[1], None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            share = cv2.remap(self._mask, maps[1], None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)[..., None] / 255
            drawn = np.rint(drawn + (over.astype(np.float32) - drawn) * share).astype(np.uint8)
        posed = Portrait(0, np.asarray(drawn, np.uint8), target)
        shown = posed if rng.random() < 0.5 else portraits.mirrored(posed, self._twin)
        return Posed(shown.pixels, shown.mesh)


def turned(mesh: Floats, rng: np.random.Generator) -> Floats:
    """The mesh (478, 3) with the head turned by some yaw and pitch."""
    yaw, pitch = np.clip(rng.normal(0, [YAW, PITCH]), -MOST, MOST)
    return rotated(mesh, float(yaw), float(pitch))


def rotated(mesh: Floats, yaw: float, pitch: float) -> Floats:
    """The mesh (478, 3) with the head turned by so many degrees, about an axis behind its middle."""
    wide = landmarks.width(mesh)
    axis = mesh[: landmarks.POINTS].mean(0) + np.array([0, 0, AXIS * wide], np.float32)
    return np.asarray((mesh - axis) @ head.turn(yaw, pitch).T + axis, np.float32)


def placed(mesh: Floats, rng: np.random.Generator) -> Floats:
    """The mesh (478, 3) rolled, scaled and shifted into the shot."""
    low, high = mesh[: landmarks.POINTS, :2].min(0), mesh[: landmarks.POINTS, :2].max(0)
    size = float((high - low).max()) * 0.85
    scale = float(rng.uniform(*WIDTHS)) / size
    roll = np.radians(float(np.clip(rng.normal(0, ROLL), -MOST, MOST)))
    c, s = np.cos(roll) * scale, np.sin(roll) * scale
    stretch = np.exp(rng.normal(0, 0.03))
    flat = (mesh[:, :2] - (low + high) / 2) * np.array([stretch, 1 / stretch], np.float32)
    middle = SIDE / 2 + rng.normal(0, OFF_CENTRE * SIDE / 2, 2)
    flat = flat @ np.array([[c, s], [-s, c]], np.float32) + middle.astype(np.float32)
    return np.asarray(np.hstack([flat, mesh[:, 2:] * scale]), np.float32)
