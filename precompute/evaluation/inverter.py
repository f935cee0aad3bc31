"""The reconstruction attack: learn from pairs of fakes and originals to undo the replacement, and try it on other people.

Both inverters are linear, trained by ridge regression (Hoerl, Kennard, Technometrics 12(1), 1970) on some people's pairs and used
on others', in five folds. What they gain is compared with a face drawn at random: of anybody, and of somebody of the same gender
and age group, which a fake keeps on purpose and which nobody needs an inverter to see.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from precompute.describe import unit
from precompute.evaluation import classifier

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

PENALTIES: Final = (0.01, 0.1, 1.0, 10.0, 100.0)
LEAST_PEOPLE: Final = 10


@dataclass(frozen=True, slots=True)
class Undone:
    """What an inverter made of each fake, float32 (n, k), and the fold (n,) that each was held out in: an inverter leans towards
    the people it was trained on, so only those of the same fold can be compared with.
    """

    made: Floats
    fold: Ints


def undone(fakes: Floats, originals: Floats, people: Ints, rng: np.random.Generator) -> Undone | None:
    """Fakes (n, d), originals (n, k), person of each (n,) -> what an inverter trained on other people makes of each fake.

    None for fewer than ``LEAST_PEOPLE``. Each fold's penalty is the best for a fifth of its training people.
    """
    if len(np.unique(people)) < LEAST_PEOPLE:
        return None
    fold, made = classifier.folds(people, rng), np.zeros_like(originals)
    for held in range(classifier.FOLDS):
        train, test = np.flatnonzero(fold != held), np.flatnonzero(fold == held)
        inner = classifier.folds(people[train], rng)
        fit, tune = train[inner > 0], train[inner == 0]
        errors = [np.square(each - originals[tune]).sum() for each in _solved(fakes, originals, fit, tune, PENALTIES)]
        best = PENALTIES[int(np.argmin(errors))]
        made[test] = _solved(fakes, originals, train, test, (best,))[0]
    return Undone(made, fold)


def _solved(fakes: Floats, originals: Floats, fit: Ints, use: Ints, penalties: tuple[float, ...]) -> list[Floats]:
    """Ridge regression in its dual form, so that it costs by pairs and not by numbers of a picture; one answer a penalty."""
    mean, goal = fakes[fit].mean(0), originals[fit].mean(0)
    x, y = (fakes[fit] - mean).astype(np.float64), (originals[fit] - goal).astype(np.float64)
    values, vectors = np.linalg.eigh(x @ x.T)
    values = values.clip(0)
    scale = max(float(values.mean()), 1e-12)
    turned, reach = vectors.T @ y, ((fakes[use] - mean) @ x.T) @ vectors
    return [np.asarray(reach @ (turned / (values + each * scale)[:, None]) + goal, np.float32) for each in penalties]


def gain(made: Floats, originals: Floats, people: Ints, among: Ints) -> float | None:
    """How much more alike (cosine) what was made is to its own original than to another person's, on average.

    ``among`` (n,): compare with people of the same number alone. None where there is nobody to compare with.
    """
    return _gain(made, originals, np.eye(len(people), dtype=bool), _others(people, among))


def gain_elsewhere(made: Floats, originals: Floats, people: Ints, among: Ints) -> float | None:
    """As ``gain``, with other pictures of the same person for its own original: what the two pictures share is the person alone,
    and not the hair, light and background of one moment.
    """
    same = people[:, None] == people[None]
    np.fill_diagonal(same, False)
    return _gain(made, originals, same, _others(people, among))


def _others(people: Ints, among: Ints) -> Flags:
    return np.asarray((people[:, None] != people[None]) & (among[:, None] == among[None]), np.bool_)


def _gain(made: Floats, originals: Floats, own: Flags, others: Flags) -> float | None:
    cosine = unit(made) @ unit(originals).T
    rows = np.flatnonzero(own.any(1) & others.any(1))
    if not len(rows):
        return None
    means = [(cosine * which)[rows].sum(1) / which[rows].sum(1) for which in (own, others)]
    return float((means[0] - means[1]).mean())
