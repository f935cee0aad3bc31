"""The shapes of faces, turned to the front and laid over each other."""

import numpy as np
import numpy.typing as npt

from precompute import landmarks

Floats = npt.NDArray[np.float32]


def aligned(meshes: Floats, reference: Floats) -> Floats:
    """Meshes (m, 478, 3) -> the same shifted, turned in space and scaled onto the reference (478, 3); float32."""
    return np.stack([_onto(mesh, reference) for mesh in meshes])


def _onto(mesh: Floats, reference: Floats) -> Floats:
    """Kabsch, Acta Crystallographica A32, 1976: the rotation that brings two sets of points nearest to each other."""
    own, there = mesh[: landmarks.POINTS].mean(0), reference[: landmarks.POINTS].mean(0)
    a, b = mesh[: landmarks.POINTS] - own, reference[: landmarks.POINTS] - there
    u, values, v = np.linalg.svd((a.T @ b).astype(np.float64))
    handed = np.array([1, 1, np.sign(np.linalg.det(u @ v))])
    scale = float((values * handed).sum()) / float(np.square(a).sum())
    return np.asarray((mesh - own) @ ((u * handed) @ v) * scale + there, np.float32)
