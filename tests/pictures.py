"""Pictures made on the spot: texture, edges and saturated colours, in every way a JPEG can be written."""

import io
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

Pixels = npt.NDArray[np.uint8]

SAMPLING = {
    "444": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
    "422": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422,
    "420": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
    "440": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_440,
    "411": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_411,
}


def texture(width: int, height: int, seed: int = 0) -> Pixels:
    """BGR uint8: smooth colour, noise, and hard edges."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (max(2, height // 24), max(2, width // 24), 3), np.uint8)
    smooth = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.int16)
    noisy = smooth + rng.normal(0, 9, smooth.shape).astype(np.int16)
    noisy[:: max(1, height // 5)] = 255
    return noisy.clip(0, 255).astype(np.uint8)


def jpeg(pixels: Pixels, sampling: str = "420", quality: int = 85, **flags: int) -> bytes:
    """OpenCV's encoder; flags are ``IMWRITE_JPEG_<NAME>``."""
    options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, SAMPLING[sampling]]
    for name, value in flags.items():
        options += [getattr(cv2, f"IMWRITE_JPEG_{name.upper()}"), value]
    return bytes(cv2.imencode(".jpg", pixels, options)[1])


def saved(pixels: Pixels, form: str = "JPEG", mode: str = "RGB", **options: Any) -> bytes:
    """Pillow's encoders."""
    out = io.BytesIO()
    Image.fromarray(pixels[:, :, ::-1]).convert(mode).save(out, form, **options)
    return out.getvalue()


def by_opencv(data: bytes) -> Pixels:
    """Decoded as most servers do, orientation applied."""
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    return decoded


def by_pillow(data: bytes) -> npt.NDArray[np.uint8]:
    """Decoded as stored, in the file's own mode."""
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image)
