"""Coarse light and skin colour of a face, and the smooth gain that brings one face into the light of another."""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from precompute import align
from precompute import landmarks

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

PATCH: Final = 96
PATCH_BLUR: Final = 2.0
FLOOR: Final = 6.0
MOST_GAIN: Final = 1.4  # natural logarithm
ROUNDS: Final = 6
GRID: Final = 40


def skin(pixels: Pixels, mesh: Floats) -> Floats:
    """BGR uint8 (h, w, 3) and mesh (478, 3) -> log colour at the 468 points, blurred over about 5 % of the face; (468, 3)."""
    matrix = align.turned_square(_middle(mesh), 1.6 * _size(mesh), 0.0, PATCH)
    patch = cv2.GaussianBlur(align.crop(pixels, matrix, PATCH), (0, 0), PATCH_BLUR)
    at = align.apply(matrix, mesh[: landmarks.POINTS, :2]).astype(np.float32)
    sampled = cv2.remap(patch, at[None], None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[0]
    return np.log(sampled.astype(np.float32) + np.float32(FLOOR))


def _middle(mesh: Floats) -> Floats:
    points = mesh[: landmarks.POINTS, :2]
    return np.asarray((points.min(0) + points.max(0)) / 2, np.float32)


def _size(mesh: Floats) -> float:
    return float(np.ptp(mesh[: landmarks.POINTS, :2], axis=0).max())


def frame(mesh: Floats, points: Floats) -> Floats:
    """Points (n, 2) in units of the half face around its middle, float32 (n, 2)."""
    return np.asarray((points - _middle(mesh)) / (_size(mesh) / 2), np.float32)


def basis(at: Floats) -> Floats:
    """Smooth functions of the place (n, 2): second-order polynomials, float32 (n, 6)."""
    x, y = at[:, 0], at[:, 1]
    return np.stack([np.ones_like(x), x, y, x * y, x * x, y * y], 1)


def fit(difference: Floats, at: Floats, weight: Floats) -> Floats:
    """Log colour difference (468, 3) at places (468, 2) with weights (468,) -> coefficients (6, 3), float32.

    Robust (Tukey's biweight, iteratively reweighted): hair, glasses, hands and beards are outvoted by skin.
    """
    functions = basis(at)
    trust = weight.copy()
    ridge = np.diag([0, 1, 1, 4, 4, 4]).astype(np.float32) * 0.01 * weight.sum()
    found = np.zeros((functions.shape[1], 3), np.float32)
    for _ in range(ROUNDS):
        weighted = functions * trust[:, None]
        found = np.linalg.solve(functions.T @ weighted + ridge, weighted.T @ difference)
        miss = np.linalg.norm(difference - functions @ found, axis=1)
        limit = 4.0 * max(float(np.median(miss)), 0.05)
        trust = weight * np.square(1 - np.square(np.minimum(miss / limit, 1)))
    return np.asarray(found, np.float32)


def of_face(skin: Floats, mesh: Floats) -> Floats:
    """Log colours (468, 3) of a face with mesh (478, 3) -> its own smooth light and colour, coefficients (6, 3)."""
    even = np.full(landmarks.POINTS, 1 / landmarks.POINTS, np.float32)
    return fit(skin, frame(mesh, mesh[: landmarks.POINTS, :2]), even)


def gain(coefficients: Floats, mesh: Floats, size: tuple[int, int]) -> Floats:
    """The smooth factor per channel for every pixel of a (h, w) crop, float32 (h, w, 3)."""
    h, w = size
    y, x = np.mgrid[:GRID, :GRID].astype(np.float32)
    places = np.stack([(x.ravel() + 0.5) * w / GRID - 0.5, (y.ravel() + 0.5) * h / GRID - 0.5], 1)
    inside = np.clip(frame(mesh, places), -1.15, 1.15)
    logs = np.clip(basis(inside) @ coefficients, -MOST_GAIN, MOST_GAIN).reshape(GRID, GRID, 3)
    return np.asarray(cv2.resize(np.exp(logs), (w, h), interpolation=cv2.INTER_LINEAR), np.float32)
