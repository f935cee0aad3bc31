"""The inside of an open mouth: lifted from one face as a small picture between the lips, drawn between the lips of another."""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

# The inner edges of the lips, from corner to corner (MediaPipe canonical face model).
UPPER: Final = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
LOWER: Final = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
SIZE: Final = (24, 48)  # rows, columns
LEAST_GAP: Final = 0.05  # of the mouth's width; a mouth less open than this shows no inside
SMOOTH: Final = 0.08  # of the gap: how soft its edge is
BRIGHTER: Final = (0.55, 1.25)


def lifted(pixels: Pixels, mesh: Floats) -> Pixels:
    """BGR uint8 (h, w, 3) and mesh (478, 3) -> what is between the lips, BGR uint8 (24, 48, 3), upper lip on top."""
    rows, columns = SIZE
    across = np.linspace(0, len(UPPER) - 1, columns)
    known = range(len(UPPER))
    upper, lower = (np.stack([np.interp(across, known, mesh[list(edge), i]) for i in (0, 1)], 1) for edge in (UPPER, LOWER))
    down = ((np.arange(rows) + 0.5) / rows)[:, None, None]
    places = (upper[None] * (1 - down) + lower[None] * down).astype(np.float32)
    return np.asarray(cv2.remap(pixels, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def gap(mesh: Floats) -> float:
    """How far the lips are apart in the middle, as a share of the mouth's width between the inner corners."""
    width = float(np.linalg.norm(mesh[UPPER[-1], :2] - mesh[UPPER[0], :2]))
    return float(np.linalg.norm(mesh[LOWER[5], :2] - mesh[UPPER[5], :2])) / max(width, 1e-3)


def draw(face: Floats, mesh: Floats, inside: Pixels, gain: Floats) -> None:
    """Draw, in place, the inside of a mouth on a face BGR float32 (h, w, 3) whose mesh (478, 3) is in its pixels.

    ``gain`` float32 (3,): how much brighter each colour of the light is than where the inside was lifted.
    """
    if gap(mesh) < LEAST_GAP:
        return
    corner, size = _bounds(mesh, face.shape)
    if min(size) < 1:
        return
    share, places = _map(mesh, corner, size)
    light = np.clip(gain, *BRIGHTER).astype(np.float32)
    drawn = cv2.remap(inside, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).astype(np.float32) * light
    window = face[corner[1] : corner[1] + size[0], corner[0] : corner[0] + size[1]]
    window += (drawn - window) * share[..., None]


def _bounds(mesh: Floats, shape: tuple[int, ...]) -> tuple[tuple[int, int], tuple[int, int]]:
    """Corner x, y and size (h, w) of the mouth's rectangle, as far as it lies in the picture."""
    edge = mesh[list(UPPER + LOWER), :2]
    low = np.clip(np.floor(edge.min(0)).astype(int) - 1, 0, [shape[1], shape[0]])
    high = np.clip(np.ceil(edge.max(0)).astype(int) + 2, low, [shape[1], shape[0]])
    return (int(low[0]), int(low[1])), (int(high[1] - low[1]), int(high[0] - low[0]))


def _map(mesh: Floats, corner: tuple[int, int], size: tuple[int, int]) -> tuple[Floats, Floats]:
    """Per pixel of the rectangle: how far it lies in the mouth (h, w), and its place in the lifted picture (h, w, 2)."""
    upper, lower = (mesh[list(edge), :2].astype(np.float64) - corner for edge in (UPPER, LOWER))
    along = upper[-1] - upper[0]
    width = max(float(np.linalg.norm(along)), 1e-3)
    axes = np.stack([along, [-along[1], along[0]]]) / width**2  # x in 0..1 from corner to corner, y downwards in the same unit
    tops, bottoms = ((edge - upper[0]) @ axes.T for edge in (upper, lower))
    y, x = np.mgrid[: size[0], : size[1]]
    own = (np.stack([x, y], 2) - upper[0]) @ axes.T
    order_top, order_bottom = np.argsort(tops[:, 0]), np.argsort(bottoms[:, 0])
    top = np.interp(own[..., 0], tops[order_top, 0], tops[order_top, 1])
    bottom = np.interp(own[..., 0], bottoms[order_bottom, 0], bottoms[order_bottom, 1])
    down = (own[..., 1] - top) / np.maximum(bottom - top, 1e-6)
    soft = max(SMOOTH * float((bottom - top).max()), 0.7 / width)
    inside = np.minimum(own[..., 1] - top, bottom - own[..., 1]) / soft
    share = np.clip(inside, 0, 1) * ((own[..., 0] > 0) & (own[..., 0] < 1))
    places = np.stack([own[..., 0] * SIZE[1] - 0.5, down * SIZE[0] - 0.5], 2)
    return share.astype(np.float32), places.astype(np.float32)
