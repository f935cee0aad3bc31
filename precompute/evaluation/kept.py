"""What a fake should keep of the face: where its points lie, which way it looks, what it does, its gender and age group."""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from precompute import describe
from precompute import landmarks

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

AGE_GROUPS: Final = ("under 18", "18 to 29", "30 to 44", "45 to 59", "60 and over")  # at the borders that choosing has
# Individual typology angle in degrees: Chardon, Cretois, Hourseau, Int. J. Cosmetic Science 13(4), 1991; six classes made three.
TONES: Final = ((10.0, "dark"), (41.0, "middle"), (np.inf, "light"))
# Points on both cheeks, below the eyes and beside the nose.
CHEEKS: Final = (50, 101, 118, 205, 280, 330, 347, 425)
CHEEK_RADIUS: Final = 0.04


def landmark_error(original: Floats | None, fake: Floats | None) -> float | None:
    """Two meshes (478, 3) -> mean distance of the 468 points of the face in the picture's plane, as a share of the distance
    between the original's outer eye corners (the interocular normalised mean error of Sagonas et al., 300-W, ICCVW 2013).
    """
    if original is None or fake is None:
        return None
    apart = np.linalg.norm(original[: landmarks.POINTS, :2] - fake[: landmarks.POINTS, :2], axis=1)
    eyes = np.linalg.norm(original[landmarks.LEFT_EYE[0], :2] - original[landmarks.RIGHT_EYE[1], :2])
    return float(apart.mean() / max(float(eyes), 1e-6))


def age_group(years: float) -> str:
    """Which of ``AGE_GROUPS``."""
    return AGE_GROUPS[describe.age_group(years)]


def tone_group(angle: float) -> str:
    """Which of ``TONES``."""
    return next(name for below, name in TONES if angle < below)


def skin_tone(pixels: Pixels, mesh: Floats) -> float | None:
    """Individual typology angle of the cheeks' median colour, ``atan2(L - 50, b)`` in degrees of CIELAB, smaller = darker.

    A photo's light moves it as much as a person's skin does, so groups made by it are rough. None where no cheek is there.
    """
    radius = max(1, round(CHEEK_RADIUS * landmarks.width(mesh)))
    spots = np.zeros(pixels.shape[:2], np.uint8)
    for x, y in mesh[list(CHEEKS), :2]:
        cv2.circle(spots, (round(float(x)), round(float(y))), radius, 1, -1)
    if not spots.any():
        return None
    colour = np.median(pixels[spots > 0], 0).astype(np.float32)[None, None] / 255
    lightness, _, yellow = cv2.cvtColor(colour, cv2.COLOR_BGR2LAB)[0, 0]
    return float(np.degrees(np.arctan2(lightness - 50, yellow)))
