"""A wish is fulfilled by the least change that does it."""

import numpy as np
import pytest

from precompute.facemodel.guide import Wish
from precompute.facemodel.guide import moved
from precompute.facemodel.weights import Readout
from tests.precompute.facemodel.made import Floats
from tests.precompute.facemodel.made import normal

SIZE = 12


def unmet(coefficients: Floats, wishes: list[Wish]) -> float:
    """By how much the worst of the wishes is missed; at most 0 where all are fulfilled."""
    return max(float(wish.row @ coefficients) + wish.level for wish in wishes)


def test_without_wishes_nothing_moves() -> None:
    """The coefficients stay as they are."""
    own = normal(np.random.default_rng(0), 1, SIZE)
    assert moved(own, []) is own


def test_what_is_fulfilled_already_stays() -> None:
    """A wish that holds pulls at nothing."""
    own = np.ones(SIZE, np.float32)
    np.testing.assert_array_equal(moved(own, [Wish(np.ones(SIZE, np.float32), -SIZE - 1)]), own)


def test_one_wish_is_a_projection() -> None:
    """The nearest point of a half space lies straight below: along its row, exactly on its edge."""
    rng = np.random.default_rng(1)
    own, row = normal(rng, 1, SIZE), normal(rng, 1, SIZE)
    level = 2.0 - float(row @ own)
    expected = own - row * 2 / float(row @ row)
    np.testing.assert_allclose(moved(own, [Wish(row, level)]), expected, atol=1e-4)


@pytest.mark.parametrize("seed", range(5), ids=str)
def test_several_wishes_are_fulfilled_by_the_least_change(seed: int) -> None:
    """All hold, and no nearer point at which they do is found: not among many at random, nor on the way back."""
    rng = np.random.default_rng(seed)
    own = normal(rng, 1, SIZE)
    wishes = [Wish(normal(rng, 1, SIZE), float(rng.normal(1, 1))) for _ in range(5)]
    assert unmet(own, wishes) > 0.1
    found = moved(own, wishes)
    assert unmet(found, wishes) < 1e-2
    way = float(np.linalg.norm(found - own))
    steps = normal(rng, 1, 4000, SIZE)
    steps *= (rng.uniform(0.3, 0.98, 4000) * way / np.linalg.norm(steps, axis=1)).astype(np.float32)[:, None]
    assert all(unmet(other, wishes) > 0 for other in own + steps)
    assert all(unmet(own + (found - own) * np.float32(share), wishes) > 0 for share in (0.5, 0.9))


def test_wishes_that_exclude_each_other_stay_finite() -> None:
    """Older than 60 and younger than 20: the outcome is some face, not numbers without end."""
    row = np.eye(SIZE, dtype=np.float32)[0]
    found = moved(np.zeros(SIZE, np.float32), [Wish(row, 1.0), Wish(-row, 1.0)])
    assert np.isfinite(found).all()
    assert (found[1:] == 0).all()


def test_below_and_above_speak_of_the_readout() -> None:
    """At the edge of a wish the readout says just the wanted number, and beyond it the wish holds."""
    rng = np.random.default_rng(3)
    readout = Readout(normal(rng, 1, SIZE, 1), np.array([0.7], np.float32))
    low, high = (moved(normal(rng, 3, SIZE) + np.float32(push), [wish]) for push, wish in pushes(readout))
    assert readout.at(low)[0] == pytest.approx(-2.0, abs=1e-3)
    assert readout.at(high)[0] == pytest.approx(5.0, abs=1e-3)


def pushes(readout: Readout) -> list[tuple[Floats, Wish]]:
    """Far to the wrong side of a wish, and the wish."""
    side = readout.slope[:, 0] * 40
    return [(side, Wish.below(readout, -2.0)), (-side, Wish.above(readout, 5.0))]


def test_below_along_a_vector_is_a_similarity() -> None:
    """Of a readout of many dimensions the part along the person's vector is held down."""
    rng = np.random.default_rng(4)
    readout, person = Readout(normal(rng, 1, SIZE, 8), normal(rng, 0.1, 8)), normal(rng, 1, 8)
    person /= np.linalg.norm(person)
    own = readout.slope @ person
    found = moved(own, [Wish.below(readout, -0.2, person)])
    assert readout.at(own) @ person > 1
    assert readout.at(found) @ person == pytest.approx(-0.2, abs=1e-3)
