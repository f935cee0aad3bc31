"""What light, things in the way and cameras do to a picture: all at random."""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from precompute import landmarks
from precompute.training.booth.pose import Posed

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

# How often each happens.
SHADE: Final = 0.15
GLASSES: Final = 0.12
THINGS: Final = 0.1
GRAY: Final = 0.08
SMALL: Final = 0.6
SHAKEN: Final = 0.12
SHARPENED: Final = 0.15
NOISY: Final = 0.5
SMALLEST: Final = 20.0  # pixels of a face's width
QUALITIES: Final = (30, 96)  # of JPEG


def shot(posed: Posed, rng: np.random.Generator) -> Pixels:
    """The picture as a camera might have taken it, BGR uint8 of the same size."""
    pixels = posed.pixels
    if rng.random() < GLASSES:
        pixels = glasses(pixels, posed.mesh, rng)
    if rng.random() < THINGS:
        pixels = thing(pixels, posed.mesh, rng)
    pixels = lit(pixels, rng)
    if rng.random() < SMALL:
        pixels = small(pixels, landmarks.width(posed.mesh), rng)
    if rng.random() < SHAKEN:
        pixels = shaken(pixels, rng)
    if rng.random() < SHARPENED:
        soft = cv2.GaussianBlur(pixels, (0, 0), 1.2)
        pixels = np.asarray(cv2.addWeighted(pixels, 1 + (k := float(rng.uniform(0.3, 1.2))), soft, -k, 0), np.uint8)
    if rng.random() < NOISY:
        grain = rng.normal(0, float(rng.uniform(1, 9)), pixels.shape)
        pixels = np.clip(pixels + grain, 0, 255).astype(np.uint8)
    if rng.random() < GRAY:
        pixels = np.asarray(cv2.cvtColor(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR), np.uint8)
    return coded(pixels, int(rng.integers(*QUALITIES)))


def coded(pixels: Pixels, quality: int) -> Pixels:
    """Through a JPEG of this quality."""
    _, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def lit(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Smooth light from somewhere, a colour cast, exposure, contrast, saturation, and sometimes the edge of a shadow."""
    h, w = pixels.shape[:2]
    y, x = np.mgrid[-1 : 1 : 12j, -1 : 1 : 12j].astype(np.float32)
    a = rng.normal(0, [0.25, 0.25, 0.12, 0.12, 0.12]).astype(np.float32)
    field = a[0] * x + a[1] * y + a[2] * x * y + a[3] * x * x + a[4] * y * y
    field = field[..., None] + rng.normal(0, 0.07, 3).astype(np.float32) + np.float32(rng.normal(0, 0.18))
    field = cv2.resize(np.asarray(field, np.float32), (w, h), interpolation=cv2.INTER_LINEAR)
    if rng.random() < SHADE:
        field += shadow((h, w), rng)[..., None]
    values = pixels.astype(np.float32) / 255 * np.exp(field)
    values = np.clip(values, 0, 1) ** np.float32(np.exp(rng.normal(0, 0.2)))
    luma = values @ np.array([0.114, 0.587, 0.299], np.float32)
    values = luma[..., None] + (values - luma[..., None]) * np.float32(np.exp(rng.normal(0, 0.25)))
    values = (values - 0.45) * np.float32(np.exp(rng.normal(0, 0.15))) + 0.45
    return np.clip(np.rint(values * 255), 0, 255).astype(np.uint8)


def shadow(size: tuple[int, int], rng: np.random.Generator) -> Floats:
    """Log gain (h, w) of a shadow with a soft straight edge."""
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float32)
    angle, off = rng.uniform(0, 2 * np.pi), rng.normal(0, size[0] / 8)
    side = (x - size[1] / 2) * np.cos(angle) + (y - size[0] / 2) * np.sin(angle) - off
    soft = float(rng.uniform(3, 25))
    return np.asarray(-float(rng.uniform(0.3, 1.1)) / (1 + np.exp(-np.clip(side / soft, -30, 30))), np.float32)


def small(pixels: Pixels, width: float, rng: np.random.Generator) -> Pixels:
    """As a picture in which the face is narrower, scaled up again."""
    h, w = pixels.shape[:2]
    factor = float(np.exp(rng.uniform(np.log(SMALLEST / width), 0) * rng.uniform(0.2, 1)))
    size = max(8, round(w * factor)), max(8, round(h * factor))
    down = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if rng.random() < 0.7 else cv2.INTER_LINEAR)
    if rng.random() < 0.5:
        down = coded(np.asarray(down, np.uint8), int(rng.integers(*QUALITIES)))
    kind = cv2.INTER_LINEAR if rng.random() < 0.6 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(down, (w, h), interpolation=kind), np.uint8)


def shaken(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Blurred along a short line, or all round."""
    if rng.random() < 0.5:
        return np.asarray(cv2.GaussianBlur(pixels, (0, 0), float(rng.uniform(0.6, 2.2))), np.uint8)
    length = int(rng.integers(3, 9))
    line = np.zeros((length, length), np.float32)
    angle = rng.uniform(0, np.pi)
    half = (length - 1) / 2
    for t in np.linspace(-half, half, 4 * length):
        line[round(half + t * np.sin(angle)), round(half + t * np.cos(angle))] = 1
    return np.asarray(cv2.filter2D(pixels, -1, line / line.sum()), np.uint8)


def glasses(pixels: Pixels, mesh: Floats, rng: np.random.Generator) -> Pixels:
    """Spectacles or sunglasses on the mesh's eyes."""
    out = pixels.copy()
    left, right = mesh[list(landmarks.LEFT_EYE), :2].mean(0), mesh[list(landmarks.RIGHT_EYE), :2].mean(0)
    apart = right - left
    span, angle = float(np.hypot(*apart)), float(np.degrees(np.arctan2(apart[1], apart[0])))
    axes = (span * rng.uniform(0.34, 0.46), span * rng.uniform(0.22, 0.4))
    colour = tuple(float(value) for value in rng.integers(0, 110, 3))
    thick = max(1, round(span * rng.uniform(0.02, 0.09)))
    down = np.array([-apart[1], apart[0]]) * rng.uniform(0, 0.1)
    if rng.random() < 0.4:
        dark = out.copy()
        for eye in (left, right):
            cv2.ellipse(dark, (tuple(map(float, eye + down)), (2 * axes[0], 2 * axes[1]), angle), colour, -1, cv2.LINE_AA)
        out = np.asarray(cv2.addWeighted(dark, share := float(rng.uniform(0.4, 1)), out, 1 - share, 0), np.uint8)
    for eye in (left, right):
        cv2.ellipse(out, (tuple(map(float, eye + down)), (2 * axes[0], 2 * axes[1]), angle), colour, thick, cv2.LINE_AA)
    unit = apart / max(span, 1e-3)
    for start, end in ((left + down + unit * axes[0], right + down - unit * axes[0]),):
        cv2.line(out, _whole(start), _whole(end), colour, thick, cv2.LINE_AA)
    return out


def thing(pixels: Pixels, mesh: Floats, rng: np.random.Generator) -> Pixels:
    """Something in front of a part of the face: an even blob with a grain, as a hand, a cup or a microphone may look."""
    out, wide = pixels.copy(), landmarks.width(mesh)
    at = mesh[int(rng.choice(landmarks.OVAL)), :2] + rng.normal(0, 0.1 * wide, 2)
    colour = pixels[tuple(rng.integers(0, len(pixels), 2))] if rng.random() < 0.5 else rng.integers(0, 256, 3)
    size = (float(rng.uniform(0.2, 0.8) * wide), float(rng.uniform(0.2, 0.6) * wide))
    cv2.ellipse(
        out, (tuple(map(float, at)), size, float(rng.uniform(0, 180))), tuple(map(float, colour)), -1, cv2.LINE_AA
    )
    return out


def _whole(point: npt.NDArray[np.floating]) -> tuple[int, int]:
    return round(float(point[0])), round(float(point[1]))
