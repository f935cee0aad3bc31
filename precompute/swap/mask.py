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
PROFILE_FEATHER: Final = 0.015
TURNED: Final = (0.4, 0.65)  # sines of the yaw between which the far edge of a face becomes a profile


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

    The feather is ``FEATHER`` of the face's width and lies wholly inside. It is ``FEATURE_FEATHER`` px on features, and
    ``PROFILE_FEATHER`` of the width along the profile of a turned head, so that neither shines through.
    """
    wide, inside = landmarks.width(mesh), filled(mesh, size)
    deep, shift = _deep(inside), beyond(mesh, 1.2 * FEATHER * wide)
    far = deep
    if shift.any():
        # Towards where the head looks the feather would begin only outside of the face.
        moved = (filled(np.asarray(mesh + share * shift, np.float32), size) for share in (0.5, 1))
        far = _deep(np.maximum(inside, np.maximum(*moved)))
    share = np.clip(far / max(1.0, FEATHER * wide), 0, 1)
    share = np.minimum(share * share * (3 - 2 * share), deep / max(FEATURE_FEATHER, PROFILE_FEATHER * wide))
    sharp = np.clip(_deep(features(mesh, size)) / FEATURE_FEATHER, 0, 1)
    return np.asarray(np.maximum(share, sharp), np.float32)


def beyond(mesh: Floats, length: float) -> Floats:
    """The way (3,) x, y, 0 that a turned head looks, up to ``length`` px; nothing for one that looks more or less at us."""
    ahead = mesh[list(landmarks.MIDLINE)].mean(0) - mesh[list(landmarks.SIDES)].mean(0)
    along = ahead / max(float(np.linalg.norm(ahead)), 1e-6)
    across = mesh[landmarks.SIDES[1]] - mesh[landmarks.SIDES[0]]
    flat = across[:2] / max(float(np.linalg.norm(across[:2])), 1e-6)
    aside = float(along[:2] @ flat)
    share = np.clip((abs(aside) - TURNED[0]) / (TURNED[1] - TURNED[0]), 0, 1) * np.sign(aside)
    return np.array([*(flat * share * length), 0], np.float32)


def _deep(inside: Inside) -> Floats:
    """How far inside each pixel lies, in pixels."""
    return np.asarray(cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_5), np.float32)
