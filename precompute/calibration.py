"""The similarity at which a given share of all pairs of different people would pass for one, and how sure that is.

All pairs of pictures count, not a chosen list: 1,584 pictures make 1.25 million pairs of different people, and a rate of 10⁻³ is
then measured on 1,250 of them. Pairs that share a person are not independent, so the intervals come from drawing the *people*
anew, with replacement (the percentile bootstrap), never from drawing pairs.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from precompute.errors import NotCalibrated

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Alike = Callable[[Ints, Ints], Floats]  # pictures (n,), pictures (m,) -> (n, m), greater for more alike

MIN_EXPECTED: Final = 10
RESAMPLES: Final = 1_000
BOUNDS: Final = (2.5, 97.5)
STEPS: Final = 10_000
_ROWS: Final = 256
_SPARE: Final = 4  # how many times as many pairs are kept as pass: in a resample, more can


@dataclass(frozen=True, slots=True)
class Impostors:
    """The most alike pairs of different people: similarity, falling, and the people's numbers; ``count``: of all such pairs."""

    similarity: Floats
    first: Ints
    second: Ints
    count: int


@dataclass(frozen=True, slots=True)
class Genuine:
    """Every pair of pictures of one person: similarity, and the person's number."""

    similarity: Floats
    person: Ints


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value and its interval at 95 %."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """The threshold at a false accept rate, what it was read from, and the share of pairs of one person that reach it, if any."""

    threshold: Estimate
    false_accepts: int
    impostor_pairs: int
    true_accept_rate: Estimate | None
    genuine_pairs: int


def impostor_count(people: Ints) -> int:
    """Person of each picture (n,) -> how many pairs of pictures show different people."""
    sizes = np.bincount(people)
    return int(sizes.sum() ** 2 - (sizes**2).sum()) // 2


def require(people: Ints, rate: float) -> None:
    """Raises ``NotCalibrated`` unless at least ``MIN_EXPECTED`` false accepts are to be expected at this rate."""
    count = impostor_count(people)
    if count * rate < MIN_EXPECTED:
        raise NotCalibrated(
            f"{count} pairs of different people are too few for a false accept rate of {rate:g}: "
            f"{math.ceil(MIN_EXPECTED / rate)} are needed, so that at least {MIN_EXPECTED} of them pass; "
            "add people, or choose a higher --far"
        )


def cosine(vectors: Floats) -> Alike:
    """Unit vectors (n, d) of the pictures -> how alike they are."""
    return lambda rows, columns: vectors[rows] @ vectors[columns].T


def calibrate(alike: Alike, people: Ints, rate: float, rng: np.random.Generator) -> Calibration:
    """How alike pictures are, person of each (n,) -> the threshold; raises ``NotCalibrated`` where there are too few pairs.

    It is rounded down, so that slightly more than ``rate`` pass rather than fewer: a fake must then be a little less alike.
    """
    require(people, rate)
    expected = math.floor(impostor_count(people) * rate)
    impostors, genuine = most_alike(alike, people, _SPARE * expected), same(alike, people)
    threshold = math.floor(float(impostors.similarity[expected - 1]) * STEPS) / STEPS
    thresholds, rates = _resampled(impostors, genuine, people, rate, threshold, rng)
    low, high = np.percentile(thresholds, BOUNDS)
    return Calibration(
        Estimate(threshold, float(low), float(high)),
        int((impostors.similarity >= threshold).sum()), impostors.count,
        _rate(genuine, threshold, rates), len(genuine.similarity),
    )  # fmt: skip


def most_alike(alike: Alike, people: Ints, keep: int) -> Impostors:
    """At least the ``keep`` most alike pairs of different people, if there are as many; memory stays small for many pictures."""
    found, first, second = np.zeros(0, np.float32), np.zeros(0, np.int64), np.zeros(0, np.int64)
    order = np.argsort(people, kind="stable")
    for start in range(0, len(order), _ROWS):
        rows, columns = order[start : start + _ROWS], order[start:]
        row, column = np.nonzero(people[rows][:, None] < people[columns][None])  # each pair of different people once
        values = alike(rows, columns)[row, column]
        found = np.concatenate([found, values])
        first, second = np.concatenate([first, people[rows][row]]), np.concatenate([second, people[columns][column]])
        best = np.argsort(-found, kind="stable")[:keep]
        found, first, second = found[best], first[best], second[best]
    return Impostors(found, first, second, impostor_count(people))


def same(alike: Alike, people: Ints) -> Genuine:
    """Every pair of pictures of one person."""
    values, person = [np.zeros(0, np.float32)], [np.zeros(0, np.int64)]
    for number in np.flatnonzero(np.bincount(people) > 1):
        own = np.flatnonzero(people == number)
        pairs = alike(own, own)[np.triu_indices(len(own), 1)]
        values.append(pairs)
        person.append(np.full(len(pairs), number))
    return Genuine(np.concatenate(values), np.concatenate(person))


def _resampled(
    impostors: Impostors, genuine: Genuine, people: Ints, rate: float, threshold: float, rng: np.random.Generator
) -> tuple[list[float], list[float]]:
    """Thresholds, and true accept rates at the one found, as they come out when other people of the same kind are drawn."""
    sizes = np.bincount(people)
    present = np.flatnonzero(sizes)
    passed = genuine.similarity >= threshold
    thresholds, rates = [], []
    for _ in range(RESAMPLES):
        times = np.bincount(rng.choice(present, len(present)), minlength=len(sizes))
        drawn = times * sizes
        total = (drawn.sum() ** 2 - (drawn**2).sum()) / 2
        weight = np.cumsum(times[impostors.first] * times[impostors.second])
        at = int(np.searchsorted(weight, max(1.0, total * rate)))
        thresholds.append(float(impostors.similarity[min(at, len(weight) - 1)]))
        weights = times[genuine.person]
        if weights.sum():
            rates.append(float(weights[passed].sum() / weights.sum()))
    return thresholds, rates


def _rate(genuine: Genuine, threshold: float, rates: list[float]) -> Estimate | None:
    if not rates:
        return None
    low, high = np.percentile(rates, BOUNDS)
    return Estimate(float((genuine.similarity >= threshold).mean()), float(low), float(high))
