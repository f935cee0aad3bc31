"""Whether the edge of a mask can be told from the same place on the original, by statistics of the pixels along it."""

from itertools import pairwise
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from precompute.blend import Fake

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

# Rings along the mask's edge: signed distance to it as a share of the face's width, outside negative.
RINGS: Final = (-0.12, -0.06, -0.03, 0.0, 0.03, 0.06, 0.12)
MARGIN: Final = 0.15
LEAST_PX: Final = 12


def statistics(pixels: Pixels, fake: Fake, width: float) -> Floats | None:
    """Upright picture BGR uint8 (h, w, 3), a mask's fake and the face's width in px -> float32 (k,), or None where the edge is
    too short to say anything.

    Per ring: log of the mean gradient, of the mean part of it that points across the edge, and of the mean second derivative; and
    per neighbouring rings, how their mean colours differ.
    """
    x0, y0, window = _around(pixels, fake, width)
    inside = np.zeros(window.shape[:2], np.uint8)
    rows, columns = fake.weight.shape
    inside[fake.y - y0 : fake.y - y0 + rows, fake.x - x0 : fake.x - x0 + columns] = fake.weight > 0
    away = (_distance(inside) - _distance(1 - inside)) / max(width, 1.0)
    plane = cv2.cvtColor(window, cv2.COLOR_BGR2GRAY).astype(np.float32)
    dx, dy = cv2.Sobel(plane, cv2.CV_32F, 1, 0) / 8, cv2.Sobel(plane, cv2.CV_32F, 0, 1) / 8
    smooth = cv2.GaussianBlur(away.astype(np.float32), (0, 0), 2)
    nx, ny = cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    across = np.abs(dx * nx + dy * ny) / np.maximum(np.hypot(nx, ny), 1e-6)
    planes = np.stack([np.hypot(dx, dy), across, np.abs(cv2.Laplacian(plane, cv2.CV_32F))], 2)
    return _of_rings(away, planes, window.astype(np.float32))


def _of_rings(away: Floats, planes: Floats, colours: Floats) -> Floats | None:
    found, tones = [], []
    for low, high in pairwise(RINGS):
        ring = (away > low) & (away <= high)
        if ring.sum() < LEAST_PX:
            return None
        found.append(np.log(planes[ring].mean(0) + 0.1))
        tones.append(colours[ring].mean(0))
    steps = np.abs(np.diff(np.array(tones), axis=0))
    return np.concatenate([np.concatenate(found), np.log1p(steps).ravel()]).astype(np.float32)


def _around(pixels: Pixels, fake: Fake, width: float) -> tuple[int, int, Pixels]:
    """The picture around a mask, and its corner."""
    reach = int(np.ceil(MARGIN * width)) + 2
    x0, y0 = max(fake.x - reach, 0), max(fake.y - reach, 0)
    rows, columns = fake.weight.shape
    return x0, y0, pixels[y0 : fake.y + rows + reach, x0 : fake.x + columns + reach]


def _distance(inside: npt.NDArray[np.uint8]) -> Floats:
    return np.asarray(cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_5), np.float32)
