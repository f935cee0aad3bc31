"""Backgrounds without faces: drawn ones, and corners of portraits beside the person."""

from collections.abc import Callable
from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from precompute.training.detector.portraits import View

Pixels = npt.NDArray[np.uint8]
_LETTERS: Final = "ABDEFGHKLMNOPRSTUVXYZ abcdefghiklmnoprstuvwyz 0123456789 .,:;!?&%@#"


def colour(rng: np.random.Generator) -> tuple[int, int, int]:
    """Any colour, the dull ones more often."""
    base, spread = rng.uniform(10, 245), rng.exponential(35)
    b, g, r = (base + rng.normal(0, spread, 3)).clip(0, 255)
    return int(b), int(g), int(r)


def clouds(side: int, rng: np.random.Generator) -> Pixels:
    """Noise of several octaves between two or three colours: walls, sky, ground, cloth."""
    plane = np.zeros((side, side), np.float32)
    for octave in range(int(rng.integers(1, 7))):
        cells = (int(rng.integers(1, 3) * 2**octave + 1), int(rng.integers(1, 3) * 2**octave + 1))
        low = rng.random(cells[::-1]).astype(np.float32)
        plane += cv2.resize(low, (side, side), interpolation=cv2.INTER_CUBIC) * rng.uniform(0.4, 0.8) ** octave
    plane = (plane - plane.min()) / max(float(np.ptp(plane)), 1e-6)
    stops = np.array([colour(rng) for _ in range(3)], np.float32)
    at, middle = np.linspace(0, 1, 256), rng.uniform(0.3, 0.7)
    table = np.stack([np.interp(at, [0, middle, 1], stops[:, c]) for c in range(3)], 1).astype(np.uint8)
    return np.asarray(cv2.LUT(cv2.cvtColor((plane * 255).astype(np.uint8), cv2.COLOR_GRAY2BGR), table[None]), np.uint8)


def leaves(side: int, rng: np.random.Generator) -> Pixels:
    """Many small strokes of like colours: trees, grass, gravel, crowds from afar."""
    made, base, size = clouds(side, rng), np.array(colour(rng)), rng.uniform(2, 12)
    for _ in range(int(rng.integers(100, 300))):
        tone = (base * rng.uniform(0.3, 1.7) + rng.normal(0, 10, 3)).clip(0, 255)
        axes = (int(size * rng.uniform(0.3, 1.5)) + 1, int(size * rng.uniform(0.2, 0.8)) + 1)
        at = tuple(int(v) for v in rng.integers(0, side, 2))
        cv2.ellipse(made, at, axes, float(rng.uniform(0, 180)), 0, 360, tone.tolist(), -1)
    return made


def building(side: int, rng: np.random.Generator) -> Pixels:
    """Rows of like boxes with frames: windows, shelves, tiles, bricks, shirts in checks."""
    made = clouds(side, rng)
    w, h = (int(rng.integers(6, 70)) for _ in range(2))
    inner, frame, fill = rng.uniform(0.4, 0.95), colour(rng), colour(rng)
    for top in range(int(rng.integers(-h, 0)), side, h):
        for left in range(int(rng.integers(-w, 0)), side, w):
            low = (left + int(w * inner), top + int(h * inner))
            tone = (np.array(fill) * rng.uniform(0.7, 1.3)).clip(0, 255).tolist()
            cv2.rectangle(made, (left, top), low, tone, -1)
            cv2.rectangle(made, (left, top), low, frame, 1)
    return warped(made, rng)


def stripes(side: int, rng: np.random.Generator) -> Pixels:
    """Parallel bars: blinds, stairs, curtains, floors."""
    made, step = clouds(side, rng), int(rng.integers(3, 40))
    tone, wide = colour(rng), rng.uniform(0.2, 0.8)
    for at in range(0, side, step):
        cv2.rectangle(made, (at, 0), (at + int(step * wide), side), tone, -1)
    return warped(made if rng.random() < 0.5 else np.ascontiguousarray(made.transpose(1, 0, 2)), rng)


def clutter(side: int, rng: np.random.Generator) -> Pixels:
    """Shapes of all kinds over each other: furniture, plates, signs with writing."""
    made = clouds(side, rng)
    for _ in range(int(rng.integers(5, 40))):
        x, y, w, h = (int(v) for v in (*rng.integers(-20, side, 2), *rng.integers(3, side // 2, 2)))
        tone, line = colour(rng), int(rng.choice([-1, -1, 1, 2, 4]))
        kind = rng.integers(4)
        if kind == 0:
            cv2.rectangle(made, (x, y), (x + w, y + h), tone, line)
        elif kind == 1:
            cv2.ellipse(made, (x, y), (w // 3 + 1, h // 3 + 1), float(rng.uniform(0, 180)), 0, 360, tone, line)
        elif kind == 2:
            corners = rng.integers(0, max(w, h), (int(rng.integers(3, 6)), 2)).astype(np.int32)
            cv2.fillPoly(made, [corners], tone, offset=(x, y))
        else:
            words = "".join(rng.choice(list(_LETTERS), int(rng.integers(1, 15))))
            cv2.putText(made, words, (x, y), int(rng.integers(0, 8)), float(rng.uniform(0.3, 2.5)), tone, abs(line))
    return made


def warped(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Seen at a slant."""
    side = pixels.shape[0]
    corners = np.array([[0, 0], [side, 0], [side, side], [0, side]], np.float32)
    moved = corners + rng.normal(0, side * 0.15, (4, 2)).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(corners, moved)
    return np.asarray(cv2.warpPerspective(pixels, matrix, (side, side), borderMode=cv2.BORDER_REFLECT_101), np.uint8)


def beside(view: View, side: int, rng: np.random.Generator) -> Pixels:
    """What a portrait shows beside and below its face, enlarged or laid out in mirrored tiles."""
    x, y, w, h = view.box
    strips = [view.pixels[:, : int(x - w * 0.3)], view.pixels[:, int(x + w * 1.3) :], view.pixels[int(y + h * 1.1) :]]
    strips = [strip for strip in strips if min(strip.shape[:2]) >= 12]
    if not strips:
        return clouds(side, rng)
    strip = strips[int(rng.integers(len(strips)))]
    scale = np.exp(rng.uniform(-0.7, 1.5))
    size = tuple(int(np.clip(v * scale, 12, side)) for v in strip.shape[1::-1])
    tile = cv2.resize(strip, size, interpolation=cv2.INTER_LINEAR)
    bottom, right = side - tile.shape[0], side - tile.shape[1]
    return np.asarray(cv2.copyMakeBorder(tile, 0, bottom, 0, right, cv2.BORDER_REFLECT), np.uint8)


_DRAWN: Final[Sequence[Callable[[int, np.random.Generator], Pixels]]] = (clouds, leaves, building, stripes, clutter)


def background(side: int, rng: np.random.Generator, views: Sequence[View]) -> Pixels:
    """BGR uint8 (side, side, 3) without a face: one kind of background, or two side by side."""
    made = _one(side, rng, views)
    if rng.random() < 0.5:
        other, edge = _one(side, rng, views), int(rng.integers(side // 5, side))
        if rng.random() < 0.5:
            made[edge:] = other[edge:]
        else:
            made[:, edge:] = other[:, edge:]
    return made


def _one(side: int, rng: np.random.Generator, views: Sequence[View]) -> Pixels:
    if rng.random() < 0.4:
        return beside(views[int(rng.integers(len(views)))], side, rng)
    return _DRAWN[int(rng.integers(len(_DRAWN)))](side, rng)
