"""Irises are drawn anew between the lids, dark in the middle, and nothing else changes."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from precompute import landmarks
from precompute.swap import eyes
from tests.precompute.faces import shapes
from tests.precompute.faces.shapes import Floats

SIZE = (190, 170)
MIDDLES = ((60.0, 71.0), (100.0, 71.0))
RADIUS = 5.0


def looking(lids: float, aside: float = 0, radius: float = RADIUS) -> Floats:
    """A mesh with both eyes ``lids`` px open and 20 wide, and irises ``aside`` px from their middles."""
    face, half = shapes.mesh(), len(landmarks.LIDS) // 2
    around = np.arange(half) * 2 * np.pi / half
    oval = np.stack([10 * np.cos(around), lids / 2 * np.sin(around)], 1)
    circle = radius * np.array([(1, 0), (0, -1), (-1, 0), (0, 1)])
    edges = (landmarks.LIDS[:half], landmarks.LIDS[half:])
    for edge, iris, middle in zip(edges, (landmarks.LEFT_IRIS, landmarks.RIGHT_IRIS), MIDDLES, strict=True):
        face[list(edge), :2] = oval + middle
        face[iris[0], :2] = np.array([middle[0] + aside, middle[1]])
        face[list(iris[1:]), :2] = circle + middle + np.array([aside, 0])
    return face


def drawn(face: Floats, gaze: Floats | None = None) -> Floats:
    canvas = np.full((*SIZE, 3), 150, np.float32)
    eyes.draw(canvas, face, face if gaze is None else gaze)
    return canvas


def opened(face: Floats) -> npt.NDArray[np.bool_]:
    """Pixels between the lids, and those that their edge touches."""
    filled, half = np.zeros(SIZE, np.uint8), len(landmarks.LIDS) // 2
    for edge in (landmarks.LIDS[:half], landmarks.LIDS[half:]):
        cv2.fillPoly(filled, [np.round(face[list(edge), :2] * 16).astype(np.int32)], 1, shift=4)
    return cv2.dilate(filled, np.ones((3, 3))) > 0


def test_the_pupil_is_darkest_and_lies_in_the_iris() -> None:
    """In both eyes: pupil darker than iris, iris darker than white, which stays as it was."""
    found = drawn(looking(16))
    for x, y in ((60, 71), (100, 71)):
        pupil, iris, white = found[y + 1, x + 1, 0], found[y, x + 3, 0], found[y, x + 8, 0]
        assert pupil < iris < white == 150


@pytest.mark.parametrize("lids", [1.0, 4.0, 16.0], ids=["nearly closed", "narrow", "open"])
def test_nothing_changes_outside_of_the_lids(lids: float) -> None:
    """Not one pixel: what lids cover of an iris is not drawn."""
    face = looking(lids)
    assert not ((drawn(face) != 150).any(2) & ~opened(face)).any()


@pytest.mark.parametrize("aside", [-4.0, 4.0], ids=["left", "right"])
def test_the_gaze_is_the_targets(aside: float) -> None:
    """Lids of one mesh, irises of the other."""
    found = drawn(looking(16), looking(16, aside))
    for x, y in ((60, 71), (100, 71)):
        assert found[y + 1, x + int(aside), 0] < 75
        assert found[y, x - 2 * int(aside), 0] == 150


def test_small_irises_are_left_alone() -> None:
    """Below the least radius there is nothing to see."""
    assert (drawn(looking(16, radius=eyes.SMALLEST * 0.9)) == 150).all()


def test_a_glint_makes_it_alive() -> None:
    """Up and to the left of each pupil is the brightest spot of the iris."""
    found = drawn(looking(16))[..., 0]
    for x, y in ((60, 71), (100, 71)):
        place = found[y - 2 : y, x - 2 : x].max()
        assert place > found[y + 1 : y + 3, x + 1 : x + 3].max() + 20


@pytest.mark.parametrize("shift", [(-70, 0), (75, 0), (0, -80), (0, 130), (900, 900)], ids=str)
def test_eyes_at_the_edge_are_drawn_as_far_as_the_picture_goes(shift: tuple[int, int]) -> None:
    """Nothing breaks, and none comes in again on the other side."""
    face = looking(16) + np.array([*shift, 0], np.float32)
    assert not ((drawn(face) != 150).any(2) & ~opened(face)).any()
