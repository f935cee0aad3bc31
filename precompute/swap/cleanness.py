"""How plain the faces of a gallery are: sunglasses, paint, hands and deep shadows stand out from the crowd."""

from typing import Final

import numpy as np
import numpy.typing as npt

from precompute import landmarks
from precompute.swap import light

Floats = npt.NDArray[np.float32]

MOST: Final = 4.0
PEERS: Final = 0.25


def ranks(skins: Floats, meshes: Floats, lights: Floats) -> Floats:
    """Log colours (n, 468, 3) at the points of n meshes (n, 478, 3), lights (n, 6, 3) -> float32 (n,) in 0..1, 0 = plainest.

    A face is compared with the quarter of the gallery that is nearest to it in lightness. Against the whole gallery dark
    skin, on which light plays more, would count as less plain, and people would get lighter faces than their own.
    """
    details = np.stack([_detail(*face) for face in zip(skins, meshes, lights, strict=True)])
    order = np.argsort(lights[:, 0].mean(1), kind="stable")
    odd = np.empty(len(order), np.float32)
    odd[order] = _oddness(details[order])
    ranked = np.empty(len(order), np.float32)
    ranked[order] = _rank_among_peers(odd[order])
    return ranked


def _detail(skin: Floats, mesh: Floats, lit: Floats) -> Floats:
    """What a face has beside its own smooth light and colour, float32 (468, 3)."""
    at = light.frame(mesh, mesh[: landmarks.POINTS, :2])
    return np.asarray(skin - light.basis(at) @ lit, np.float32)


def _peers(i: int, total: int) -> slice:
    half = max(1, round(total * PEERS / 2))
    start = min(max(i - half, 0), max(total - 2 * half - 1, 0))
    return slice(start, start + 2 * half + 1)


def _oddness(details: Floats) -> Floats:
    """Mean deviation of each from the median of its peers, in units of the usual spread, point by point."""
    middle = np.median(details, 0)
    spread = np.maximum(np.median(np.abs(details - middle), 0) * 1.4826, 0.02)
    return np.asarray(np.minimum(np.abs(details - middle) / spread, MOST).mean((1, 2)), np.float32)


def _rank_among_peers(odd: Floats) -> Floats:
    return np.array([(odd[_peers(i, len(odd))] < value).mean() for i, value in enumerate(odd)], np.float32)
