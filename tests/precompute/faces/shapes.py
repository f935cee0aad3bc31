"""A face made of numbers: a mesh with an oval, eyes and a mouth in the right places, and stand-ins for the models."""

import numpy as np
import numpy.typing as npt

from precompute import landmarks
from precompute.donors import Index

Floats = npt.NDArray[np.float32]


def mesh(width: float = 100, centre: tuple[float, float] = (80, 90), turn: float = 0) -> Floats:
    """A level mesh (478, 3), ``width`` px wide; ``turn`` shears it a little, so that two meshes can differ."""
    golden = np.arange(478) * 2.39996
    radius = 0.9 * np.sqrt((np.arange(478) + 0.5) / 478)
    points = np.stack([radius * np.cos(golden), radius * np.sin(golden)], 1)
    around = np.arange(36) * 2 * np.pi / 36
    points[list(landmarks.OVAL)] = np.stack([np.sin(around), -np.cos(around)], 1)
    named = {
        33: (-0.6, -0.3), 133: (-0.2, -0.3), 362: (0.2, -0.3), 263: (0.6, -0.3), 159: (-0.4, -0.36), 145: (-0.4, -0.26),
        386: (0.4, -0.36), 374: (0.4, -0.26), 61: (-0.35, 0.5), 291: (0.35, 0.5), 13: (0, 0.48), 14: (0, 0.52), 6: (0.01, -0.25),
        1: (0, 0.1),
    }  # fmt: skip
    for number, place in named.items():
        points[number] = place
    points[:, 0] += turn * points[:, 1] * (1 - (points**2).sum(1))
    depth = 0.4 * (points**2).sum(1)
    scaled = np.hstack([points * [1, 1.25], depth[:, None]]) * width / 2
    return (scaled + np.array([*centre, 0])).astype(np.float32)


def skin(height: int, width: int, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """A picture of nothing but noisy skin, BGR uint8 (h, w, 3)."""
    return np.clip(rng.normal([110, 140, 190], 6, (height, width, 3)), 0, 255).astype(np.uint8)


def index(count: int, rng: np.random.Generator) -> Index:
    """Donors with random properties: half of each gender, two recognisers of 8 dimensions."""
    embeddings = rng.normal(size=(count, 2, 8))
    embeddings /= np.linalg.norm(embeddings, axis=2, keepdims=True)
    shape = mesh()
    return Index(
        np.array([f"{i:04}.png" for i in range(count)]), np.repeat(shape[None], count, 0),
        np.array(["female", "male"] * (count // 2)), rng.uniform(20, 60, count).astype(np.float32),
        rng.normal(0, 8, (count, 3)).astype(np.float32), rng.uniform(0, 0.3, (count, 3)).astype(np.float32),
        np.zeros((count, 468, 3), np.float32), rng.normal(0, 0.1, (count, 6, 3)).astype(np.float32),
        np.full(count, 100, np.float32), np.ones(count, np.float32), rng.uniform(0, 1, count).astype(np.float32),
        embeddings.reshape(count, 16).astype(np.float32), shape,
    )  # fmt: skip


class Answers:
    """A session that always answers the same; ``blobs`` are the pictures that it was shown."""

    def __init__(self, side: int = 192, **outputs: Floats) -> None:
        self.side = side
        self.blobs: list[Floats] = []
        self._outputs = outputs

    def run(self, blob: Floats) -> dict[str, Floats]:
        self.blobs.append(blob)
        return self._outputs
