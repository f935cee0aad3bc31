"""Where a synthetic face lies: the oval of the mesh, opaque inside, with one stated feather along its edge."""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from precompute import landmarks
from precompute.swap.warp import CENTRE

Floats = npt.NDArray[np.float32]

FOREHEAD: Final = 1.05
JAW: Final = 1.0
FEATHER: Final = 0.09


def outline(mesh: Floats) -> Floats:
    """Mesh (478, 3) -> closed outline float32 (36, 2), x, y in pixels: the oval, moved out a little towards the hair."""
    centre = mesh[CENTRE, :2]
    oval = mesh[list(landmarks.OVAL), :2] - centre
    up = mesh[landmarks.BROW_TO_CHIN[0], :2] - mesh[landmarks.BROW_TO_CHIN[1], :2]
    height = oval @ (up / max(float(np.linalg.norm(up)), 1e-6))
    share = np.clip(height / max(float(height.max()), 1e-6), 0, 1)[:, None]
    return np.asarray(centre + oval * (JAW + (FOREHEAD - JAW) * share), np.float32)


def filled(mesh: Floats, size: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    """Mesh in the pixels of a (h, w) crop -> uint8 (h, w): 1 inside the outline, else 0."""
    drawn = np.zeros(size[:2], np.uint8)
    cv2.fillPoly(drawn, [np.round(outline(mesh) * 16).astype(np.int32)], 1, shift=4)
    return drawn


def weight(mesh: Floats, size: tuple[int, ...]) -> Floats:
    """Mesh in the pixels of a (h, w) crop -> float32 (h, w): 0 outside, rising smoothly over the feather, then exactly 1.

    The feather is ``FEATHER`` of the face's width and lies wholly inside the outline.
    """
    deep = cv2.distanceTransform(filled(mesh, size), cv2.DIST_L2, cv2.DIST_MASK_5)
    feather = max(1.0, FEATHER * landmarks.width(mesh))
    share = np.clip(deep / feather, 0, 1)
    return np.asarray(share * share * (3 - 2 * share), np.float32)
