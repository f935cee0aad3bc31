"""Level squares around a face as the mesh is looked for in, a little off as they are in use, and meshes in them."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from precompute import align
from precompute import landmarks
from precompute.training.mesh.network import SIDE

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Shake:
    """Spreads of shift (of the crop's side), of log size, of angle in radians, and of each of five points (of the face)."""

    shift: float
    size: float
    turn: float
    point: float


NEAR: Final = Shake(0.03, 0.06, 0.06, 0.02)


@dataclass(frozen=True, slots=True)
class Crop:
    """pixels BGR uint8 (side, side, 3); mesh float32 (478, 3) there, all in sides of the crop."""

    pixels: Pixels
    mesh: Floats


def square(mesh: Floats, points: Floats | None = None) -> Matrix:
    """Matrix picture -> crop of ``SIDE`` px, as from a mesh (478, 3), or as from five points (5, 2) if there are some."""
    found = landmarks.square_of_mesh(mesh) if points is None else landmarks.square_of_points(points)
    return found * (SIDE / landmarks.SIDE)


def near(mesh: Floats, points: Floats, rng: np.random.Generator) -> Matrix:
    """A first look's square, from five points (5, 2), or a second's, from the mesh (478, 3); each as often, and a little off."""
    if rng.random() < 0.5:
        return moved(square(mesh), NEAR, rng)
    off = rng.normal(0, NEAR.point * landmarks.width(mesh), points.shape)
    return moved(square(mesh, (points + off).astype(np.float32)), NEAR, rng)


def moved(matrix: Matrix, shake: Shake, rng: np.random.Generator) -> Matrix:
    """Matrix picture -> crop of ``SIDE`` px that shows a square elsewhere by the given spreads."""
    return placed(matrix, rng.normal(0, shake.shift, 2), float(rng.normal(0, shake.size)), float(rng.normal(0, shake.turn)))


def placed(matrix: Matrix, shift: npt.NDArray[np.float64], size: float, angle: float) -> Matrix:
    """The matrix of a crop whose contents are turned by ``angle``, exp(``size``) times as large, and shifted by sides."""
    c, s = np.cos(angle) * np.exp(size), np.sin(angle) * np.exp(size)
    turn = np.array([[c, s], [-s, c]])
    middle = np.full(2, SIDE / 2)
    return np.hstack([turn @ matrix[:, :2], (turn @ (matrix[:, 2] - middle) + middle + shift * SIDE)[:, None]])


def taken(pixels: Pixels, mesh: Floats, matrix: Matrix) -> Crop:
    """The crop of a picture BGR uint8 (h, w, 3) with the mesh (478, 3) there."""
    flat = align.apply(matrix, mesh[:, :2].astype(np.float64))
    depth = mesh[:, 2:] * np.hypot(matrix[0, 0], matrix[1, 0])
    return Crop(align.crop(pixels, matrix, SIDE), (np.hstack([flat, depth]) / SIDE).astype(np.float32))


def mirrored(crop: Crop, twin: npt.NDArray[np.intp]) -> Crop:
    """The crop as in a mirror; ``twin`` (478,): the point that each becomes there."""
    mesh = crop.mesh[twin].copy()
    mesh[:, 0] = (SIDE - 1) / SIDE - mesh[:, 0]
    return Crop(np.ascontiguousarray(crop.pixels[:, ::-1]), mesh)
