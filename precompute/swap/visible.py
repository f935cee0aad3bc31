"""What stays of the photo in front of a face: fringes, curtains of hair and brims of hats, told from skin by colour."""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from precompute import landmarks
from precompute.swap import light
from precompute.swap import mask

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Marks = npt.NDArray[np.uint8]

WORK_PX: Final = 90  # wider faces are looked at this wide
# Natural logarithms, least and most: how much darker than its skin, and how much off its colour, a face is only in shadow.
DARKER: Final = (0.45, 0.8)
COLOURED: Final = (0.3, 0.5)
HIGHLIGHT: Final = 0.5
CHEEK: Final = 0.7  # more on cheeks
SPREADS: Final = 3.5  # of the skin's own, between those limits
SOFT: Final = 0.3  # of these limits, on both sides of them
# Shares of the face's width.
EDGE: Final = 0.03
THIN: Final = 0.07  # what is narrower is painted over, as the arms of glasses are
DEEP_ABOVE: Final = 0.4
DEEP_BELOW: Final = 0.06
RAMP: Final = 0.04
CORE_MARGIN: Final = 0.03
BLUR: Final = 0.012
FAINT: Final = 0.3
MOST_SHARE: Final = 0.22  # of the mask's area
CHIN: Final = (152, 148, 377, 176, 400)


def weight(crop: Pixels, mesh: Floats) -> Floats:
    """BGR uint8 (h, w, 3) and mesh (478, 3) in its pixels -> float32 (h, w), what the mask is to be multiplied by: 0 = stays.

    It stays what is clearly of another colour than this face's skin in this light, and comes in from the mask's edge, mostly
    above the eyes. It is 1 on all between brows and chin and ``CORE_MARGIN`` around, and rises to that over ``RAMP``. Below the
    nose's tip it is 1 farther than ``DEEP_BELOW`` from the edge, and above the eyes farther than ``DEEP_ABOVE``. At most
    ``MOST_SHARE`` of the mask stays.
    """
    h, w = crop.shape[:2]
    scale = min(1.0, WORK_PX / max(landmarks.width(mesh), 1.0))
    size = max(1, round(h * scale)), max(1, round(w * scale))
    step = np.array([size[1] / w, size[0] / h, scale], np.float32)
    half = np.array([0.5, 0.5, 0], np.float32)
    small, face = cv2.resize(crop, size[::-1], interpolation=cv2.INTER_AREA), (mesh + half) * step - half
    stays = _staying(np.asarray(small, np.uint8), np.asarray(face, np.float32))
    if not stays.any():
        return np.ones((h, w), np.float32)
    return np.asarray(1 - cv2.resize(stays, (w, h), interpolation=cv2.INTER_LINEAR), np.float32)


def _staying(crop: Pixels, mesh: Floats) -> Floats:
    """How much of each pixel stays, float32 (h, w)."""
    inside, wide = mask.filled(mesh, crop.shape[:2]), landmarks.width(mesh)
    deep = cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_5)
    free = reach(mesh, core(mesh, crop.shape[:2]), np.asarray(deep, np.float32))
    other = oddness(crop, mesh) * inside
    solid = ((other > 0.5) & (free > 0.5)).astype(np.uint8)
    above = cheeks(mesh, crop.shape) == 0
    solid = _hanging(_without_thin(solid, THIN * wide), np.asarray(deep, np.float32), EDGE * wide, above)
    if not solid.any():
        return np.zeros(crop.shape[:2], np.float32)
    # What is soft around the solid parts belongs to them.
    near = cv2.dilate(solid, np.ones((2 * max(1, round(RAMP * wide / 2)) + 1,) * 2, np.uint8))
    stays = cv2.GaussianBlur(other * near, (0, 0), max(BLUR * wide, 0.5)) * free
    # Whatever is nearly all photo or nearly all fake is wholly so: faint mixtures would reach deep into the mask.
    stays = np.clip((stays - FAINT) / (1 - 2 * FAINT), 0, 1)
    return bounded(np.asarray(stays, np.float32), np.asarray(deep, np.float32), MOST_SHARE * float(inside.sum()), RAMP * wide)


def oddness(crop: Pixels, mesh: Floats) -> Floats:
    """How clearly each pixel's colour is not that of the face's skin in the face's smooth light, float32 (h, w) in 0..1."""
    wanted, at = light.skin(crop, mesh), light.frame(mesh, mesh[: landmarks.POINTS, :2])
    trust = light.trusted(mesh, crop.shape[:2])
    level = light.fit(wanted, at, trust)
    expected = light.spread_out(level, mesh, (crop.shape[0], crop.shape[1]), 2 * light.MOST_SLOPE)
    pixels = cv2.GaussianBlur(crop, (3, 3), 0).astype(np.float32) + np.float32(light.FLOOR)
    shade, colour = _parted(np.log(pixels / expected))
    own_shade, own_colour = _parted(wanted - light.basis(at) @ level)
    sure = trust >= np.median(trust)
    dark = np.clip(SPREADS * np.median(np.abs(own_shade[sure])), *DARKER)
    tinted = np.clip(SPREADS * np.median(own_colour[sure]), *COLOURED)
    # Lightness alone is no sign, and where it is light its colour is less of one: a sunlit forehead is still the person's.
    # Shade under a cheekbone is common; nothing less than hair's black tells hair from it there.
    dark = dark * (1 + CHEEK * cheeks(mesh, crop.shape))
    odd = np.maximum(-shade / dark, (colour - HIGHLIGHT * np.maximum(shade, 0)) / tinted)
    share = np.clip((odd - (1 - SOFT)) / (2 * SOFT), 0, 1)
    return np.asarray(share * share * (3 - 2 * share), np.float32)


def _parted(logs: Floats) -> tuple[Floats, Floats]:
    """Log colours (..., 3) -> how light, and how far from gray, each (...)."""
    shade = logs @ light.LUMA
    return np.asarray(shade, np.float32), np.asarray(np.linalg.norm(logs - shade[..., None], axis=-1), np.float32)


def core(mesh: Floats, size: tuple[int, ...]) -> Marks:
    """uint8 (h, w): 1 on the hull of brows, eyes, nose, mouth and chin with a margin, where nothing ever stays."""
    drawn = np.zeros(size[:2], np.uint8)
    numbers = [number for group in landmarks.FEATURES for number in group] + list(CHIN)
    cv2.fillConvexPoly(drawn, cv2.convexHull(np.round(mesh[numbers, :2] * 16).astype(np.int32)), 1, shift=4)
    margin = max(1, round(CORE_MARGIN * landmarks.width(mesh)))
    return np.asarray(cv2.dilate(drawn, np.ones((2 * margin + 1,) * 2, np.uint8)), np.uint8)


def reach(mesh: Floats, core: Marks, deep: Floats) -> Floats:
    """Where something may stay, float32 (h, w) in 0..1: outside of the core, and not too deep in the mask."""
    wide = landmarks.width(mesh)
    ramp = max(RAMP * wide, 1.0)
    limit = (DEEP_ABOVE + (DEEP_BELOW - DEEP_ABOVE) * cheeks(mesh, deep.shape)) * wide
    off = cv2.distanceTransform(1 - core, cv2.DIST_L2, cv2.DIST_MASK_5)
    return np.asarray(np.clip(off / ramp, 0, 1) * np.clip((limit - deep) / ramp, 0, 1), np.float32)


def cheeks(mesh: Floats, size: tuple[int, ...]) -> Floats:
    """How far down the face each pixel lies, float32 (h, w): 0 above the eyes, 1 below the tip of the nose."""
    down = mesh[landmarks.BROW_TO_CHIN[1], :2] - mesh[landmarks.BROW_TO_CHIN[0], :2]
    down = down / max(float(np.linalg.norm(down)), 1e-6)
    start, end = float(mesh[list(landmarks.LEFT_EYE + landmarks.RIGHT_EYE), :2].mean(0) @ down), float(mesh[1, :2] @ down)
    x, y = np.arange(size[1], dtype=np.float32), np.arange(size[0], dtype=np.float32)[:, None]
    return np.asarray(np.clip((x * down[0] + y * down[1] - start) / max(end - start, 1e-3), 0, 1), np.float32)


def _without_thin(solid: Marks, least: float) -> Marks:
    side = max(2, round(least))
    return np.asarray(cv2.morphologyEx(solid, cv2.MORPH_OPEN, np.ones((side, side), np.uint8)), np.uint8)


def _hanging(solid: Marks, deep: Floats, edge: float, above: npt.NDArray[np.bool_]) -> Marks:
    """Only the parts that come in from the mask's edge and lie mostly above the eyes.

    A lock that was cut off at the core would end in the middle of a cheek.
    """
    count, parts = cv2.connectedComponents(solid, connectivity=4)
    area, high = np.bincount(parts.ravel(), minlength=count), np.bincount(parts[above], minlength=count)
    outer = np.bincount(parts[(deep > 0) & (deep <= max(edge, 1.5))], minlength=count)
    kept = (outer > 0) & (2 * high > area)
    kept[0] = False
    return kept[parts].astype(np.uint8)


def bounded(stays: Floats, deep: Floats, most: float, ramp: float) -> Floats:
    """The same with no more than ``most`` px² in all: what lies deepest in the mask gives way, over ``ramp`` px."""
    if float(stays.sum()) <= most:
        return stays
    order = np.argsort(deep, axis=None)
    area = np.cumsum(stays.ravel()[order])
    limit = float(deep.ravel()[order][min(int(np.searchsorted(area, most)), len(order) - 1)])
    return np.asarray(stays * np.clip((limit - deep) / max(ramp, 1e-3), 0, 1), np.float32)
