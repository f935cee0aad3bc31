"""Sharpness and grain: a drawn face as soft and as noisy as the photo that it goes into."""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from precompute import landmarks
from precompute.swap import mask

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Inside = npt.NDArray[np.uint8]

BLURS: Final = (0.4, 0.6, 0.9, 1.3, 1.9, 2.8)  # of the scale that is compared
COARSE_SHARE: Final = 0.012  # that scale, of the face's width
WIDER: Final = 6
FINE: Final = 2.0  # pixels; wider blurs are made on a smaller picture
SLACK: Final = 1.1
MOST_BLUR: Final = 0.03  # of the face's width
MOST_SHARPENING: Final = 0.7
MOST_GRAIN: Final = 5.0  # levels of 255
GRAIN_SHARE: Final = 0.03  # the same per pixel of width; on small faces features look like grain
_NOISE_KERNEL: Final = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)


def match(drawn: Floats, crop: Pixels, mesh: Floats, rng: np.random.Generator) -> Pixels:
    """Drawn float32 (h, w, 3) 0..255 -> BGR uint8 (h, w, 3), as fine as the photo's crop around the mesh (478, 3)."""
    inside = mask.filled(mesh, crop.shape[:2])
    if not inside.any():
        return to_pixels(drawn)
    there = luma(crop.astype(np.float32))
    face = focused(drawn, there, inside, landmarks.width(mesh))
    missing = noise(there, inside) ** 2 - noise(luma(face), inside) ** 2
    if missing <= 0.25:
        return to_pixels(face)
    level = min(float(np.sqrt(missing)), MOST_GRAIN, GRAIN_SHARE * landmarks.width(mesh))
    return to_pixels(face + level * rng.standard_normal(crop.shape[:2], np.float32)[..., None])


def focused(drawn: Floats, there: Floats, inside: Inside, width: float) -> Floats:
    """A face ``width`` px wide, blurred or sharpened until its fine detail is about that of the photo ``there``."""
    gray, scale = luma(drawn), max(1.0, COARSE_SHARE * width)
    mine, wanted = sharpness(gray, inside, scale), sharpness(there, inside, scale)
    if mine <= wanted:
        more = min(wanted / max(mine, 1e-3) - 1, MOST_SHARPENING)
        return np.asarray(drawn + more * (gray - blurred(gray, scale))[..., None], np.float32)
    for blur in BLURS:
        # A small face's eyes would be washed out before its grain is gone.
        sigma = min(blur * scale, MOST_BLUR * width)
        if sharpness(blurred(gray, sigma), inside, scale) <= wanted * SLACK:
            break
    return blurred(drawn, sigma)


def blurred(picture: Floats, sigma: float) -> Floats:
    """A Gaussian blur; wide ones are made on a smaller picture, or they would take seconds on large faces."""
    h, w = picture.shape[:2]
    factor = min(1.0, FINE / sigma)
    if factor == 1:
        return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.float32)
    size = max(1, round(w * factor)), max(1, round(h * factor))
    small = cv2.GaussianBlur(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), (0, 0), sigma * factor)
    return np.asarray(cv2.resize(small, (w, h), interpolation=cv2.INTER_LINEAR), np.float32)


def to_pixels(values: Floats) -> Pixels:
    """float32 0..255, any shape -> uint8, rounded and clipped."""
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)


def luma(pixels: Floats) -> Floats:
    """BGR float32 (h, w, 3) -> float32 (h, w)."""
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY), np.float32)


def sharpness(gray: Floats, inside: Inside, scale: float) -> float:
    """How much of the detail finer than ``WIDER`` times ``scale`` px is finer than ``scale``; 0..1, whatever the contrast."""
    fine, wide = (gray - blurred(gray, sigma) for sigma in (scale, WIDER * scale))
    return _power(fine, inside) / max(_power(wide, inside), 1e-3)


def _power(detail: Floats, inside: Inside) -> float:
    return float(np.sqrt(cv2.mean(np.square(detail), inside)[0]))


def noise(gray: Floats, inside: Inside) -> float:
    """Standard deviation of the grain in levels of 255 (Immerkær, CVIU 64(2), 1996, with a median in place of the mean)."""
    filtered = cv2.filter2D(gray, cv2.CV_32F, _NOISE_KERNEL)
    return float(np.median(np.abs(filtered[inside > 0]))) / 0.6745 / 6
