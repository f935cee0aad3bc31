"""Upright and stored are each other's inverse, and rectangles follow the pixels."""

import numpy as np
import pytest

from precompute import orientation


@pytest.mark.parametrize("tag", range(1, 9))
def test_inverse(tag: int) -> None:
    """Turning upright and back gives the same picture."""
    picture = np.arange(5 * 7 * 3).reshape(5, 7, 3)
    assert np.array_equal(orientation.stored(orientation.upright(picture, tag), tag), picture)


@pytest.mark.parametrize("tag", range(1, 9))
def test_rectangles_follow(tag: int) -> None:
    """A rectangle marked upright lies where ``stored_corner`` says, turned like the picture."""
    seen = np.zeros((20, 30) if tag < 5 else (30, 20))
    x, y, w, h = 3, 5, 6, 9
    seen[y : y + h, x : x + w] = 1
    rows, columns = np.nonzero(orientation.stored(seen, tag))
    assert (columns.min(), rows.min()) == orientation.stored_corner(x, y, w, h, seen.shape[::-1], tag)
