"""The classifier tells apart what differs, and nothing where nothing differs; groups never meet themselves."""

import numpy as np
import pytest

from precompute.evaluation import classifier


@pytest.mark.parametrize(
    ("scores", "wanted"),
    [
        pytest.param([0.0, 1.0, 2.0, 3.0], 1.0, id="perfect"),
        pytest.param([3.0, 2.0, 1.0, 0.0], 0.0, id="wrong"),
        pytest.param([1.0, 1.0, 1.0, 1.0], 0.5, id="ties"),
        pytest.param([0.0, 2.0, 1.0, 3.0], 0.75, id="one-of-four-pairs-wrong"),
    ],
)
def test_auc(scores: list[float], wanted: float) -> None:
    """The share of pairs in the right order."""
    assert classifier.auc(np.array(scores), np.array([False, False, True, True])) == wanted


def test_auc_of_one_kind() -> None:
    """Nothing can be told where there is one kind alone."""
    assert classifier.auc(np.arange(3.0), np.ones(3, bool)) == 0.5


def test_tells_apart() -> None:
    """A shifted feature among noise is found on groups that were not trained on, and noise alone is not."""
    rng = np.random.default_rng(1)
    positive, groups = np.tile([False, True], 200), np.repeat(np.arange(200), 2)
    noise = rng.standard_normal((400, 5))
    shifted = noise + 1.5 * positive[:, None] * np.array([0, 0, 1, 0, 0])
    seen = classifier.cross_validated(shifted, positive, groups, rng)
    assert classifier.auc(seen, positive) > 0.8
    unseen = classifier.cross_validated(noise, positive, groups, rng)
    assert classifier.auc(unseen, positive) == pytest.approx(0.5, abs=0.1)


def test_separable() -> None:
    """Kinds that a line separates leave the weights finite."""
    weights, *_ = classifier.fitted(np.array([[0.0], [1.0], [10.0], [11.0]]), np.array([False, False, True, True]))
    assert np.isfinite(weights).all()
    assert weights[0] > 0


def test_folds() -> None:
    """A group is in one fold, and every fold has some."""
    groups = np.repeat(np.arange(20), 3)
    found = classifier.folds(groups, np.random.default_rng(0))
    assert all(len(np.unique(found[groups == each])) == 1 for each in range(20))
    assert np.bincount(found).tolist() == [12] * 5
