"""Where a synthetic face lies: the oval of the mesh, opaque inside, with one stated feather along its edge."""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from precompute import landmarks
from precompute.swap.warp import CENTRE

Floats = npt.NDArray[np.float32]
Inside = npt.NDArray[np.uint8]

FOREHEAD: Final = 1.05
JAW: Final = 1.0
FEATHER: Final = 0.09
FEATURE_FEATHER: Final = 2.0


def outline(mesh: Floats) -> Floats:
    """Mesh (478, 3) -> closed outline float32 (36, 2), x, y in pixels: the oval, moved out a little towards the hair."""
    centre = mesh[CENTRE, :2]
    oval = mesh[list(landmarks.OVAL), :2] - centre
    up = mesh[landmarks.BROW_TO_CHIN[0], :2] - mesh[landmarks.BROW_TO_CHIN[1], :2]
    height = oval @ (up / max(float(np.linalg.norm(up)), 1e-6))
    share = np.clip(height / max(float(height.max()), 1e-6), 0, 1)[:, None]
    return np.asarray(centre + oval * (JAW + (FOREHEAD - JAW) * share), np.float32)


def filled(mesh: Floats, size: tuple[int, ...]) -> Inside:
    """Mesh in the pixels of a (h, w) crop -> uint8 (h, w): 1 inside the outline or a feature that juts out, else 0.

    On a turned head the outline crosses itself, so each half of the face, from the outline to the middle, is filled too.
    """
    drawn, edge = features(mesh, size), outline(mesh)
    middle = mesh[list(landmarks.MIDLINE), :2]
    half = len(edge) // 2
    for part in (edge, np.vstack([edge[: half + 1], middle[::-1]]), np.vstack([edge[half:], edge[:1], middle])):
        cv2.fillPoly(drawn, [_fixed(part)], 1, shift=4)
    return drawn


def features(mesh: Floats, size: tuple[int, ...]) -> Inside:
    """Mesh -> uint8 (h, w): 1 on eyes, brows, nose, lips and chin. On a turned head they reach over the oval's far side."""
    drawn = np.zeros(size[:2], np.uint8)
    for group in landmarks.FEATURES:
        cv2.fillConvexPoly(drawn, cv2.convexHull(_fixed(mesh[list(group), :2])), 1, shift=4)
    return drawn


def _fixed(points: Floats) -> npt.NDArray[np.int32]:
    return np.round(points * 16).astype(np.int32)


def weight(mesh: Floats, size: tuple[int, ...]) -> Floats:
    """Mesh in the pixels of a (h, w) crop -> float32 (h, w): 0 outside, rising smoothly over the feather, then exactly 1.

    The feather is ``FEATHER`` of the face's width and lies wholly inside; on features it is ``FEATURE_FEATHER`` px, so that
    no profile of a nose shines through.
    """
    share = np.clip(_deep(filled(mesh, size)) / max(1.0, FEATHER * landmarks.width(mesh)), 0, 1)
    sharp = np.clip(_deep(features(mesh, size)) / FEATURE_FEATHER, 0, 1)
    return np.asarray(np.maximum(share * share * (3 - 2 * share), sharp), np.float32)


def _deep(inside: Inside) -> Floats:
    """How far inside each pixel lies, in pixels."""
    return np.asarray(cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_5), np.float32)
