"""Whom recognisers take a face for: rank-1 identification, and verification at a threshold calibrated on the originals."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from precompute.calibration import MIN_EXPECTED

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

RATE: Final = 1e-3
ROC_POINTS: Final = 60
_LEAST_RATE: Final = 1e-5
_Z: Final = 1.959964  # of a normal distribution, two-sided 95 %


@dataclass(frozen=True, slots=True)
class Roc:
    """Thresholds, falling, that a share ``far`` of the pairs of different people reach, and the share ``tar`` of pairs of one."""

    far: Floats
    threshold: Floats
    tar: Floats


def alike(one: Floats, other: Floats) -> Floats:
    """Unit vectors (n, v, d) and (m, w, d) of faces looked at in v and w ways -> cosine (n, m) of the ways most alike, which
    is what certifying measures too.
    """
    ways = [one[:, i] @ other[:, j].T for i in range(one.shape[1]) for j in range(other.shape[1])]
    return np.asarray(np.maximum.reduce(ways), np.float32)


def rank1(similarity: Floats, probes: Ints, gallery: Ints) -> Floats:
    """Similarity (n, m), person of each probe (n,) and of each gallery face (m,) -> how far each probe's most alike gallery face
    is its own person's: 1 or 0, or the share of those that tie for most alike; closed set (Grother, Phillips 2004).
    """
    top = similarity == similarity.max(1, keepdims=True)
    own = gallery[None] == probes[:, None]
    return np.asarray((top & own).sum(1) / top.sum(1), np.float32)


def split(people: Ints) -> tuple[Ints, Ints]:
    """Person of each picture (n,) -> the first picture of each person, and all others: gallery and probes."""
    first = np.unique(people, return_index=True)[1]
    return np.sort(first).astype(np.int64), np.setdiff1d(np.arange(len(people)), first).astype(np.int64)


def pairs_of(people: Ints) -> tuple[Flags, Flags]:
    """Person of each picture (n,) -> which (i, j) show one person in two pictures, and which show two people, both (n, n)."""
    same = people[:, None] == people[None]
    different = ~same
    np.fill_diagonal(same, False)
    return same, different


def threshold(impostors: Floats, rate: float = RATE) -> float | None:
    """Similarities of pairs of different people -> the one that a share ``rate`` of them reach, or None where fewer than
    ``calibration.MIN_EXPECTED`` would.
    """
    count = int(len(impostors) * rate)
    return None if count < MIN_EXPECTED else float(-np.partition(-impostors, count - 1)[count - 1])


def roc(impostors: Floats, genuine: Floats) -> Roc:
    """Similarities of pairs of different people and of one -> the curve at rates evenly spaced on a logarithmic scale.

    Give the originals' impostors with the fakes' genuine pairs too: an attacker calibrates on people, not on fakes.
    """
    least = max(_LEAST_RATE, 1 / max(1, len(impostors)))
    far = np.logspace(np.log10(least), 0, ROC_POINTS)
    falling = -np.sort(-impostors)
    at = np.clip(np.ceil(far * len(falling)).astype(int) - 1, 0, len(falling) - 1)
    rising = np.sort(genuine)
    tar = 1 - np.searchsorted(rising, falling[at], "left") / max(1, len(rising))
    return Roc(far.astype(np.float32), falling[at].astype(np.float32), tar.astype(np.float32))


def accepted(genuine: Floats, limit: float) -> float:
    """Share of similarities that reach a threshold."""
    return float((genuine >= limit).mean()) if len(genuine) else 0.0


def wilson(share: float, count: int) -> tuple[float, float]:
    """Interval at 95 % of a share of ``count`` trials (Wilson, JASA 22, 1927); it takes the trials for independent."""
    if not count:
        return 0.0, 1.0
    centre = share + _Z**2 / (2 * count)
    reach = _Z * np.sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2))
    scale = 1 + _Z**2 / count
    return max(0.0, float((centre - reach) / scale)), min(1.0, float((centre + reach) / scale))
