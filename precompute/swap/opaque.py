"""The opaque fill: a plain ellipse over the whole head, in one soft colour. Nothing of the face can be had back from it."""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from precompute.blend import Fake

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

WIDE: Final = 0.68  # half axes of the ellipse, as shares of the box that a detector draws
HIGH: Final = 0.74
LEAST_WIDE: Final = 0.55  # of the height: the boxes of profiles are narrower than the heads
RAISED: Final = 0.06
CALM: Final = 0.5
LEVELS: Final = 8


def fill(pixels: Pixels, box: tuple[float, float, float, float]) -> Fake:
    """Picture BGR uint8 (h, w, 3), box x, y, w, h -> fill, of no size where the head lies outside of it.

    Weight is exactly 1 inside and 0 outside, but for the one pixel of the edge that is drawn smooth.
    """
    x, y, w, h = box
    # Upright like the box: on profiles the line through the eyes says nothing about how the head is tilted.
    centre = np.array([x + w / 2, y + h / 2 - RAISED * h])
    axes = max(WIDE * w, LEAST_WIDE * h, 2.0), max(HIGH * h, 2.0)
    reach = int(np.ceil(max(axes))) + 2
    size = np.array(pixels.shape[1::-1])
    x0, y0 = np.clip(np.floor(centre).astype(int) - reach, 0, size)
    x1, y1 = np.clip(np.floor(centre).astype(int) + reach + 1, [x0, y0], size)
    weight = _ellipse(centre - [x0, y0], axes, (y1 - y0, x1 - x0))
    flat = np.empty((y1 - y0, x1 - x0, 3), np.uint8)
    flat[:] = colour(pixels[y0:y1, x0:x1], weight)
    return Fake(int(x0), int(y0), flat, weight, "opaque")


def _ellipse(centre: npt.NDArray[np.floating], axes: tuple[float, float], size: tuple[int, int]) -> Floats:
    """float32 (h, w): 1 inside, 0 outside, the edge antialiased over about a pixel."""
    drawn = np.zeros(size, np.uint8)
    middle = round(float(centre[0]) * 16), round(float(centre[1]) * 16)
    half = round(axes[0] * 16), round(axes[1] * 16)
    cv2.ellipse(drawn, middle, half, 0, 0, 360, 255, -1, cv2.LINE_AA, 4)
    return np.asarray(drawn / 255, np.float32)


def colour(pixels: Pixels, weight: Floats) -> npt.NDArray[np.uint8]:
    """The mean colour under the fill, half as colourful and in coarse steps; uint8 (3,), gray for gray pictures."""
    if not weight.any():
        return np.zeros(3, np.uint8)
    mean = np.array(cv2.mean(pixels, (weight > 0).astype(np.uint8))[:3])
    gray = mean @ [0.114, 0.587, 0.299]
    calm = gray + CALM * (mean - gray)
    return np.asarray(np.clip(np.rint(calm / LEVELS) * LEVELS, 40, 216), np.uint8)
