"""Thresholds from pairs: just the asked share of pairs of different people passes, and too few pairs are refused."""

import numpy as np
import pytest

from precompute import calibration
from precompute.errors import NotCalibrated
from tests.precompute.looks import unit

RATE = 1e-2


def drawn(people: int, each: int, spread: float = 0.3, seed: int = 0) -> tuple[calibration.Floats, calibration.Ints]:
    """``each`` pictures of every person: a direction at random, and a little noise around it."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((people, 1, 16)) + spread * rng.standard_normal((people, each, 16))
    vectors = np.stack([unit(vector) for vector in centres.reshape(-1, 16)])
    return vectors, np.repeat(np.arange(people), each)


def calibrate(
    vectors: calibration.Floats, numbers: calibration.Ints, rate: float, rng: np.random.Generator
) -> calibration.Calibration:
    return calibration.calibrate(calibration.cosine(vectors), numbers, rate, rng)


def every_pair(vectors: calibration.Floats, people: calibration.Ints) -> tuple[calibration.Floats, calibration.Floats]:
    """Similarities of different people and of one person, one pair after the other."""
    different, same = [], []
    for i in range(len(people)):
        for j in range(i):
            (same if people[i] == people[j] else different).append(float(vectors[i] @ vectors[j]))
    return np.array(different, np.float32), np.array(same, np.float32)


@pytest.mark.parametrize("people", [60, 300], ids=["one-block", "several-blocks"])
def test_all_pairs(people: int) -> None:
    """Counts, threshold and rates are those that comparing every pair gives; the threshold is rounded down."""
    vectors, numbers = drawn(people, 2)
    different, same = every_pair(vectors, numbers)
    found = calibrate(vectors, numbers, RATE, np.random.default_rng(1))
    expected = int(len(different) * RATE)
    exact = np.sort(different)[-expected]
    assert found.impostor_pairs == len(different)
    assert exact - 1e-4 - 1e-6 <= found.threshold.value <= exact
    assert found.false_accepts == (different >= found.threshold.value).sum() >= expected
    assert found.true_accept_rate is not None
    assert found.true_accept_rate.value == pytest.approx((same >= found.threshold.value).mean())
    assert found.genuine_pairs == len(same) == people


def test_intervals() -> None:
    """They hold the value, narrow with more people, and more pictures of the same people do not narrow them."""
    few, many = (calibrate(*drawn(n, 2), RATE, np.random.default_rng(1)).threshold for n in (50, 400))
    assert few.low <= few.value <= few.high
    assert many.low <= many.value <= many.high
    assert many.high - many.low < few.high - few.low
    copied = calibrate(*(np.repeat(part, 5, axis=0) for part in drawn(50, 2)), RATE, np.random.default_rng(1))
    assert copied.threshold.high - copied.threshold.low > 0.5 * (few.high - few.low)


def test_no_second_picture() -> None:
    """Without two pictures of one person there is a threshold and no true accept rate."""
    found = calibrate(*drawn(60, 1), RATE, np.random.default_rng(1))
    assert found.true_accept_rate is None
    assert found.genuine_pairs == 0


@pytest.mark.parametrize(("people", "each"), [(1, 50), (40, 1)], ids=["one-person", "few"])
def test_too_few(people: int, each: int) -> None:
    """A rate of which fewer than ten false accepts are expected is not measured, and the message says what is needed."""
    with pytest.raises(NotCalibrated, match="1000 are needed, so that at least 10 of them pass"):
        calibrate(*drawn(people, each), RATE, np.random.default_rng(1))


def test_just_enough() -> None:
    """Ten expected false accepts are enough: 46 people make 1,035 pairs."""
    assert calibrate(*drawn(46, 1), RATE, np.random.default_rng(1)).false_accepts >= 10
