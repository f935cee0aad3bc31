"""A seam can be told from none, and a mask that changes nothing cannot."""

import cv2
import numpy as np
import pytest

from precompute.blend import Fake
from precompute.blend import paste
from precompute.evaluation import classifier
from precompute.evaluation import seam

SIDE = 120
PICTURES = 100


def fake(colour: int, feather: float, radius: int = 34) -> Fake:
    drawn = np.zeros((80, 80), np.uint8)
    cv2.circle(drawn, (40, 40), radius, 255, -1)
    weight = cv2.GaussianBlur(drawn, (0, 0), feather).astype(np.float32) / 255 if feather else drawn.astype(np.float32) / 255
    return Fake(20, 20, np.full((80, 80, 3), colour, np.uint8), weight, "donor")


def skin(seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(128, 6, (SIDE, SIDE, 3))
    return np.clip(cv2.GaussianBlur(noise, (0, 0), 1), 0, 255).astype(np.uint8)


def told(alike: bool) -> float:
    """AUC of originals against fakes: flat discs without a feather, or none at all."""
    rows = []
    for seed in range(PICTURES):
        before, disc = skin(seed), fake(150, 0)
        after = skin(1000 + seed) if alike else paste(before, disc)
        rows += [seam.statistics(before, disc, 70), seam.statistics(after, disc, 70)]
    groups, positive = np.repeat(np.arange(PICTURES), 2), np.tile([False, True], PICTURES)
    return classifier.auc(
        classifier.cross_validated(np.array(rows, np.float64), positive, groups, np.random.default_rng(0)), positive
    )


def test_a_hard_edge_is_told() -> None:
    """A flat disc on skin is found in nearly every picture."""
    assert told(alike=False) > 0.95


def test_no_edge_is_not() -> None:
    """The same place on other pictures of the same kind says nothing."""
    assert told(alike=True) == pytest.approx(0.5, abs=0.12)


def test_unchanged_pixels_have_unchanged_statistics() -> None:
    """The same pixels, the same numbers, at the picture's corner too."""
    before, disc = skin(1), fake(150, 2)
    one, other = seam.statistics(before, disc, 70), seam.statistics(before.copy(), disc, 70)
    assert one is not None
    assert other is not None
    np.testing.assert_array_equal(one, other)
    assert np.isfinite(one).all()


def test_too_small() -> None:
    """Where a ring has next to no pixels there is nothing to say."""
    assert seam.statistics(skin(1), fake(150, 0, radius=2), 70) is None
