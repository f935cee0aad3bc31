"""How plain the faces of a gallery are: sunglasses, paint, hands and deep shadows stand out from the crowd."""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from precompute import align
from precompute import landmarks
from precompute.swap import light

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

MOST: Final = 4.0
PEERS: Final = 0.25
PATCH: Final = 128
STRICTNESS: Final = np.array([[1], [1.15], [1.2], [1]], np.float32)  # rims and fringes are what people notice first

# Points of the mesh where bare skin is smooth and where rims, fringes and hats are not.
RIMS: Final = [
    111, 117, 118, 119, 120, 121, 128, 100, 101, 47, 340, 346, 347, 348, 349, 350, 357, 329, 330, 277,
    6, 122, 351, 196, 419, 168, 193, 417, 245, 465, 188, 412,
]  # fmt: skip
FOREHEAD: Final = [10, 109, 338, 67, 297, 151, 108, 337, 69, 299, 104, 333, 103, 332]


def edges(pixels: Pixels, mesh: Floats) -> Floats:
    """BGR uint8 (h, w, 3) and mesh (478, 3) -> float32 (468,): fine contrast of the log lightness around each point."""
    matrix = align.turned_square(light.middle(mesh), 1.6 * light.size(mesh), 0.0, PATCH)
    patch = cv2.cvtColor(align.crop(pixels, matrix, PATCH), cv2.COLOR_BGR2GRAY)
    logs = np.log(patch.astype(np.float32) + np.float32(12))
    fine = cv2.GaussianBlur(np.abs(logs - cv2.GaussianBlur(logs, (0, 0), 2)), (0, 0), 1.2)
    at = align.apply(matrix, mesh[: landmarks.POINTS, :2]).astype(np.float32)
    return np.asarray(cv2.remap(fine, at[None], None, cv2.INTER_LINEAR)[0], np.float32)


def ranks(skins: Floats, meshes: Floats, lights: Floats, edged: Floats) -> Floats:
    """Log colours (n, 468, 3) at the points of n meshes (n, 478, 3), lights (n, 6, 3), edges (n, 468) -> float32 (n,).

    0 = plainest, 1 = oddest: in colours, in edges around the eyes, on the forehead, or in light, whichever is worst.
    A face is compared with the quarter of the gallery that is nearest to it in lightness. Against the whole gallery dark
    skin, on which light plays more, would count as less plain, and people would get lighter faces than their own.
    """
    details = np.stack([_detail(*face) for face in zip(skins, meshes, lights, strict=True)])
    order = np.argsort(lights[:, 0].mean(1), kind="stable")
    fringe = np.abs(details[:, FOREHEAD]).mean((1, 2)) + edged[:, FOREHEAD].mean(1)
    harsh = np.abs(lights[:, 1:]).mean((1, 2))
    judged = [_rank_among_peers(odd[order]) for odd in (_oddness(details), edged[:, RIMS].mean(1), fringe, harsh)]
    ranked = np.empty(len(order), np.float32)
    ranked[order] = np.minimum(np.max(np.array(judged) * STRICTNESS, 0), 1)
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
    """Mean deviation of each from the median face, in units of the usual spread, point by point."""
    middle = np.median(details, 0)
    spread = np.maximum(np.median(np.abs(details - middle), 0) * 1.4826, 0.02)
    return np.asarray(np.minimum(np.abs(details - middle) / spread, MOST).mean((1, 2)), np.float32)


def _rank_among_peers(odd: Floats) -> Floats:
    return np.array([(odd[_peers(i, len(odd))] < value).mean() for i, value in enumerate(odd)], np.float32)
