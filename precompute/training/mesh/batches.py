"""Shots and looks -> batches of crops, never twice quite the same, with the teacher's meshes and presence."""

from collections.abc import Iterator
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
import torch

from precompute import landmarks
from precompute.training.booth.pool import Growing
from precompute.training.booth.pool import Shots
from precompute.training.learning import Batch
from precompute.training.mesh import crops
from precompute.training.mesh.crops import Crop
from precompute.training.mesh.looks import Looks
from precompute.training.mesh.network import SIDE

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

LOOKS: Final = 0.3  # share of a batch
BELIEVED: Final = 0.25  # presence from which the teacher's mesh is learned
GAIN: Final = 0.12
SEED: Final = 0


def endless(
    growing: Growing, looks: Looks, twin: npt.NDArray[np.intp], size: int, rng: np.random.Generator
) -> Iterator[Batch]:
    """Crops float32 (size, 96, 96, 3), meshes (size, 478, 3) in crop sides, presence (size,), and 1 where the mesh counts.

    Every shot once before any twice; the last of a batch is plain gray, of which the network is to say its mean face.
    """
    others = round(size * LOOKS)
    each = size - others - 1
    gray = _gray(looks)
    while True:
        shots = growing.shots()
        order = rng.permutation(len(shots))
        for start in range(0, len(order) - each + 1, each):
            rows = order[start : start + each]
            made = [_shaken(crops.taken(shots.pixels(i), shots.meshes[i], near(shots, i, rng)), twin, rng) for i in rows]
            chosen = rng.integers(0, len(looks), others)
            made += [_shaken(Crop(looks.pixels[i], looks.meshes[i]), twin, rng) for i in chosen]
            presence = np.concatenate([shots.presence[rows], looks.presence[chosen], [0]])
            yield _batch([*made, gray], presence, np.append(presence[:-1] > BELIEVED, True))


def judging(shots: Shots, size: int = 250) -> Iterator[Batch]:
    """All shots in order, each a little off, always in the same way."""
    rng = np.random.default_rng(SEED)
    for start in range(0, len(shots), size):
        rows = range(start, min(start + size, len(shots)))
        made = [crops.taken(shots.pixels(i), shots.meshes[i], near(shots, i, rng)) for i in rows]
        presence = shots.presence[start : start + size]
        yield _batch(made, presence, presence > BELIEVED)


def near(shots: Shots, i: int, rng: np.random.Generator) -> crops.Matrix:
    """A square about the face of a shot."""
    return crops.near(shots.meshes[i], shots.points[i], rng)


def _gray(looks: Looks) -> Crop:
    return Crop(np.full((SIDE, SIDE, 3), landmarks.GRAY, np.uint8), looks.mean)


def _shaken(crop: Crop, twin: npt.NDArray[np.intp], rng: np.random.Generator) -> Crop:
    """Sometimes in a mirror, a little lighter or darker."""
    turned = crops.mirrored(crop, twin) if rng.random() < 0.5 else crop
    pixels = cv2.convertScaleAbs(turned.pixels, alpha=float(np.exp(rng.normal(0, GAIN))), beta=float(rng.normal(0, 6)))
    return Crop(np.asarray(pixels, np.uint8), turned.mesh)


def _batch(made: list[Crop], presence: npt.NDArray[np.floating], counts: npt.NDArray[np.bool_]) -> Batch:
    pixels = np.ascontiguousarray(np.stack([each.pixels for each in made])[..., ::-1])
    return (
        torch.from_numpy(pixels).float() / 255, torch.from_numpy(np.stack([each.mesh for each in made])),
        torch.from_numpy(presence.astype(np.float32)), torch.from_numpy(counts.astype(np.float32)),
    )  # fmt: skip
