"""Pieces of portraits that show no whole face, or none that anybody would know as one."""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from precompute.training.detector.portraits import SIDE
from precompute.training.detector.portraits import View

Pixels = npt.NDArray[np.uint8]

_WILDEST: Final = 0.6  # of the face's width, how far a distorted one's pixels are moved


def fragment(view: View, rng: np.random.Generator) -> Pixels:
    """One of all kinds, BGR uint8 (h, w, 3) of any size, mirrored or not."""
    kind = rng.random()
    made = part if kind < 0.38 else behind if kind < 0.6 else distorted if kind < 0.8 else scrambled
    piece = made(view, rng)
    return np.ascontiguousarray(piece if rng.random() < 0.5 else piece[:, ::-1])


def part(view: View, rng: np.random.Generator) -> Pixels:
    """Hair, chin and collar, a cheek and its ear, anything small; or the whole portrait upside down."""
    x, y, w, h = (int(v) for v in view.box)
    kind = rng.integers(8)
    if kind == 0:
        return view.pixels[: max(8, y + int(h * 0.25))]
    if kind == 1:
        return view.pixels[min(SIDE - 8, y + int(h * rng.uniform(0.75, 1.0))) :]
    if kind == 2:
        return view.pixels[:, : max(8, x + int(w * rng.uniform(0.1, 0.3)))]
    if kind == 3:
        return view.pixels[:, min(SIDE - 8, x + int(w * rng.uniform(0.7, 0.9))) :]
    if kind == 4:
        return view.pixels[::-1]
    side = int(rng.integers(16, max(18, w // 2)))
    left, top = rng.integers(0, SIDE - side, 2)
    return view.pixels[top : top + side, left : left + side]


def behind(view: View, rng: np.random.Generator) -> Pixels:
    """The portrait as if it looked away: what lies above the forehead, hair mostly, where its face was."""
    x, y, w, h = (int(v) for v in view.box)
    top, left = max(0, y - int(h * 0.3)), max(0, x + int(w * 0.1))
    hair = view.pixels[top : max(top + 8, y - int(h * 0.04)), left : max(left + 8, x + int(w * 0.9))]
    scale = float(np.exp(rng.uniform(-0.2, 1.2)))
    hair = np.asarray(cv2.resize(hair, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR), np.uint8)
    high, wide = -(-SIDE // hair.shape[0]), -(-SIDE // hair.shape[1])
    tiles = [[hair[:: 1 - 2 * (i % 2), :: 1 - 2 * (j % 2)] for j in range(wide)] for i in range(high)]
    over = np.vstack([np.hstack(row) for row in tiles])[:SIDE, :SIDE]
    mask = np.zeros((SIDE, SIDE), np.uint8)
    reach = (int(w * rng.uniform(0.55, 0.7)), int(h * rng.uniform(0.6, 0.75)))
    cv2.ellipse(mask, (x + w // 2, y + h // 2), reach, 0, 0, 360, 255, -1)
    share = cv2.GaussianBlur(mask, (0, 0), w * 0.04).astype(np.float32) / 255
    out = cv2.blendLinear(np.ascontiguousarray(over), np.ascontiguousarray(view.pixels), share, 1 - share)
    return np.asarray(out, np.uint8)


def distorted(view: View, rng: np.random.Generator) -> Pixels:
    """The face with its pixels moved far, smoothly: curved things of skin and hair, as hands and folds are."""
    far = float(view.box[2]) * rng.uniform(0.3, _WILDEST)
    cells = int(rng.integers(3, 8))
    moves = rng.normal(0, far, (2, cells, cells)).astype(np.float32)
    rows, columns = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    x, y = (cv2.resize(move, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC) for move in moves)
    moved = np.asarray(cv2.remap(view.pixels, columns + x, rows + y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT), np.uint8)
    return _face(view, moved)


def scrambled(view: View, rng: np.random.Generator) -> Pixels:
    """The face cut in tiles that change places: all that a face has, and not as a face has it."""
    face = _face(view, view.pixels)
    count = int(rng.integers(2, 5))
    h, w = face.shape[0] // count, face.shape[1] // count
    if min(h, w) < 4:
        return face[::-1]
    tiles = [face[i * h : (i + 1) * h, j * w : (j + 1) * w] for i in range(count) for j in range(count)]
    order = rng.permutation(len(tiles))
    return np.vstack([np.hstack([tiles[k] for k in order[i * count : (i + 1) * count]]) for i in range(count)])


def _face(view: View, pixels: Pixels) -> Pixels:
    """What lies in the face's box."""
    x, y, w, h = (int(v) for v in view.box)
    return pixels[max(0, y) : y + h, max(0, x) : x + w]
