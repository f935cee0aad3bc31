"""Shapes are compared without where they were, how large, and which way they looked."""

import numpy as np
import pytest

from precompute.training.facemodel import shapes
from tests.precompute.faces import shapes as made
from tests.precompute.training.faces import turn

REFERENCE = made.mesh(100, (0, 0))


@pytest.mark.parametrize("scale", [0.2, 1, 7], ids=str)
@pytest.mark.parametrize(("axis", "degrees"), [(0, 20), (1, -40), (2, 170)], ids=["pitch", "yaw", "roll"])
def test_turned_scaled_and_shifted_is_turned_back(axis: int, degrees: float, scale: float) -> None:
    """The same head, seen in another way, lies on the reference again."""
    seen = REFERENCE @ turn(axis, degrees) * np.float32(scale) + np.array([300, -40, 12], np.float32)
    (found,) = shapes.aligned(seen[None], REFERENCE)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, REFERENCE, atol=0.02)


def test_what_is_of_the_face_stays() -> None:
    """A longer nose is still longer, by as much, after the head was turned and enlarged."""
    other = REFERENCE.copy()
    other[1, 2] -= 9
    seen = other @ turn(1, 30) * np.float32(3)
    (found,) = shapes.aligned(seen[None], REFERENCE)
    np.testing.assert_allclose(found[1] - REFERENCE[1], [0, 0, -9], atol=0.3)


def test_a_mirror_image_is_not_turned_into_its_original() -> None:
    """Only rotations count: what is left stays left."""
    askew = REFERENCE + np.random.default_rng(0).normal(0, 8, REFERENCE.shape).astype(np.float32)
    (found,) = shapes.aligned((askew * np.array([-1, 1, 1], np.float32))[None], askew)
    assert np.linalg.norm(found - askew, axis=1).mean() > 5


def test_irises_go_along() -> None:
    """They do not count in the fit, and are moved as the rest is."""
    seen = REFERENCE.copy()
    seen[468:] += 500
    (found,) = shapes.aligned(seen[None], REFERENCE)
    np.testing.assert_allclose(found[:468], REFERENCE[:468], atol=0.01)
    np.testing.assert_allclose(found[468:], seen[468:], atol=0.1)
