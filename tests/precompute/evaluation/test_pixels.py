"""The five measures against values that can be worked out by hand."""

import numpy as np
import pytest

from precompute.evaluation import pixels
from tests import pictures


def flat(level: int) -> np.ndarray:
    return np.full((32, 32, 3), level, np.uint8)


def test_rmse() -> None:
    """Of two flat pictures, the difference; either way round, and across 0 of uint8."""
    assert pixels.rmse(flat(10), flat(40)) == 30
    assert pixels.rmse(flat(40), flat(10)) == 30


def test_psnr() -> None:
    """20 log10(255 / rmse)."""
    assert pixels.psnr(flat(0), flat(255)) == 0
    assert pixels.psnr(flat(10), flat(35)) == pytest.approx(20 * np.log10(10.2))
    assert pixels.psnr(flat(3), flat(3)) == float("inf")


def test_ssim_of_flat_pictures() -> None:
    """Without structure only the luminance term is left."""
    c1 = (0.01 * 255) ** 2
    assert pixels.ssim(flat(100), flat(50)) == pytest.approx((2 * 100 * 50 + c1) / (100**2 + 50**2 + c1), abs=1e-6)


def test_ssim_of_structure() -> None:
    """1 for the same picture, less for noise on it, below 0 for its negative."""
    picture = pictures.texture(64, 64, 1)
    assert pixels.ssim(picture, picture) == pytest.approx(1)
    noisy = np.clip(picture + np.random.default_rng(0).normal(0, 30, picture.shape), 0, 255).astype(np.uint8)
    assert 0 < pixels.ssim(picture, noisy) < 0.95
    grey = np.full((40, 40, 3), 128, np.uint8)
    grey[::2] += 60
    grey[1::2] -= 60
    assert pixels.ssim(grey, 255 - grey) < -0.5


def test_frechet() -> None:
    """0 for the same features; the squared shift of the means; the squared difference of deviations in one dimension."""
    features = np.random.default_rng(0).standard_normal((200, 4)).astype(np.float32)
    assert pixels.frechet(features, features) == pytest.approx(0, abs=1e-6)
    assert pixels.frechet(features, features + np.array([3, 4, 0, 0], np.float32)) == pytest.approx(25, abs=1e-4)
    line = features[:, :1]
    assert pixels.frechet(line, 3 * line - 2 * line.mean()) == pytest.approx(4 * line.var(ddof=1), rel=1e-4)


def test_frechet_of_few_features() -> None:
    """More dimensions than pictures leave singular covariances, which have roots all the same."""
    features = np.random.default_rng(0).standard_normal((6, 40)).astype(np.float32)
    assert pixels.frechet(features, features[::-1]) == pytest.approx(0, abs=1e-4)
