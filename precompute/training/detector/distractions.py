"""Things that are no faces but look a little like them, or stand before them: skin, hair, windows, round things, bars."""

from collections.abc import Callable
from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from precompute.training.detector.scenery import colour

Pixels = npt.NDArray[np.uint8]


def skin(rng: np.random.Generator) -> tuple[float, float, float]:
    """A skin's colour, BGR, from light to dark."""
    light, red = rng.uniform(40, 245), rng.uniform(1.15, 1.7)
    return light / red**1.6, light / red, light


def shaded(pixels: Pixels, mask: Pixels, rng: np.random.Generator) -> None:
    """Darken what the mask (h, w) marks towards one side, in place, as if it were round."""
    low = np.repeat(rng.uniform(0.55, 1.2, (2, 2, 1)).astype(np.float32), 3, 2)
    ramp = cv2.resize(low, pixels.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    cv2.copyTo(cv2.multiply(pixels, ramp, dtype=cv2.CV_8U), mask, pixels)


def blob(pixels: Pixels, at: tuple[int, int], size: int, rng: np.random.Generator) -> None:
    """A smooth oval of skin, as a palm, a knee or the back of a bald head."""
    mask = np.zeros(pixels.shape[:2], np.uint8)
    axes = (max(1, int(size * rng.uniform(0.35, 0.6))), max(1, int(size * rng.uniform(0.4, 0.8))))
    cv2.ellipse(mask, at, axes, float(rng.uniform(0, 180)), 0, 360, 255, -1)
    pixels[mask > 0] = skin(rng)
    shaded(pixels, mask, rng)


def hand(pixels: Pixels, at: tuple[int, int], size: int, rng: np.random.Generator) -> None:
    """An arm with fingers."""
    mask, thick, x, y = np.zeros(pixels.shape[:2], np.uint8), max(2, size // 4), *at
    angle = rng.uniform(0, 2 * np.pi)
    end = (int(x + np.cos(angle) * size * 2), int(y + np.sin(angle) * size * 2))
    cv2.line(mask, at, end, 255, thick * 2)
    cv2.circle(mask, at, max(1, int(thick * 1.3)), 255, -1)
    for finger in range(int(rng.integers(0, 6))):
        away = angle + np.pi + (finger - 2) * 0.35
        tip = (int(x + np.cos(away) * size * 0.8), int(y + np.sin(away) * size * 0.8))
        cv2.line(mask, at, tip, 255, max(1, thick // 2))
    pixels[mask > 0] = skin(rng) if rng.random() < 0.7 else colour(rng)
    shaded(pixels, mask, rng)


def fist(pixels: Pixels, at: tuple[int, int], size: int, rng: np.random.Generator) -> None:
    """Fingers side by side, each round by itself, over the back of a hand."""
    tone, angle, bend = np.array(skin(rng)), rng.uniform(0, np.pi), rng.uniform(-0.2, 0.2)
    along, across = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    cv2.circle(pixels, at, max(1, size // 3), (tone * rng.uniform(0.7, 1.0)).tolist(), -1)
    thick = max(1, int(size * rng.uniform(0.1, 0.16)))
    for finger in range(int(rng.integers(3, 6))):
        start = np.array(at) + across * (finger - 2) * thick * 1.15
        end = start + (along + across * bend * (finger - 2)) * size * rng.uniform(0.3, 0.6)
        for share, width in ((0.6, 1.15), (0.9, 0.8), (1.05, 0.4)):
            shade = (tone * share).clip(0, 255).tolist()
            cv2.line(pixels, _whole(start), _whole(end), shade, max(1, int(thick * width)), cv2.LINE_AA)


def window(pixels: Pixels, at: tuple[int, int], size: int, rng: np.random.Generator) -> None:
    """A frame with an arch or none, panes in it, light or dark behind: window, door, lantern, picture."""
    w, h = max(2, int(size * rng.uniform(0.25, 0.5))), max(2, int(size * rng.uniform(0.35, 0.7)))
    frame, inside = colour(rng), colour(rng)
    for grow, tone in ((1.0, frame), (rng.uniform(0.7, 0.9), inside)):
        x, y = int(w * grow), int(h * grow)
        cv2.rectangle(pixels, (at[0] - x, at[1] - y), (at[0] + x, at[1] + y), tone, -1)
        if rng.random() < 0.5:
            cv2.ellipse(pixels, (at[0], at[1] - y), (x, x), 0, 180, 360, tone, -1)
    if rng.random() < 0.5:
        light = (np.array(inside) * 0.3 + 170).clip(0, 255).tolist()
        cv2.circle(pixels, (at[0], at[1] + int(h * rng.uniform(-0.5, 0.5))), max(1, w // 2), light, -1)
    line = max(1, size // 30)
    for k in range(1, int(rng.integers(1, 5))):
        y = at[1] - h + 2 * h * k // 5
        cv2.line(pixels, (at[0] - w, y), (at[0] + w, y), frame, line)
    for k in range(1, int(rng.integers(1, 4))):
        x = at[0] - w + 2 * w * k // 4
        cv2.line(pixels, (x, at[1] - h), (x, at[1] + h), frame, line)


def hair(pixels: Pixels, at: tuple[int, int], size: int, rng: np.random.Generator) -> None:
    """A head of hair from behind."""
    tone = np.array(skin(rng)) * rng.uniform(0.1, 0.9)
    long = rng.uniform(0.5, 1.6)
    cv2.ellipse(pixels, at, (max(1, size // 2), max(1, int(size * 0.6))), 0, 0, 360, tone.tolist(), -1)
    for _ in range(40):
        strand = (tone * rng.uniform(0.5, 1.6)).clip(0, 255).tolist()
        axes = (max(1, int(size * rng.uniform(0.05, 0.5))), max(1, int(size * rng.uniform(0.4, 0.65) * long)))
        cv2.ellipse(pixels, (at[0], at[1]), axes, float(rng.normal(0, 5)), 180, 360, strand, max(1, size // 40))
        cv2.ellipse(pixels, (at[0], at[1]), axes, float(rng.normal(0, 5)), 0, 180, strand, max(1, size // 40))


def ring(pixels: Pixels, at: tuple[int, int], size: int, rng: np.random.Generator) -> None:
    """A round thing with round things on it: clock, wheel, lamp, plate, button, doll."""
    cv2.circle(pixels, at, max(2, size // 2), colour(rng), -1)
    for _ in range(int(rng.integers(0, 5))):
        off = rng.normal(0, size / 5, 2).astype(int)
        there, radius = (at[0] + int(off[0]), at[1] + int(off[1])), max(1, int(size * rng.uniform(0.04, 0.3)))
        cv2.circle(pixels, there, radius, colour(rng), int(rng.choice([-1, 1, 2])))
    if rng.random() < 0.3:
        cv2.ellipse(pixels, at, (max(1, size // 4), max(1, size // 5)), 0, 10, 170, colour(rng), max(1, size // 20))


def bar(pixels: Pixels, at: tuple[int, int], size: int, rng: np.random.Generator) -> None:
    """A pole, a cable, a branch, a microphone's stand."""
    away = rng.normal(0, size * 2, 2).astype(int)
    end = (at[0] + int(away[0]), at[1] + int(away[1]))
    cv2.line(pixels, (2 * at[0] - end[0], 2 * at[1] - end[1]), end, colour(rng), max(1, int(size * rng.uniform(0.03, 0.25))))


def writing(pixels: Pixels, at: tuple[int, int], size: int, rng: np.random.Generator) -> None:
    """A word or a number, as on shirts and signs."""
    words = "".join(rng.choice(list("AEGHKMORSTVX0368&"), int(rng.integers(1, 7))))
    cv2.putText(pixels, words, at, int(rng.integers(0, 8)), max(0.2, size / 40), colour(rng), max(1, size // 20))


def glasses(pixels: Pixels, eyes: npt.NDArray[np.float32], rng: np.random.Generator) -> None:
    """Dark or clear glasses on two eyes (2, 2)."""
    (ax, ay), (bx, by) = eyes.astype(int).tolist()
    apart = max(2.0, float(np.hypot(bx - ax, by - ay)))
    tone, line = [float(v) for v in rng.uniform(0, 90, 3)], -1 if rng.random() < 0.5 else max(1, int(apart / 14))
    slant = float(np.degrees(np.arctan2(by - ay, bx - ax)))
    for at in ((ax, ay), (bx, by)):
        cv2.ellipse(pixels, at, (max(1, int(apart * 0.38)), max(1, int(apart * 0.3))), slant, 0, 360, tone, line)
    cv2.line(pixels, (ax, ay), (bx, by), tone, max(1, int(apart / 14)))


_THINGS: Final[Sequence[Callable[[Pixels, tuple[int, int], int, np.random.Generator], None]]] = (
    blob, hand, fist, fist, hair, ring, window, bar, writing,
)  # fmt: skip


def thing(pixels: Pixels, at: tuple[int, int], size: int, rng: np.random.Generator) -> None:
    """One of all of them, in place, around a point, about so many pixels wide."""
    _THINGS[int(rng.integers(len(_THINGS)))](pixels, at, size, rng)


def _whole(at: npt.NDArray[np.float64]) -> tuple[int, int]:
    return int(at[0]), int(at[1])
