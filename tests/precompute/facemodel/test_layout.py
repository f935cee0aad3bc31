"""Every face lies in the same square, and a vector of numbers is the same picture again."""

import cv2
import numpy as np
import pytest

from precompute import landmarks
from precompute.facemodel.layout import COARSER
from precompute.facemodel.layout import MARGIN
from precompute.facemodel.layout import SIDE
from precompute.facemodel.layout import Layout
from tests.precompute.facemodel import made
from tests.precompute.faces import shapes


@pytest.fixture(scope="module")
def layout() -> Layout:
    return made.layout()


def smooth(mesh: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A picture whose colours depend smoothly on the place in the face, BGR uint8 (h, w, 3)."""
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float32)
    right, down = (x - mesh[6, 0]) / landmarks.width(mesh), (y - mesh[6, 1]) / landmarks.width(mesh)
    return np.clip(np.stack([110 + 60 * right, 130 + 50 * down, 170 - 40 * right], 2), 0, 255).astype(np.uint8)


def test_the_mesh_fills_the_square_and_its_margin_stays_free(layout: Layout) -> None:
    """The ring touches the margin on the longer side, lies in its middle, and all points keep their proportions."""
    low, high = layout.ring[:, :2].min(0), layout.ring[:, :2].max(0)
    assert (high - low).max() == pytest.approx(SIDE - 1 - 2 * MARGIN, abs=0.01)
    np.testing.assert_allclose((low + high) / 2, (SIDE - 1) / 2, atol=0.01)
    own, there = shapes.mesh(), layout.mesh
    scale = landmarks.width(there) / landmarks.width(own)
    np.testing.assert_allclose(there - there[0], (own - own[0]) * scale, atol=1e-2)


@pytest.mark.parametrize("change", [1, 40], ids=str)
def test_the_square_does_not_depend_on_the_unit(change: float) -> None:
    """A reference in another unit, somewhere else, makes the same mesh and triangles."""
    moved = Layout((shapes.mesh() * np.float32(change)) + np.float32(7))
    np.testing.assert_allclose(moved.mesh[:, :2], made.layout().mesh[:, :2], atol=0.05)
    assert moved.covered.sum() == pytest.approx(made.layout().covered.sum(), rel=0.01)


def test_a_face_anywhere_is_lifted_to_the_same_texture(layout: Layout) -> None:
    """Larger, smaller and shifted faces with the same colours at the same places give one texture."""
    near, far = shapes.mesh(140, (120, 130)), shapes.mesh(90, (70, 75))
    first, second = layout.lift(smooth(near, (260, 240)), near), layout.lift(smooth(far, (150, 140)), far)
    inside = cv2.erode(layout.covered.astype(np.uint8), np.ones((5, 5))) > 0
    assert first.shape == (SIDE, SIDE, 3)
    np.testing.assert_allclose(first[inside], second[inside], atol=4)


def test_a_smooth_texture_survives_as_a_vector(layout: Layout) -> None:
    """Vector and back: lightness within rounding, colour as far as a square a quarter as wide can hold it."""
    texture = smooth(layout.mesh, (SIDE, SIDE))
    back = layout.texture(layout.vector(texture.astype(np.float32)))
    inside = cv2.erode(layout.covered.astype(np.uint8), np.ones((17, 17))) > 0
    np.testing.assert_allclose(back[inside].astype(int), texture[inside].astype(int), atol=4)
    luma, other = (cv2.cvtColor(each, cv2.COLOR_BGR2GRAY).astype(int) for each in (texture, back))
    assert np.abs(luma - other)[inside].max() <= 2


def test_every_number_of_a_vector_counts(layout: Layout) -> None:
    """As many numbers as covered pixels, and twice as many again of a square a quarter as wide."""
    numbers = layout.vector(np.full((SIDE, SIDE, 3), 128, np.float32))
    coarse = layout.covered.reshape(SIDE // COARSER, COARSER, -1, COARSER).any((1, 3))
    assert numbers.shape == (layout.covered.sum() + 2 * coarse.sum(),)
    np.testing.assert_allclose(numbers, 128, atol=0.6)


def test_what_is_unknown_of_pixels_is_unknown_of_the_vector(layout: Layout) -> None:
    """The left half unknown: of the lightness exactly these pixels, of both colours their cells, in a vector's order."""
    half = np.ones((SIDE, SIDE), np.float32)
    half[:, : SIDE // 2] = 0
    found = layout.weights(half)
    texture = np.repeat(half[..., None] * 255, 3, 2)
    count = int(layout.covered.sum())
    np.testing.assert_allclose(found[:count] * 255, layout.vector(texture)[:count], atol=0.6)
    first, second = found[count:].reshape(2, -1)
    assert (first == second).all()
    assert set(first) == {0, 1}


def test_out_of_the_mesh_there_is_no_colour_of_anybody(layout: Layout) -> None:
    """Uncovered pixels are middling gray, whatever lies beside them inside."""
    drawn = layout.texture(layout.vector(np.full((SIDE, SIDE, 3), 200, np.float32)))
    outside = cv2.dilate(layout.covered.astype(np.uint8), np.ones((13, 13))) == 0
    assert outside.any()
    np.testing.assert_array_equal(drawn[outside], 128)
    np.testing.assert_allclose(drawn[layout.covered], 200, atol=3)
