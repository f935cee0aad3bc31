"""The inverter undoes what can be undone, on people it never saw, and gains nothing where nothing is left."""

import numpy as np
import pytest

from precompute.evaluation import inverter
from tests.precompute.evaluation import crowd

TURN = np.linalg.qr(np.random.default_rng(5).standard_normal((crowd.SIZE, crowd.SIZE)))[0]


def gains(fake: object, count: int = 150) -> tuple[float, float]:
    people = crowd.people(count, 2, fake)  # type: ignore[arg-type]
    fakes, originals = people.fakes(crowd.NAME)[:, -1], people.originals(crowd.NAME)[:, 0]
    made = inverter.undone(fakes, originals, people.people, np.random.default_rng(0))
    assert made is not None
    own = inverter.gain(made.made, originals, people.people, made.fold)
    elsewhere = inverter.gain_elsewhere(made.made, originals, people.people, made.fold)
    assert own is not None
    assert elsewhere is not None
    return own, elsewhere


def test_a_transformation_is_undone() -> None:
    """A fixed rotation looks like another person to any matcher, and is undone nearly wholly."""
    own, elsewhere = gains(lambda original, rng: crowd.unit(TURN @ original))
    assert own > 0.9
    assert 0.8 < elsewhere <= own


def test_faces_of_nobody_are_not() -> None:
    """Fakes that have nothing to do with the person tell nothing."""
    assert gains(crowd.nobody) == pytest.approx((0, 0), abs=0.04)


def test_too_few_people() -> None:
    """No inverter is trained on a handful of people."""
    people = crowd.people(inverter.LEAST_PEOPLE - 1, 3, crowd.itself)
    fakes = people.fakes(crowd.NAME)[:, -1]
    assert inverter.undone(fakes, fakes, people.people, np.random.default_rng(0)) is None


def test_gain() -> None:
    """Own original 1, other people 0: one; among the same kind alone, others are those of the kind."""
    eye, people, everybody = np.eye(4, dtype=np.float32), np.arange(4), np.zeros(4, np.int64)
    assert inverter.gain(eye, eye, people, everybody) == pytest.approx(1)
    alike = np.array([[1, 0], [1, 0], [0, 1], [0, 1]], np.float32)
    assert inverter.gain(alike, alike, people, everybody) == pytest.approx(2 / 3)
    assert inverter.gain(alike, alike, people, np.array([0, 0, 1, 1])) == pytest.approx(0)
    assert inverter.gain(eye, eye, people, people) is None
    assert inverter.gain_elsewhere(eye, eye, people, everybody) is None
