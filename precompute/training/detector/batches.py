"""Batches for training: slots of the pool, mirrored half of the time and under a little more or less light."""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from precompute.training.detector.pool import SIDE
from precompute.training.detector.pool import Pool
from precompute.training.detector.portraits import MIRRORED
from precompute.training.detector.teacher import STRIDES


def drawn(pool: Pool, slots: npt.NDArray[np.intp], rng: np.random.Generator, device: torch.device) -> tuple[Tensor, ...]:
    """Pixels (n, 3, 256, 256), scores (n, cells), whose (n, cells) and faces (n, 24, 14) of the slots, half of them mirrored and
    all a little lighter or darker.
    """
    pixels = torch.from_numpy(pool.pixels[slots]).permute(0, 3, 1, 2)
    scores, whose = torch.from_numpy(pool.scores[slots]).float(), torch.from_numpy(pool.whose[slots]).long()
    faces = torch.from_numpy(pool.faces[slots])
    turned = torch.from_numpy(rng.random(len(slots)) < 0.5)
    pixels[turned], faces[turned] = pixels[turned].flip(3), mirrored(faces[turned])
    scores[turned], whose[turned] = mirrored_cells(scores[turned]), mirrored_cells(whose[turned])
    gain = torch.from_numpy(rng.uniform(0.75, 1.25, (len(slots), 1, 1, 1)).astype(np.float32))
    lit = (pixels.to(device).float() * gain.to(device)).clamp(0, 255).contiguous(memory_format=torch.channels_last)
    return lit, scores.to(device), whose.to(device), faces.to(device)


def mirrored(faces: Tensor) -> Tensor:
    """Faces (n, m, 14) of pictures 256 pixels wide -> as in a mirror, points still from left to right."""
    left = SIDE - faces[..., :1] - faces[..., 2:3]
    points = faces[..., 4:].reshape(*faces.shape[:-1], 5, 2)[..., list(MIRRORED), :]
    points = torch.stack([SIDE - points[..., 0], points[..., 1]], -1).flatten(-2)
    return torch.cat([left, faces[..., 1:4], points], -1)


def mirrored_cells(cells: Tensor) -> Tensor:
    """Values (n, cells) of all strides -> each grid as in a mirror."""
    sides = [SIDE // stride for stride in STRIDES]
    parts = torch.split(cells, [side * side for side in sides], 1)
    return torch.cat([p.reshape(-1, s, s).flip(2).flatten(1) for p, s in zip(parts, sides, strict=True)], 1)
