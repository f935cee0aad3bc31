"""Which size, quality and format of a photo a query asks for, in one canonical form.

    /party.jpg?w=640                    640 px wide, as high as that makes it
    /party.jpg?w=320&dpr=2              the same: ``dpr`` multiplies ``w`` and ``h``
    /party.jpg?w=400&h=400&fit=cover    fills 400 x 400 px, the rest is cut off around the middle
    /party.jpg?w=640&fmt=auto           in the best format that the browser's ``Accept`` names

Parameters of other names are not ours and change nothing, as with any server of files: sites count versions and campaigns in
them. Ours stand at most once, in plain digits and letters; nothing is decoded, so nothing has two spellings. ``str`` of one
is the one form for signatures, cache keys and logs: ``w``, ``h``, ``fit``, ``q``, ``fmt`` in this order, without defaults.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from typing import Literal
from typing import TypeVar

from edge.errors import BadRendition

Fit = Literal["inside", "cover"]
Format = Literal["jpeg", "webp", "avif", "auto"]

T = TypeVar("T")

MAX_QUERY_BYTES: Final = 1_024
NAMES: Final = ("w", "h", "fit", "dpr", "q", "fmt")
FITS: Final[dict[str, Fit]] = {"inside": "inside", "contain": "inside", "cover": "cover"}
FORMATS: Final[dict[str, Format]] = {"jpeg": "jpeg", "jpg": "jpeg", "webp": "webp", "avif": "avif", "auto": "auto"}

_WHOLE = re.compile(r"[1-9][0-9]{0,4}", re.ASCII)
_RATIO = re.compile(r"[0-9](?:\.[0-9]{1,2})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What may be asked for at most: ``px`` wide and high, after ``dpr``; qualities from and to."""

    px: int = 4_096
    dpr: float = 4
    min_quality: int = 20
    max_quality: int = 95


@dataclass(frozen=True, slots=True)
class Rendition:
    """What is asked for. Width and height in px as seen, None: as the other makes it; quality None: the configured one.

    ``fit``: "inside" the box with nothing cut off, or "cover" the box with nothing left free. No photo is ever enlarged.
    """

    width: int | None = None
    height: int | None = None
    fit: Fit = "inside"
    quality: int | None = None
    format: Format = "jpeg"

    def __str__(self) -> str:
        parts = [f"{name}={value}" for name, value in (("w", self.width), ("h", self.height)) if value is not None]
        if self.fit != "inside":
            parts.append(f"fit={self.fit}")
        if self.quality is not None:
            parts.append(f"q={self.quality}")
        if self.format != "jpeg":
            parts.append(f"fmt={self.format}")
        return "&".join(parts)


FULL: Final = Rendition()
BOUNDS: Final = Bounds()
ANY: Final = Bounds(px=1_000_000, dpr=10, min_quality=1, max_quality=99_999)  # to read, not to make


def canonical(query: str, bounds: Bounds = BOUNDS) -> Rendition:
    """The rendition that a raw query string asks for, without its question mark; raises ``BadRendition``.

    ``canonical(str(rendition)) == rendition`` for all that it returns.
    """
    if not query:
        return FULL
    if len(query) > MAX_QUERY_BYTES:
        raise BadRendition
    asked = _ours(query)
    dpr = _dpr(asked.get("dpr"), bounds)
    width, height = (_pixels(asked.get(name), dpr, bounds) for name in ("w", "h"))
    fit = _one_of(FITS, asked.get("fit"), "inside")
    quality = _quality(asked.get("q"), bounds)
    both = width is not None and height is not None
    return Rendition(width, height, fit if both else "inside", quality, _one_of(FORMATS, asked.get("fmt"), "jpeg"))


def exact(text: str, bounds: Bounds = BOUNDS) -> Rendition:
    """The same where nothing but a rendition is meant, so that a name which is not ours is a mistake; raises ``BadRendition``."""
    if text and not all(part.partition("=")[0] in NAMES for part in text.split("&")):
        raise BadRendition
    return canonical(text, bounds)


def _ours(query: str) -> dict[str, str]:
    asked: dict[str, str] = {}
    for part in query.split("&"):
        name, _, value = part.partition("=")
        if name in NAMES:
            if name in asked:
                raise BadRendition
            asked[name] = value
    return asked


def _pixels(text: str | None, dpr: float, bounds: Bounds) -> int | None:
    if text is None:
        return None
    if _WHOLE.fullmatch(text) is None:
        raise BadRendition
    pixels = round(int(text) * dpr)
    if not 1 <= pixels <= bounds.px:
        raise BadRendition
    return pixels


def _dpr(text: str | None, bounds: Bounds) -> float:
    if text is None:
        return 1
    if _RATIO.fullmatch(text) is None or not 0 < float(text) <= bounds.dpr:
        raise BadRendition
    return float(text)


def _quality(text: str | None, bounds: Bounds) -> int | None:
    if text is None:
        return None
    if _WHOLE.fullmatch(text) is None or not bounds.min_quality <= int(text) <= bounds.max_quality:
        raise BadRendition
    return int(text)


def _one_of(choices: Mapping[str, T], text: str | None, default: T) -> T:
    if text is None:
        return default
    if text not in choices:
        raise BadRendition
    return choices[text]
