"""Irises of sampled faces: means of many eyes are pale and dull, so pupil, ring and the light in them are drawn anew."""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from precompute import landmarks

Floats = npt.NDArray[np.float32]

SMALLEST: Final = 1.2  # pixels of radius; below, an iris is a dark spot in any case
PUPIL: Final = 0.42  # of the iris' radius
SOFT: Final = 0.22
# How light each part is, of what was drawn there.
PUPIL_SHADE: Final = 0.3
IRIS_SHADE: Final = 0.62
LIMBUS_SHADE: Final = 0.5
GLINT: Final = (-0.28, -0.32, 0.17)  # place and radius, of the iris' radius
GLINT_LEVELS: Final = 90.0


def draw(face: Floats, lids: Floats, irises: Floats) -> None:
    """Draw both irises, in place, on a face BGR float32 (h, w, 3).

    lids (478, 2 or 3): the mesh whose lids the drawn face has; irises (478, 2 or 3): the mesh whose gaze it takes.
    """
    half = len(landmarks.LIDS) // 2
    for edge, numbers in ((landmarks.LIDS[:half], landmarks.LEFT_IRIS), (landmarks.LIDS[half:], landmarks.RIGHT_IRIS)):
        ring = irises[list(numbers[1:]), :2]
        middle = irises[numbers[0], :2]
        radius = float(np.linalg.norm(ring - middle, axis=1).mean())
        if radius >= SMALLEST:
            _draw(face, lids[list(edge), :2], middle, radius)


def _draw(face: Floats, edge: Floats, middle: Floats, radius: float) -> None:
    low = np.clip(np.floor(middle - 1.5 * radius).astype(int), 0, [face.shape[1], face.shape[0]])
    high = np.clip(np.ceil(middle + 1.5 * radius).astype(int) + 1, low, [face.shape[1], face.shape[0]])
    if (high - low).min() < 2:
        return
    window = face[low[1] : high[1], low[0] : high[0]]
    opening = np.zeros(window.shape[:2], np.uint8)
    cv2.fillPoly(opening, [np.round((edge - low) * 16).astype(np.int32)], 255, cv2.LINE_AA, shift=4)
    y, x = np.mgrid[low[1] : high[1], low[0] : high[0]].astype(np.float32)
    across, down = (x - middle[0]) / radius, (y - middle[1]) / radius
    apart = np.hypot(across, down)
    inside, pupil = _step(1 - apart), _step(PUPIL - apart)
    iris = IRIS_SHADE + (LIMBUS_SHADE - IRIS_SHADE) * np.clip((apart - PUPIL) / (1 - PUPIL), 0, 1) ** 3
    shade = 1 + (iris + (PUPIL_SHADE - iris) * pupil - 1) * inside
    glint = np.exp(-(np.square(across - GLINT[0]) + np.square(down - GLINT[1])) / (2 * (GLINT[2] / 1.5) ** 2)) * inside
    drawn = window * shade[..., None] + GLINT_LEVELS * glint[..., None]
    window += (drawn - window) * (opening.astype(np.float32) / 255)[..., None]


def _step(distance: Floats) -> Floats:
    """0 well outside, 1 well inside; ``distance`` to the edge in radii."""
    return np.asarray(np.clip(distance / SOFT + 0.5, 0, 1), np.float32)
