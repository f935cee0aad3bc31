"""What a readout learns is the sample's share of what was said, not the photo's."""

import numpy as np
import pytest

from precompute.training.facemodel import guides
from tests.precompute.facemodel.made import normal

PHOTOS, EACH, SIZE, ANSWERS = 12, 60, 6, 4


def test_a_known_slope_is_found_whatever_the_photo_adds() -> None:
    """Each photo adds an offset ten times as large as what the sample does, and its samples lie around a middle of their own."""
    rng = np.random.default_rng(0)
    slope, offsets = normal(rng, 1, SIZE, ANSWERS), normal(rng, 10, PHOTOS, ANSWERS)
    photos = np.repeat(np.arange(PHOTOS), EACH)
    middles = normal(rng, 0.5, PHOTOS, SIZE)
    coefficients = normal(rng, 1, PHOTOS * EACH, SIZE) + middles[photos]
    said = coefficients @ slope + offsets[photos] + normal(rng, 0.05, PHOTOS * EACH, ANSWERS)
    found = guides.regress(coefficients, said, photos)
    np.testing.assert_allclose(found.slope, slope, atol=0.12)
    assert (found.slope.dtype, found.level.dtype) == (np.float32, np.float32)
    np.testing.assert_allclose(found.at(coefficients).mean(0), said.mean(0), atol=1e-3)


def test_ridge_keeps_chance_small() -> None:
    """Of answers that have nothing to do with the coefficients hardly any slope is learned, less than without the ridge."""
    rng = np.random.default_rng(1)
    coefficients, photos = normal(rng, 1, 80, 60), np.zeros(80, int)
    said = normal(rng, 1, 80, 1)
    found = guides.regress(coefficients, said, photos)
    centred = coefficients - coefficients.mean(0)
    plain = np.linalg.lstsq(centred, said - said.mean(0), rcond=None)[0]
    assert np.linalg.norm(found.slope) < 0.9 * np.linalg.norm(plain)


@pytest.mark.parametrize("photos", [1, PHOTOS], ids=str)
def test_a_photo_of_one_sample_teaches_nothing(photos: int) -> None:
    """Its own level is all that it has."""
    rng = np.random.default_rng(2)
    coefficients = normal(rng, 1, photos, SIZE)
    found = guides.regress(coefficients, normal(rng, 1, photos, 1), np.arange(photos))
    np.testing.assert_allclose(found.slope, 0, atol=1e-6)
