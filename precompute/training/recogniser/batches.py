"""Shots -> batches of crops as a recogniser sees them, never twice quite the same, and what the teacher says of each shot."""

from collections.abc import Iterator
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
import torch

from precompute import align
from precompute.describe import TEMPLATES
from precompute.training.booth.pool import Growing
from precompute.training.booth.pool import Shots
from precompute.training.learning import Batch
from precompute.training.recogniser.networks import SIDE
from precompute.training.recogniser.networks import Design

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

# Spreads of what a detector's points may be off by, as shares of the crop: each point, all of them; of their size; radians.
POINT: Final = 0.008
SHIFT: Final = 0.012
SIZE: Final = 0.025
TURN: Final = 0.03
GAIN: Final = 0.1
MIRRORED: Final = 0.5


def targets(shots: Shots, design: Design) -> Floats:
    """What the design's teacher says, float32 (n, length)."""
    return shots.first if design.teacher == 0 else shots.second


def endless(growing: Growing, design: Design, size: int, rng: np.random.Generator) -> Iterator[Batch]:
    """Crops float32 (size, 3, 96, 96), 0..255, and embeddings float32 (size, length); every shot once before any twice."""
    while True:
        shots = growing.shots()
        wanted = targets(shots, design)
        order = rng.permutation(len(shots))
        for start in range(0, len(order) - size + 1, size):
            rows = order[start : start + size]
            yield _batch([shaken(shots, int(i), design, rng) for i in rows], design), torch.from_numpy(wanted[rows])


def judging(shots: Shots, design: Design, size: int = 250) -> Iterator[Batch]:
    """All shots in order, as they are."""
    wanted = targets(shots, design)
    for start in range(0, len(shots), size):
        rows = range(start, min(start + size, len(shots)))
        crops = [plain(shots, i, design) for i in rows]
        yield _batch(crops, design), torch.from_numpy(wanted[start : start + size])


def plain(shots: Shots, i: int, design: Design) -> Pixels:
    """The crop of a shot, BGR uint8 (96, 96, 3)."""
    return align.five_point_crop(shots.pixels(i), shots.points[i], TEMPLATES[design.template], SIDE)


def shaken(shots: Shots, i: int, design: Design, rng: np.random.Generator) -> Pixels:
    """The crop of a shot by points that are a little off, sometimes in a mirror, a little lighter or darker."""
    template = TEMPLATES[design.template]
    middle = template.mean(0)
    c, s = np.cos(a := rng.normal(0, TURN)), np.sin(a)
    moved = (template - middle) @ np.array([[c, s], [-s, c]]) * np.exp(rng.normal(0, SIZE))
    moved = moved + middle + rng.normal(0, SHIFT, 2) + rng.normal(0, POINT, template.shape)
    crop = align.crop(shots.pixels(i), align.similarity(shots.points[i], moved * SIDE), SIDE)
    if rng.random() < MIRRORED:
        crop = np.ascontiguousarray(crop[:, ::-1])
    return np.asarray(cv2.convertScaleAbs(crop, alpha=float(np.exp(rng.normal(0, GAIN)))), np.uint8)


def _batch(crops: list[Pixels], design: Design) -> torch.Tensor:
    stacked = np.stack(crops)
    ordered = stacked[..., ::-1] if design.colour == "rgb" else stacked
    batch = torch.from_numpy(np.ascontiguousarray(ordered.transpose(0, 3, 1, 2))).float()
    return batch.contiguous(memory_format=torch.channels_last)
