"""A symmetric mesh, and portraits without people."""

import numpy as np

from precompute.training.facemodel import portraits
from precompute.training.facemodel.portraits import Portrait
from tests.precompute.faces import shapes
from tests.precompute.faces.shapes import Floats


def even() -> Floats:
    """The made mesh, left and right alike: half of it and its mirror image, irises among themselves."""
    face = shapes.mesh(100, (0, 0))
    face[:, 0] = np.where(np.abs(face[:, 0]) < 1, 1, face[:, 0])  # on the middle line every point would be its own twin
    for start, stop in ((0, 468), (468, 478)):
        half = (stop - start) // 2
        face[start + half : stop] = face[start : start + half] * np.array([-1, 1, 1], np.float32)
    return face


def portrait(pixels: np.ndarray, mesh: Floats, i: int = 0) -> Portrait:
    """BGR uint8 (h, w, 3) and a mesh in it."""
    return portraits.Portrait(i, pixels.astype(np.uint8), mesh)


def turn(axis: int, degrees: float) -> Floats:
    """Rotation (3, 3) about one axis."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    matrix = np.eye(3)
    first, second = (i for i in range(3) if i != axis)
    matrix[[first, first, second, second], [first, second, first, second]] = (c, -s, s, c)
    return matrix.astype(np.float32)
