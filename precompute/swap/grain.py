"""Sharpness and grain: a drawn face as soft and as noisy as the photo that it goes into."""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from precompute.swap import mask

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

BLURS: Final = (0.5, 0.8, 1.2, 1.8, 2.7)  # pixels
FINE: Final = 1.0
SLACK: Final = 1.1
MOST_GRAIN: Final = 5.0  # levels of 255
_NOISE_KERNEL: Final = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)


def match(drawn: Floats, crop: Pixels, mesh: Floats, rng: np.random.Generator) -> Pixels:
    """Drawn float32 (h, w, 3) 0..255 -> BGR uint8 (h, w, 3), no finer than the photo's crop around the mesh (478, 3)."""
    inside = mask.weight(mesh, crop.shape[:2]) >= 1
    if not inside.any():
        return to_pixels(drawn)
    there = luma(crop.astype(np.float32))
    soft = softened(drawn, inside, fineness(there, inside))
    missing = noise(there, inside) ** 2 - noise(luma(soft), inside) ** 2
    if missing <= 0.25:
        return to_pixels(soft)
    level = min(float(np.sqrt(missing)), MOST_GRAIN)
    return to_pixels(soft + level * rng.standard_normal(crop.shape[:2], np.float32)[..., None])


def to_pixels(values: Floats) -> Pixels:
    """float32 0..255, any shape -> uint8, rounded and clipped."""
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)


def luma(pixels: Floats) -> Floats:
    """BGR float32 (h, w, 3) -> float32 (h, w)."""
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY), np.float32)


def softened(drawn: Floats, inside: npt.NDArray[np.bool_], limit: float) -> Floats:
    """The face blurred by the least of ``BLURS`` that leaves no more fine detail than ``limit``."""
    if fineness(luma(drawn), inside) <= limit * SLACK:
        return drawn
    for blur in BLURS:
        soft = np.asarray(cv2.GaussianBlur(drawn, (0, 0), blur), np.float32)
        if fineness(luma(soft), inside) <= limit * SLACK:
            break
    return soft


def fineness(gray: Floats, inside: npt.NDArray[np.bool_]) -> float:
    """Detail finer than ``FINE`` px: the root mean square of what a blur takes away, in levels of 255."""
    detail = gray - cv2.GaussianBlur(gray, (0, 0), FINE)
    return float(np.sqrt(np.mean(np.square(detail[inside]))))


def noise(gray: Floats, inside: npt.NDArray[np.bool_]) -> float:
    """Standard deviation of the grain in levels of 255 (Immerkær, CVIU 64(2), 1996, with a median in place of the mean)."""
    filtered = cv2.filter2D(gray, cv2.CV_32F, _NOISE_KERNEL)
    return float(np.median(np.abs(filtered[inside]))) / 0.6745 / 6
