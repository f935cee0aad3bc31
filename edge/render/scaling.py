"""A picture made smaller, or in another format: decoded, scaled, cut and encoded, the way that costs a thousand splices.

What comes out holds pixels and the colour profile, which is ours (``precompute.icc``); nothing else of a file survives. OpenCV is
loaded when the first picture is made: an edge that only splices need not spend the time and memory.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Any
from typing import Final
from typing import Literal

from edge.cache import key
from edge.errors import OriginFailed
from edge.render.request import Rendition
from edge.render.splice import Buffer

Format = Literal["jpeg", "webp", "avif"]

TYPES: Final[dict[Format, str]] = {"jpeg": "image/jpeg", "webp": "image/webp", "avif": "image/avif"}
ENDINGS: Final[dict[Format, str]] = {"jpeg": ".jpg", "webp": ".webp", "avif": ".avif"}
AVIF_SPEED: Final = 8  # 0 to 10; the slower ones take seconds
TAG_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Form:
    """A picture of ``source`` px scaled to ``scaled`` px, of which the middle ``size`` px stay: width and height, upright."""

    source: tuple[int, int]
    scaled: tuple[int, int]
    size: tuple[int, int]
    format: Format
    quality: int

    def tag(self, source: str) -> str:
        """The strong entity tag of what is made of the picture with that tag: another encoder may write other bytes."""
        whole = f"{self.scaled} {self.size} {self.format} {self.quality} {_opencv().__version__}"
        return f'"{sha256(key.joined(source.encode(), whole.encode())).digest()[:TAG_BYTES].hex()}"'


@cache
def _opencv() -> Any:
    import cv2

    cv2.setNumThreads(1)  # one thread each, so that as many processors are busy as there are scalers
    return cv2


def sizes(photo: tuple[int, int], asked: Rendition) -> tuple[tuple[int, int], tuple[int, int]]:
    """Width and height of a photo, upright, and what is asked for -> what it is scaled to, and what stays; never enlarged."""
    ratios = [box / own for box, own in zip((asked.width, asked.height), photo, strict=True) if box is not None]
    ratio = min(1.0, (max if asked.fit == "cover" else min)(ratios, default=1.0))
    width, height = (max(1, round(own * ratio)) for own in photo)
    if asked.fit != "cover" or asked.width is None or asked.height is None:
        return (width, height), (width, height)
    return (width, height), (min(width, asked.width), min(height, asked.height))


@cache
def encodes(kind: Format) -> bool:
    """Whether this machine's OpenCV writes the format."""
    cv2 = _opencv()
    return bool(cv2.haveImageWriter(ENDINGS[kind]))


def make(pieces: Sequence[Buffer], form: Form) -> bytes:
    """A JPEG in pieces -> the picture in this form; raises ``OriginFailed`` where it does not decode."""
    import numpy as np

    cv2 = _opencv()
    data = np.frombuffer(b"".join(pieces), np.uint8)
    try:
        pixels, kinds, found = cv2.imdecodeWithMetadata(data, flags=_flags(form))
        pixels = cv2.resize(pixels, form.scaled, interpolation=cv2.INTER_AREA)
        (width, height), (left, top) = form.size, ((a - b) // 2 for a, b in zip(form.scaled, form.size, strict=True))
        profile = [(kind, content) for kind, content in zip(kinds, found, strict=True) if kind == cv2.IMAGE_METADATA_ICCP]
        done, made = cv2.imencodeWithMetadata(
            ENDINGS[form.format], np.ascontiguousarray(pixels[top : top + height, left : left + width]),
            [kind for kind, _ in profile], [content for _, content in profile], _options(form),
        )  # fmt: skip
    except cv2.error:
        raise OriginFailed from None
    if not done:
        raise OriginFailed
    return made.tobytes()


def _flags(form: Form) -> int:
    """How OpenCV decodes: at 1/2, 1/4 or 1/8 where that is still no smaller than what is asked for."""
    cv2 = _opencv()
    reduced = {2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4, 8: cv2.IMREAD_REDUCED_COLOR_8}
    most = min(own // want for own, want in zip(form.source, form.scaled, strict=True))
    return max([(factor, flag) for factor, flag in reduced.items() if factor <= most], default=(1, cv2.IMREAD_COLOR))[1]


def _options(form: Form) -> list[int]:
    cv2 = _opencv()
    return {
        "jpeg": [cv2.IMWRITE_JPEG_QUALITY, form.quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1],
        "webp": [cv2.IMWRITE_WEBP_QUALITY, form.quality],
        "avif": [cv2.IMWRITE_AVIF_QUALITY, form.quality, cv2.IMWRITE_AVIF_SPEED, AVIF_SPEED],
    }[form.format]
