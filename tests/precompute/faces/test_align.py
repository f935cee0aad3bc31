"""Crops show what they should, at any scale and turn."""

import cv2
import numpy as np
import pytest

from precompute import align


@pytest.mark.parametrize("angle", [0, 0.4, -1.2, 3], ids=str)
@pytest.mark.parametrize("scale", [0.1, 1, 7], ids=str)
def test_similarity_finds_the_turn_and_the_scale(angle: float, scale: float) -> None:
    """Points moved by a known similarity are brought back exactly."""
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moved = align.ARCFACE @ turn.T + [30, -4]
    found = align.similarity(moved, align.ARCFACE)
    np.testing.assert_allclose(align.apply(found, moved), align.ARCFACE, atol=1e-9)


def test_similarity_survives_points_that_coincide() -> None:
    """Five equal points give a finite matrix."""
    assert np.isfinite(align.similarity(np.full((5, 2), 3.0), align.ARCFACE)).all()


@pytest.mark.parametrize("size", [40, 400, 1600], ids=str)
def test_a_crop_shows_its_place_at_every_scale(size: int) -> None:
    """A picture that is light on the right has a crop that is, with the edge in the middle."""
    pixels = np.zeros((size, size, 3), np.uint8)
    pixels[:, size // 2 :] = 200
    seen = align.crop(pixels, align.turned_square(np.array([size / 2, size / 2]), size / 2, 0, 64), 64)
    assert seen[:, :29].max() < 20
    assert seen[:, 35:].min() > 180


def test_small_crops_of_large_faces_are_averages() -> None:
    """A fine checkerboard becomes gray, not one of its colours."""
    pixels = np.kron(np.indices((512, 512)).sum(0) % 2, np.ones((1, 1)))[..., None].repeat(3, 2).astype(np.uint8) * 255
    seen = align.crop(pixels, align.turned_square(np.array([256.0, 256.0]), 500, 0, 64), 64)
    assert abs(int(seen.mean()) - 127) <= 1
    assert seen.std() < 10


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1), (3, 2)], ids=str)
def test_crops_of_odd_pictures(shape: tuple[int, int]) -> None:
    """Tiny and extreme pictures give crops of the wanted size."""
    pixels = np.full((*shape, 3), 77, np.uint8)
    matrix = align.turned_square(np.array([0.0, 0.0]), 300, 0.3, 48)
    assert (align.crop(pixels, matrix, 48) == 77).all()


def test_both_ways_of_cropping_agree() -> None:
    """A smooth picture looks the same cropped directly and by way of a smaller one."""
    y, x = np.mgrid[:400, :400]
    pixels = np.stack([x / 2, y / 2, (x + y) / 4], 2).astype(np.uint8)
    matrix = align.turned_square(np.array([210.0, 190.0]), 300, 0.2, 100)
    direct = cv2.warpAffine(pixels, matrix, (100, 100))
    assert np.abs(align.crop(pixels, matrix, 100).astype(int) - direct)[5:-5, 5:-5].max() <= 2
