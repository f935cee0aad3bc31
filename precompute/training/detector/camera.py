"""What a camera and its software do to a picture: light, colour, blur, noise, scaling, JPEG."""

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]


def photographed(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """BGR uint8 (h, w, 3) -> the same scene under another light, through another lens, stored by another program."""
    made = lit(pixels, rng)
    if rng.random() < 0.15:
        made = cv2.convertScaleAbs(made, alpha=rng.uniform(0.05, 0.4))
    if rng.random() < 0.12:
        made = cv2.cvtColor(cv2.cvtColor(made, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    made = blurred(made, rng)
    if rng.random() < 0.5:
        grain = np.empty(made.shape[:2] if rng.random() < 0.5 else made.shape, np.int16)
        cv2.setRNGSeed(int(rng.integers(1 << 31)))
        cv2.randn(grain, (0, 0, 0, 0), (rng.uniform(1, 9),) * 4)
        made = (made + (grain[..., None] if grain.ndim == 2 else grain)).clip(0, 255).astype(np.uint8)
    return stored(made, rng)


def lit(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """BGR uint8 (h, w, 3): another exposure, contrast, white balance, saturation, and light that falls off to one side."""
    h, w = pixels.shape[:2]
    grey = cv2.cvtColor(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    saturation = rng.uniform(0.5, 1.4)
    made = cv2.addWeighted(pixels, saturation, grey, 1 - saturation, 0)
    curve = 255 * (np.arange(256) / 255) ** np.exp(rng.normal(0, 0.3))
    curve = (curve - 128) * rng.uniform(0.6, 1.25) + 128 + rng.normal(0, 15)
    curves = curve[:, None] * np.exp(rng.normal(0, 0.08, 3))
    made = cv2.LUT(made, curves.clip(0, 255).astype(np.uint8)[None])
    if rng.random() < 0.4:
        low = np.repeat(rng.uniform(0.35, 1.3, (2, 2, 1)).astype(np.float32), 3, 2)
        made = cv2.multiply(made, cv2.resize(low, (w, h), interpolation=cv2.INTER_LINEAR), dtype=cv2.CV_8U)
    return np.asarray(made, np.uint8)


def blurred(made: Pixels, rng: np.random.Generator) -> Pixels:
    """BGR uint8 (h, w, 3): out of focus, moved, or scaled down and up again; half of the time none."""
    kind, (h, w) = rng.random(), made.shape[:2]
    if kind < 0.2:
        return np.asarray(cv2.GaussianBlur(made, (0, 0), rng.uniform(0.4, 1.8)), np.uint8)
    if kind < 0.28:
        length = int(rng.integers(3, 8))
        kernel = np.zeros((length, length), np.float32)
        cv2.line(kernel, (0, int(rng.integers(length))), (length - 1, int(rng.integers(length))), 1.0)
        return np.asarray(cv2.filter2D(made, -1, kernel / kernel.sum()), np.uint8)
    if kind < 0.4:
        scale = rng.uniform(0.4, 0.9)
        small = cv2.resize(made, (round(w * scale), round(h * scale)), interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.resize(small, (w, h), interpolation=cv2.INTER_LINEAR), np.uint8)
    if kind < 0.5:
        return np.asarray(cv2.addWeighted(made, 1.6, cv2.GaussianBlur(made, (0, 0), 1.2), -0.6, 0), np.uint8)
    return made


def stored(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """BGR uint8: as JPEG of some quality gives it back; a third of the time untouched."""
    if rng.random() < 0.33:
        return pixels
    data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 96))])[1]
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
