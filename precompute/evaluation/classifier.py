"""A plain classifier, and how well it tells two kinds of things apart that it was not trained on."""

from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

FOLDS: Final = 5
PENALTY: Final = 1.0
STEPS: Final = 25
_STEEPEST: Final = 30.0


def auc(scores: Floats, positive: Flags) -> float:
    """Probability that a positive scores higher than a negative, ties half: the area under the ROC curve (Mann-Whitney)."""
    order = np.argsort(scores, kind="stable")
    ordered = scores[order]
    low, high = np.searchsorted(ordered, scores, "left"), np.searchsorted(ordered, scores, "right")
    ranks = (low + high + 1) / 2
    hits, misses = int(positive.sum()), int((~positive).sum())
    if not hits or not misses:
        return 0.5
    return float((ranks[positive].sum() - hits * (hits + 1) / 2) / (hits * misses))


def folds(groups: Ints, rng: np.random.Generator, count: int = FOLDS) -> Ints:
    """Group of each thing (n,) -> its fold (n,), so that no group is in two folds."""
    names, number = np.unique(groups, return_inverse=True)
    return np.asarray(rng.permutation(len(names))[number] % count, np.int64)


def cross_validated(features: Floats, positive: Flags, groups: Ints, rng: np.random.Generator) -> Floats:
    """Features (n, k) -> the score (n,) that a logistic regression gives each, which was trained on other groups' alone."""
    fold, scores = folds(groups, rng), np.zeros(len(features))
    for held in range(FOLDS):
        test = fold == held
        if test.any() and positive[~test].any() and (~positive[~test]).any():
            weights, mean, scale = fitted(features[~test], positive[~test])
            scores[test] = _with_one((features[test] - mean) / scale) @ weights
    return scores


def fitted(features: Floats, positive: Flags) -> tuple[Floats, Floats, Floats]:
    """Weights (k + 1,) of a ridge-penalised logistic regression by Newton's method, on features brought to mean 0 and deviation 1
    by the mean and scale given back.
    """
    mean, scale = features.mean(0), np.maximum(features.std(0), 1e-9)
    x, wanted = _with_one((features - mean) / scale), positive.astype(np.float64)
    weights, penalty = np.zeros(x.shape[1]), np.full(x.shape[1], PENALTY)
    penalty[-1] = 1e-6
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-np.clip(x @ weights, -_STEEPEST, _STEEPEST)))
        slope = x.T @ (wanted - chance) - penalty * weights
        bend = (x * (chance * (1 - chance))[:, None]).T @ x + np.diag(penalty)
        step = np.linalg.solve(bend, slope)
        weights += step
        if np.abs(step).max() < 1e-6:
            break
    return weights, mean, scale


def _with_one(features: Floats) -> Floats:
    return np.hstack([features, np.ones((len(features), 1))])
