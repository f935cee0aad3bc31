"""A few portraits of noise with bright dots on some points of the made mesh, and a pool of shots without teachers."""

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from precompute import landmarks
from precompute.donors import Index
from precompute.facemodel.layout import Layout
from precompute.facemodel.sampler import FaceModel
from precompute.training.booth import pool
from precompute.training.booth.pose import SIDE
from precompute.training.booth.pose import Posed
from precompute.training.booth.sitters import Sitters
from precompute.training.booth.teachers import Said
from tests.precompute.faces import shapes

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

DOTS = (33, 263, 61, 291)  # mirror images of each other in pairs
COUNT = 20


def dotted(pixels: Pixels, mesh: Floats, radius: int = 3) -> Pixels:
    """The picture with a white dot at each of ``DOTS``."""
    for x, y in mesh[list(DOTS), :2]:
        cv2.circle(pixels, (round(float(x)), round(float(y))), radius, (255, 255, 255), -1)
    return pixels


def bright(pixels: Pixels, points: Floats, reach: int = 2) -> npt.NDArray[np.float64]:
    """The brightest value within ``reach`` px of each point (n, 2)."""
    corners = np.round(points[:, :2]).astype(int)
    return np.array([pixels[y - reach : y + reach + 1, x - reach : x + reach + 1].max() for x, y in corners], np.float64)


def index(folder: Path) -> Index:
    """Portraits in the folder and what is known of them."""
    rng = np.random.default_rng(0)
    known = shapes.index(COUNT, rng)
    for i, name in enumerate(known.names):
        face = dotted(rng.integers(0, 90, (190, 160, 3), np.uint8), known.meshes[i])
        cv2.imwrite(str(folder / str(name)), face)
    return known


def sitters(folder: Path, model: FaceModel | None = None, held_out: bool = False) -> Sitters:
    """Of those portraits."""
    return Sitters(folder, index(folder), Layout(shapes.mesh()), model, held_out)


class Teachers:
    """Say that they see what was drawn."""

    def say(self, pixels: Pixels, posed: Posed) -> Said:
        """``pixels`` are of the size of shots."""
        assert pixels.shape == (SIDE, SIDE, 3)
        return said(posed.mesh)


def said(mesh: Floats, presence: float = 0.9, female: float = 0.5, years: float = 30.0) -> Said:
    """What teachers might say of a face with this mesh."""
    points = landmarks.five(mesh)[:, :2]
    vectors = (np.zeros(256, np.float32), np.zeros(128, np.float32))
    return Said(points, mesh, presence, np.array([female, years], np.float32), vectors)


def fill(folder: Path, count: int = 20) -> Path:
    """A pool of shots of dark noise with white dots on a mesh: some to train on, as many to judge by."""
    rng = np.random.default_rng(1)
    for name in (f"{pool.JUDGES}-0000.npz", "shots-0000.npz"):
        jpegs, answers = [], []
        for i in range(count):
            mesh = shapes.mesh(float(rng.uniform(80, 110)), (104 + float(rng.normal(0, 5)), 104 + float(rng.normal(0, 5))))
            jpegs.append(pool.coded(dotted(rng.integers(0, 60, (SIDE, SIDE, 3), np.uint8), mesh)))
            answers.append(said(mesh, 0.9 if i % 4 else 0.1, female=float(i % 2), years=20.0 + 2 * i))
        pool.write(folder / name, jpegs, answers)
    return folder
