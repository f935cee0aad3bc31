"""What is kept, on faces made of numbers."""

import cv2
import numpy as np
import pytest

from precompute.evaluation import kept
from tests.precompute.faces import shapes


def test_landmark_error() -> None:
    """A shift by 3 px is 3 over the distance of the outer eye corners, which are 0.6 of the face's width apart."""
    mesh = shapes.mesh(100)
    assert kept.landmark_error(mesh, mesh) == 0
    assert kept.landmark_error(mesh, mesh + np.array([3, 0, 9], np.float32)) == pytest.approx(3 / 60, rel=1e-4)
    assert kept.landmark_error(mesh, None) is None


@pytest.mark.parametrize(
    ("years", "group"),
    [(0, "under 18"), (17.9, "under 18"), (18, "18 to 29"), (44.9, "30 to 44"), (59, "45 to 59"), (60, "60 and over")],
)
def test_age_group(years: float, group: str) -> None:
    """A group begins with its first year."""
    assert kept.age_group(years) == group


@pytest.mark.parametrize(("lab", "group"), [((75, 10, 15), "light"), ((60, 12, 18), "middle"), ((40, 12, 18), "dark")])
def test_skin_tone(lab: tuple[int, int, int], group: str) -> None:
    """The typology angle of a plain colour is that of the formula."""
    colour = cv2.cvtColor(np.array([[lab]], np.float32), cv2.COLOR_LAB2BGR)[0, 0]
    pixels = np.full((200, 200, 3), np.rint(colour * 255), np.uint8)
    angle = kept.skin_tone(pixels, shapes.mesh(100))
    assert angle == pytest.approx(np.degrees(np.arctan2(lab[0] - 50, lab[2])), abs=2)
    assert kept.tone_group(angle) == group


def test_no_cheek() -> None:
    """A face outside of the picture has no tone."""
    assert kept.skin_tone(np.zeros((20, 20, 3), np.uint8), shapes.mesh(100, (500, 500))) is None
