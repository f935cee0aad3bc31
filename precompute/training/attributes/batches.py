"""Shots -> batches of crops as gender and age are told from, never twice quite the same, and what the teacher tells."""

from collections.abc import Iterator
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
import torch

from precompute import align
from precompute.training.attributes.network import SIDE
from precompute.training.booth import teachers
from precompute.training.booth.pool import Growing
from precompute.training.booth.pool import Shots
from precompute.training.learning import Batch

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

MARGIN: Final = 1.1  # of the box's long side
# A detector's box is taller than what ``teachers.box`` says, and reaches higher, as a share of that one's side.
TALLER: Final = 1.09
HIGHER: Final = 0.058
# Spreads of what a detector's box may be off by: shift, as a share of the crop, and log size; radians.
SHIFT: Final = 0.04
SIZE: Final = 0.07
TURN: Final = 0.05
GAIN: Final = 0.12
YEARS: Final = 5.0  # of a step in which ages are counted
RARE: Final = 0.5  # power by which rare ages are shown more often; 1: all ages as often


def endless(growing: Growing, size: int, rng: np.random.Generator) -> Iterator[Batch]:
    """Crops float32 (size, 3, 64, 64), BGR 0..255, and probability of female and age in centuries, float32 (size, 2)."""
    while True:
        shots = growing.shots()
        often, targets = shares(shots.told[:, 1]), wanted(shots)
        for _ in range(len(shots) // size):
            rows = rng.choice(len(shots), size, p=often)
            crops = [_shaken(taken(shots, int(i), rng), rng) for i in rows]
            yield batch(crops), torch.from_numpy(targets[rows])


def judging(shots: Shots, size: int = 250) -> Iterator[Batch]:
    """All shots in order, as they are."""
    targets = wanted(shots)
    for start in range(0, len(shots), size):
        rows = range(start, min(start + size, len(shots)))
        yield batch([taken(shots, i) for i in rows]), torch.from_numpy(targets[start : start + size])


def wanted(shots: Shots) -> Floats:
    """What the teacher tells of each shot, float32 (n, 2): probability of female, centuries."""
    return shots.told * np.array([1, 0.01], np.float32)


def shares(years: Floats) -> npt.NDArray[np.float64]:
    """How often each of some ages (n,) is to be shown: rare ones more often than they are there; sums to 1."""
    steps = np.clip(years / YEARS, 0, None).astype(int)
    often = np.bincount(steps)[steps].astype(np.float64) ** -RARE
    return np.asarray(often / often.sum(), np.float64)


def taken(shots: Shots, i: int, rng: np.random.Generator | None = None) -> Pixels:
    """The crop of a shot, BGR uint8 (64, 64, 3), a little off if ``rng`` is given."""
    x, y, w, h = teachers.box(shots.meshes[i])
    long = float(max(w, h))
    centre, span, angle = np.array([x + w / 2, y + h / 2 - HIGHER * long]), MARGIN * TALLER * long, 0.0
    if rng is not None:
        span *= float(np.exp(rng.normal(0, SIZE)))
        centre, angle = centre + rng.normal(0, SHIFT, 2) * span, float(rng.normal(0, TURN))
    return align.crop(shots.pixels(i), align.turned_square(centre, span, angle, SIDE), SIDE)


def batch(crops: list[Pixels]) -> torch.Tensor:
    """Crops BGR uint8 (64, 64, 3) as the network takes them."""
    stacked = np.ascontiguousarray(np.stack(crops).transpose(0, 3, 1, 2))
    return torch.from_numpy(stacked).float().contiguous(memory_format=torch.channels_last)


def _shaken(crop: Pixels, rng: np.random.Generator) -> Pixels:
    """Sometimes in a mirror, a little lighter or darker."""
    turned = np.ascontiguousarray(crop[:, ::-1]) if rng.random() < 0.5 else crop
    lit = cv2.convertScaleAbs(turned, alpha=float(np.exp(rng.normal(0, GAIN))), beta=float(rng.normal(0, 6)))
    return np.asarray(lit, np.uint8)
