"""A face model made of random numbers over the made mesh: as small as the layout allows, and of nobody at all."""

import numpy as np
import numpy.typing as npt

from precompute.donors import Wanted
from precompute.facemodel.layout import Layout
from precompute.facemodel.weights import Readout
from precompute.facemodel.weights import Weights
from precompute.swap import mouth
from tests.precompute.faces import shapes

Floats = npt.NDArray[np.float32]

FACES = 24
COMPONENTS = 12
MOUTHS = 9
SIZES = (8, 4)
LEVEL = 4.8  # log colour of middling skin


def layout() -> Layout:
    """Of the made mesh."""
    return Layout(shapes.mesh())


def weights(seed: int = 0) -> Weights:
    """Half of the training faces of each gender, ages 20 to 60; readouts named ``a`` and ``b`` of ``SIZES`` dimensions."""
    rng, square = np.random.default_rng(seed), layout()
    count = int(square.covered.sum()) + 2 * int(square._covered_coarsely.sum())
    mean = np.full(count, 128, np.float32)
    ages = np.repeat(np.linspace(20, 60, FACES // 2), 2)
    jitter = rng.normal(0, 1, (FACES, 478, 3))
    return Weights(
        shapes.mesh(), mean, normal(rng, 4, COMPONENTS, count), normal(rng, 1, FACES, COMPONENTS),
        (square.mesh + jitter).astype(np.float32), np.tile(np.array([0.9, 0.9, 0.1, 0.1], np.float32), FACES // 4),
        ages.astype(np.float32), normal(rng, 0.3, FACES, 3) + np.float32(LEVEL), np.abs(normal(rng, 0.1, FACES, 3)),
        normal(rng, 0.1, FACES, 2), readouts(rng), rng.integers(0, 255, (MOUTHS, *mouth.SIZE, 3), np.uint8),
        np.linspace(0.02, 0.2, MOUTHS).astype(np.float32), np.full(MOUTHS, LEVEL, np.float32),
    )  # fmt: skip


def readouts(rng: np.random.Generator) -> dict[str, Readout]:
    """Of gender, age and two recognisers."""
    sizes = {"female": (3, 1), "age": (8, 1), "a": (0.2, SIZES[0]), "b": (0.2, SIZES[1])}
    levels = {"female": 0.5, "age": 40.0, "a": 0.1, "b": 0.1}
    return {
        name: Readout(normal(rng, spread, COMPONENTS, size), np.full(size, levels[name], np.float32))
        for name, (spread, size) in sizes.items()
    }


def normal(rng: np.random.Generator, spread: float, *size: int) -> Floats:
    return rng.normal(0, spread, size).astype(np.float32)


def wanted(gender: str = "female", age: float = 40, seed: int = 5) -> Wanted:
    """A face that looks ahead in plain light, of somebody at random."""
    rng = np.random.default_rng(seed)
    parts = [rng.normal(size=size) for size in SIZES]
    embedding = np.concatenate([part / np.linalg.norm(part) for part in parts]).astype(np.float32)
    light = np.zeros((6, 3), np.float32)
    light[0] = LEVEL
    expression = np.array([0.1, 0.35, 0.25], np.float32)
    return Wanted(gender, age, np.zeros(3, np.float32), expression, light, 100, embedding, np.zeros(2, np.float32))
