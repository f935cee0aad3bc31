"""The inside of a mouth is drawn between open lips, and nowhere else."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from precompute import landmarks
from precompute.swap import mouth
from precompute.swap import warp
from precompute.swap.shape import LIDS_FOLLOW
from precompute.swap.shape import LIPS_FOLLOW
from precompute.swap.shape import Shape
from tests.precompute.faces import shapes
from tests.precompute.faces.shapes import Floats

SIZE = (190, 170)
WIDE, OPEN = 40.0, 16.0


def speaking(gap: float = OPEN, turned: float = 0, centre: tuple[float, float] = (80, 118)) -> Floats:
    """The made mesh with lips as they are: inner corners 40 px apart, ``gap`` px open, turned by so many degrees."""
    face = shapes.mesh()
    along = np.linspace(-1, 1, len(mouth.UPPER))
    c, s = np.cos(np.radians(turned)), np.sin(np.radians(turned))
    for edge, side in ((mouth.UPPER, -1), (mouth.LOWER, 1)):
        flat = np.stack([along * WIDE / 2, side * gap / 2 * np.sqrt(1 - along**2)], 1)
        face[list(edge), :2] = flat @ np.array([[c, s], [-s, c]]) + centre
    return face


def between(face: Floats) -> npt.NDArray[np.bool_]:
    """Pixels between the lips."""
    drawn = np.zeros(SIZE, np.uint8)
    edge = face[[*mouth.UPPER, *mouth.LOWER[::-1]], :2]
    cv2.fillPoly(drawn, [np.round(edge * 16).astype(np.int32)], 1, shift=4)
    return drawn > 0


def inside() -> npt.NDArray[np.uint8]:
    """Red on the left and blue on the right, bright above and dark below, BGR uint8 (24, 48, 3)."""
    rows, columns = mouth.SIZE
    bright = np.linspace(220, 60, rows)[:, None]
    right = np.linspace(0, 1, columns)[None]
    return np.stack([bright * right, bright * 0.3 + 0 * right, bright * (1 - right)], 2).astype(np.uint8)


def drawn(face: Floats, gain: float = 1.0) -> Floats:
    canvas = np.full((*SIZE, 3), 150, np.float32)
    mouth.draw(canvas, face, inside(), np.full(3, gain, np.float32))
    return canvas


@pytest.mark.parametrize("turned", [0, 25, -60, 90], ids=str)
def test_only_what_lies_between_the_lips_changes(turned: float) -> None:
    """Not one pixel outside; nearly all of those well inside, where nothing of the face stays."""
    face = speaking(turned=turned)
    changed = (drawn(face) != 150).any(2)
    within = between(face)
    assert not (changed & (cv2.dilate(within.astype(np.uint8), np.ones((3, 3))) == 0)).any()
    assert changed[cv2.erode(within.astype(np.uint8), np.ones((7, 7))) > 0].all()


@pytest.mark.parametrize("gap", [0, WIDE * mouth.LEAST_GAP * 0.9], ids=["closed", "nearly closed"])
def test_closed_lips_stay_as_they_are(gap: float) -> None:
    """No pixel changes."""
    assert (drawn(speaking(gap)) == 150).all()


def test_the_mouth_is_the_right_way_round() -> None:
    """Upper teeth above, left on the left, on a head that lies on its side too."""
    for turned, right, down in ((0, (1, 0), (0, 1)), (90, (0, 1), (-1, 0))):
        canvas, centre = drawn(speaking(turned=turned)), np.array([80, 118])

        def at(offset: np.ndarray, canvas: Floats = canvas, centre: np.ndarray = centre) -> Floats:
            x, y = np.round(centre + offset).astype(int)
            return canvas[y, x]

        assert at(-10 * np.array(right))[2] > 1.5 * at(10 * np.array(right))[2]
        assert at(-10 * np.array(right))[0] < at(10 * np.array(right))[0]
        assert at(-4 * np.array(down)).sum() > 1.3 * at(4 * np.array(down)).sum()


@pytest.mark.parametrize(("gain", "factor"), [(0.8, 0.8), (1.1, 1.1), (9, 1.25), (0.01, 0.55)], ids=str)
def test_the_mouth_is_in_the_faces_light_within_limits(gain: float, factor: float) -> None:
    """A mouth is never black, nor brighter than teeth are."""
    face = speaking()
    deep = cv2.erode(between(face).astype(np.uint8), np.ones((7, 7))) > 0
    np.testing.assert_allclose(drawn(face, gain)[deep], drawn(face)[deep] * np.float32(factor), rtol=1e-3)


def test_what_is_lifted_is_drawn_again() -> None:
    """Lifted from one face and drawn on another of another size and turn, then lifted there: the same picture."""
    other = speaking(24, 20)
    canvas = drawn(other)
    back = mouth.lifted(np.clip(canvas, 0, 255).astype(np.uint8), other)
    assert (back.shape, back.dtype) == ((*mouth.SIZE, 3), np.uint8)
    middle = slice(5, -5), slice(8, -8)
    np.testing.assert_allclose(back[middle].astype(int), inside()[middle].astype(int), atol=20)


@pytest.mark.parametrize("centre", [(2, 118), (169, 100), (80, 188), (80, -40), (400, 400)], ids=str)
def test_a_mouth_at_the_edge_is_drawn_as_far_as_the_picture_goes(centre: tuple[float, float]) -> None:
    """No mouth falls off, and none comes in again on the other side."""
    face = speaking(centre=centre)
    changed = (drawn(face) != 150).any(2)
    assert not (changed & (cv2.dilate(between(face).astype(np.uint8), np.ones((3, 3))) == 0)).any()


def test_the_gap_is_a_share_of_the_mouths_width() -> None:
    """Whatever the turn."""
    assert mouth.gap(speaking(turned=30)) == pytest.approx(OPEN / WIDE, rel=1e-3)
    assert mouth.gap(speaking(0)) == pytest.approx(0, abs=1e-6)


def faced(gap: float, lids: float) -> Floats:
    """A mesh whose lids lie on ellipses around the eyes, ``lids`` px open, and whose lips are ``gap`` px open."""
    face = speaking(gap)
    for lower, upper, centre in (
        ((33, 7, 163, 144, 145, 153, 154, 155, 133), (173, 157, 158, 159, 160, 161, 246), (60, 71)),
        ((263, 249, 390, 373, 374, 380, 381, 382, 362), (398, 384, 385, 386, 387, 388, 466), (100, 71)),
    ):
        side = -1 if centre[0] < 80 else 1
        along = np.linspace(side, -side, 9)
        face[list(lower), :2] = np.stack([along * 10, lids / 2 * np.sqrt(1 - along**2)], 1) + centre
        back = np.linspace(-side, side, 9)[1:-1]
        face[list(upper), :2] = np.stack([back * 10, -lids / 2 * np.sqrt(1 - back**2)], 1) + centre
    return face


def apart(face: Floats, pair: tuple[int, int]) -> float:
    return float(np.linalg.norm(face[pair[0], :2] - face[pair[1], :2]))


@pytest.mark.parametrize(
    ("pair", "follow"),
    [(landmarks.LIPS, LIPS_FOLLOW), (landmarks.LEFT_LIDS, LIDS_FOLLOW), (landmarks.RIGHT_LIDS, LIDS_FOLLOW)],
    ids=["lips", "left lids", "right lids"],
)
def test_lips_and_lids_follow_the_target_of_a_sampled_face_alone(pair: tuple[int, int], follow: float) -> None:
    """With mimic they open about as far as they are said to follow; without, hardly."""
    closed, opened = faced(2, 4), faced(20, 14)
    shape = Shape(faced(8, 8) - np.array([80, 90, 0], np.float32))
    own, there = apart(closed, pair), apart(opened, pair)
    with_mimic, without = (
        (apart(shape.settle(closed, opened, mimic=mimic), pair) - own) / (there - own) for mimic in (True, False)
    )
    assert with_mimic > 0.85 * follow
    assert without < 0.6 * with_mimic


def gazing(aside: float) -> Floats:
    """A large made mesh with both irises in the eyes, ``aside`` px from their middles."""
    face = shapes.mesh(400, (320, 360))
    face[468:473, :2] = (240 + aside, 284)
    face[473:478, :2] = (400 + aside, 284)
    return face


def test_irises_go_to_the_targets() -> None:
    """Whatever the donor's gaze: where the target's irises are the donor's are drawn, and the chin stays."""
    ahead, aside = gazing(0), gazing(2)
    settled = Shape(ahead).settle(ahead, aside, mimic=True)
    np.testing.assert_array_equal(settled[468:], aside[468:])
    corners = warp.triangles(warp.ringed(ahead))
    places = warp.backward_map(warp.ringed(ahead), warp.ringed(settled), corners, (760, 680))
    np.testing.assert_allclose(places[284, [242, 402]], [(240, 284), (400, 284)], atol=1)
    np.testing.assert_allclose(places[560, 320], [320, 560], atol=0.5)
