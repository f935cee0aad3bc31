"""A picture made smaller, or in another format: decoded, scaled, cut and encoded, the way that costs a thousand splices.

What comes out holds pixels and the colour profile, which is ours (``precompute.icc``); nothing else of a file survives. Nothing
is decoded that has not just the size that the catalog says. Pillow is loaded when the first picture is made: an edge that only
splices need not spend the time and memory.
"""

import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING
from typing import Any
from typing import Final
from typing import Literal

from edge.cache import key
from edge.errors import OriginFailed
from edge.render.request import Rendition
from edge.render.splice import Buffer

if TYPE_CHECKING:
    from PIL.Image import Image as Pixels

Format = Literal["jpeg", "webp", "avif"]

TYPES: Final[dict[Format, str]] = {"jpeg": "image/jpeg", "webp": "image/webp", "avif": "image/avif"}
AVIF_SPEED: Final = 8  # 0 to 10; the slower ones take seconds
TAG_BYTES: Final = 16
FEATURES: Final[dict[Format, str]] = {"jpeg": "jpg", "webp": "webp", "avif": "avif"}
ASIDE: Final = (5, 6, 7, 8)  # the orientations in which a file's width is the picture's height


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
        whole = f"{self.scaled} {self.size} {self.format} {self.quality} {_encoder(self.format)}"
        return f'"{sha256(key.joined(source.encode(), whole.encode())).digest()[:TAG_BYTES].hex()}"'


@cache
def _encoder(kind: Format) -> str:
    import PIL
    from PIL import features

    return f"{PIL.__version__} {features.version(FEATURES[kind])}"


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
    """Whether this machine's Pillow writes the format."""
    from PIL import features

    return bool(features.check(FEATURES[kind]))


def make(pieces: Sequence[Buffer], form: Form) -> bytes:
    """A JPEG in pieces -> the picture in this form; raises ``OriginFailed`` where it does not decode to the form's source."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(b"".join(pieces)), formats=("JPEG",)) as image:
            return _encoded(_scaled(image, form), form, image.info.get("icc_profile"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise OriginFailed from None


def _scaled(image: "Pixels", form: Form) -> "Pixels":
    """The picture upright, scaled and cut; decoded at 1/2, 1/4 or 1/8 where that is still no smaller than what is asked for."""
    from PIL import ExifTags
    from PIL import Image
    from PIL import ImageOps

    aside = image.getexif().get(ExifTags.Base.Orientation) in ASIDE
    source, scaled = (size[::-1] if aside else size for size in (form.source, form.scaled))
    if image.size != source:
        raise OriginFailed
    image.draft(None, scaled)
    pixels = ImageOps.exif_transpose(image.resize(scaled, Image.Resampling.BOX))  # the mean of what each new pixel covers
    (width, height), (left, top) = form.size, ((a - b) // 2 for a, b in zip(form.scaled, form.size, strict=True))
    return pixels.crop((left, top, left + width, top + height))


def _encoded(pixels: "Pixels", form: Form, profile: bytes | None) -> bytes:
    options: dict[Format, dict[str, Any]] = {
        "jpeg": {"optimize": True}, "webp": {}, "avif": {"speed": AVIF_SPEED, "max_threads": 1},
    }  # fmt: skip
    pixels.info = {}
    with open(os.memfd_create("scaled"), "w+b") as done:  # Pillow lets other threads run while it writes to a descriptor
        pixels.save(done, form.format, quality=form.quality, icc_profile=profile, **options[form.format])
        done.seek(0)
        return done.read()
