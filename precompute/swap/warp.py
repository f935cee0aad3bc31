"""Piecewise-affine maps between meshes: which pixel of one face lies where on another."""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from precompute import landmarks

Floats = npt.NDArray[np.float32]
Triangles = npt.NDArray[np.int32]

MAP_SIDE: Final = 224
DIVISION_SIDE: Final = 1000
CENTRE: Final = 6  # between the eyes, on the nose
_SUBPIXEL: Final = 4


def ringed(mesh: Floats, reach: float = landmarks.RING) -> Floats:
    """Mesh (478, 3) -> (506, 3): with a second oval, ``reach`` times as large as the first, and of the irises their middles."""
    inner = mesh[: landmarks.POINTS]
    oval = mesh[list(landmarks.OVAL)]
    return np.vstack([inner, inner[CENTRE] + (oval - inner[CENTRE]) * np.float32(reach), mesh[list(landmarks.IRISES)]])


def triangles(reference: Floats) -> Triangles:
    """Ringed reference mesh (506, 2 or 3) -> int32 (m, 3) corners, all turning the same way (Delaunay)."""
    flat = _in_square(reference[:, :2])
    division = cv2.Subdiv2D((0, 0, DIVISION_SIDE, DIVISION_SIDE))
    division.insert(flat.tolist())
    found = np.asarray(division.getTriangleList(), np.float32).reshape(-1, 3, 2)
    inside = found[((found >= 0) & (found < DIVISION_SIDE)).all((1, 2))]
    # OpenCV gives coordinates; the points that they came from are the nearest.
    corners = np.square(inside[:, :, None] - flat).sum(3).argmin(2).astype(np.int32)
    corners = corners[np.abs(_areas(flat, corners)) > 0]
    backward = _areas(flat, corners) < 0
    corners[backward] = corners[backward][:, ::-1]
    return corners


def _in_square(flat: Floats) -> Floats:
    """Points (n, 2) scaled into the middle of the square in which they are triangulated."""
    low, high = flat.min(0), flat.max(0)
    return np.asarray((flat - (low + high) / 2) / (high - low).max() * DIVISION_SIDE * 0.8 + DIVISION_SIDE / 2, np.float32)


def _areas(points: Floats, corners: Triangles) -> Floats:
    """Twice the signed area in px² of each triangle, float32 (m,)."""
    a, b, c = (points[corners[:, i]] for i in range(3))
    return np.asarray((b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0]), np.float32)


def backward_map(source: Floats, target: Floats, corners: Triangles, size: tuple[int, int]) -> Floats:
    """For every pixel of a (h, w) picture with ``target`` points: where it lies among ``source`` points; float32 (h, w, 2).

    Both are ringed meshes (506, 3). Nearer triangles cover farther ones, and those that face away are not drawn. Outside
    of all triangles the best affine map goes on. Worked out on a grid of at most ``MAP_SIDE`` cells and interpolated.
    """
    return backward_maps((source,), target, corners, size)[0]


def backward_maps(sources: Sequence[Floats], target: Floats, corners: Triangles, size: tuple[int, int]) -> list[Floats]:
    """``backward_map`` for several sources, of which each pixel shows the same triangle."""
    h, w = size
    scale = min(1.0, MAP_SIDE / max(h, w))
    rows, columns = max(1, round(h * scale)), max(1, round(w * scale))
    step = np.array([columns / w, rows / h], np.float32)
    flat = (target[:, :2] + 0.5) * step - 0.5
    seen = _drawing_order(target, flat, corners)
    labels = _paint(flat, seen, (rows, columns))
    y, x = np.mgrid[:rows, :columns].astype(np.float32)

    def mapped(source: Floats) -> Floats:
        at = np.concatenate([_whole(flat, source), _each(flat, source, seen)])[labels]
        grid = at[..., 0, :] * x[..., None] + at[..., 1, :] * y[..., None] + at[..., 2, :]
        return np.asarray(cv2.resize(grid, (w, h), interpolation=cv2.INTER_LINEAR), np.float32)

    return [mapped(source) for source in sources]


def _drawing_order(target: Floats, flat: Floats, corners: Triangles) -> Triangles:
    """The triangles that face us, farthest first."""
    facing = corners[_areas(flat, corners) > 1e-3]
    depth = target[:, 2][facing].mean(1)
    return facing[np.argsort(-depth, kind="stable")]


def _paint(flat: Floats, seen: Triangles, size: tuple[int, int]) -> npt.NDArray[np.int32]:
    """Which triangle covers each cell, counted from 1; 0 = none."""
    labels = np.zeros(size, np.int32)
    fixed = np.round(flat * (1 << _SUBPIXEL)).astype(np.int32)[seen]
    for label, corner in enumerate(fixed, 1):
        cv2.fillConvexPoly(labels, corner, label, shift=_SUBPIXEL)
    return labels


def _each(flat: Floats, source: Floats, seen: Triangles) -> Floats:
    """Affine map of each triangle, float32 (m, 3, 2)."""
    corners = np.concatenate([flat[seen], np.ones((*seen.shape, 1), np.float32)], 2).astype(np.float64)
    return np.linalg.solve(corners, source[:, :2][seen].astype(np.float64)).astype(np.float32)


def _whole(flat: Floats, source: Floats) -> Floats:
    """One affine map that fits all points best, float32 (1, 3, 2)."""
    known = np.hstack([flat, np.ones((len(flat), 1), np.float32)])
    return np.linalg.lstsq(known, source[:, :2], rcond=None)[0].astype(np.float32)[None]
