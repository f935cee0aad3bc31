"""How plain the faces of a gallery are: sunglasses, paint, hands and deep shadows stand out from the crowd."""

from typing import Final

import numpy as np
import numpy.typing as npt

from precompute import landmarks
from precompute.swap import light

Floats = npt.NDArray[np.float32]

MOST: Final = 4.0


def scores(skins: Floats, meshes: Floats) -> Floats:
    """Log colours (n, 468, 3) at the mesh points of n faces (n, 478, 3) -> float32 (n,): mean deviation, smaller = plainer.

    Each face loses its own smooth light and colour; what remains is compared point by point with the median face, in units
    of the usual spread there.
    """
    details = np.stack([_detail(skin, mesh) for skin, mesh in zip(skins, meshes, strict=True)])
    middle = np.median(details, 0)
    spread = np.maximum(np.median(np.abs(details - middle), 0) * 1.4826, 0.02)
    return np.asarray(np.minimum(np.abs(details - middle) / spread, MOST).mean((1, 2)), np.float32)


def _detail(skin: Floats, mesh: Floats) -> Floats:
    at = light.frame(mesh, mesh[: landmarks.POINTS, :2])
    even = np.full(landmarks.POINTS, 1 / landmarks.POINTS, np.float32)
    return np.asarray(skin - light.basis(at) @ light.fit(skin, at, even), np.float32)
