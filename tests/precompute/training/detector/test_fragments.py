"""Fragments are pieces of the portrait, and none shows its face as it is."""

import numpy as np
import pytest

from precompute.training.detector import fragments
from precompute.training.detector.portraits import SIDE
from precompute.training.detector.portraits import View
from tests.precompute.training.detector import made


@pytest.fixture
def view() -> View:
    """A portrait in which no two pixels are alike."""
    pixels = np.arange(SIDE * SIDE, dtype=np.uint32).view(np.uint8).reshape(SIDE, SIDE, 4)[..., :3]
    return View(np.ascontiguousarray(pixels), made.view().cut, made.BOX, made.POINTS)


def numbers(pixels: np.ndarray) -> np.ndarray:
    """One number a pixel."""
    return (pixels.astype(np.int64) * [1, 256, 65536]).sum(2)


@pytest.mark.parametrize("seed", range(30))
def test_a_part_has_no_more_than_a_bit_of_the_face(view: View, seed: int) -> None:
    """Three tenths of its box at most, or all of it upside down."""
    piece = numbers(fragments.part(view, np.random.default_rng(seed)))
    x, y, w, h = made.BOX.astype(int)
    face = numbers(view.pixels)[y : y + h, x : x + w]
    assert min(piece.shape) >= 8
    assert np.isin(piece, numbers(view.pixels)).all()
    assert np.isin(face, piece).mean() <= 0.31 or (piece == numbers(view.pixels)[::-1]).all()


def test_tiles_change_places(view: View) -> None:
    """All pixels come from the face, each once, and hardly any lies where it was."""
    piece = numbers(fragments.scrambled(view, np.random.default_rng(0)))
    x, y, _, _ = made.BOX.astype(int)
    face = numbers(view.pixels)[y : y + piece.shape[0], x : x + piece.shape[1]]
    assert len(np.unique(piece)) == piece.size
    assert np.isin(piece, numbers(view.pixels)[70:170, 88:168]).all()
    assert (piece == face).mean() < 0.6


@pytest.mark.parametrize("seed", range(8))
def test_who_looks_away_has_hair_for_a_face(seed: int) -> None:
    """Nothing is left of the red box of the made portrait, in whose middle lies what is above it, and the edge is as it was."""
    view = made.view()
    view.pixels[:70] = (10, 200, 10)
    piece = fragments.behind(view, np.random.default_rng(seed))
    assert piece.shape == view.pixels.shape
    assert np.abs(piece[110:130, 118:138].astype(int) - (10, 200, 10)).max() < 20
    red, before = ((np.abs(each.astype(int) - made.RED).max(2) < 40).mean() for each in (piece, view.pixels))
    assert red < 0.4 * before
    assert (piece[-20:] == view.pixels[-20:]).all()


def test_a_distorted_face_is_moved_all_over() -> None:
    """The red box of the made portrait has lost its shape."""
    piece = fragments.distorted(made.view(), np.random.default_rng(0))
    assert piece.shape == (100, 80, 3)
    assert 0.05 < (piece == made.RED).all(2).mean() < 0.95
