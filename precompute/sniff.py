"""What an upload says it is, found by walking its outer structure: no decoder runs before sizes and lengths are known."""

import struct
from dataclasses import dataclass
from typing import Final

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_BOXED: Final = {b"avif": "AVIF", b"avis": "AVIF", b"heic": "HEIF", b"heix": "HEIF", b"mif1": "HEIF", b"heim": "HEIF"}


class Unsound(ValueError):
    """The outer structure is not sound; the text says what is wrong."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Format name as Pillow spells it, and the size in pixels where the outer structure tells it (else 0, 0)."""

    name: str
    width: int = 0
    height: int = 0


def kind(data: bytes) -> Kind | None:
    """The format of these bytes, or None where it is not one that is read here. Raises ``Unsound``."""
    if data[:3] == b"\xff\xd8\xff":
        return Kind("JPEG")
    if data[:8] == _PNG:
        return _png(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp(data)
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return _gif(data)
    if data[4:8] == b"ftyp" and data[8:12] in _BOXED:
        return _boxed(data)
    return None


def _png(data: bytes) -> Kind:
    """Chunk by chunk (PNG §5.3): a length past the end is what makes decoders allocate without bound."""
    at, ended = 8, False
    while at < len(data) and not ended:
        if at + 12 > len(data):
            raise Unsound("the PNG is truncated")
        length, name = struct.unpack_from(">I4s", data, at)
        if at + 12 + length > len(data):
            raise Unsound("the PNG is truncated, or a chunk claims more bytes than there are")
        at, ended = at + 12 + length, name == b"IEND"
    if not ended or data[12:16] != b"IHDR" or len(data) < 33:
        raise Unsound("the PNG is truncated")
    return Kind("PNG", *struct.unpack_from(">II", data, 16))


def _webp(data: bytes) -> Kind:
    """RIFF container (RFC 9649 §2): the canvas or frame size of the first chunk."""
    (size,) = struct.unpack_from("<I", data, 4)
    if size + 8 > len(data) or len(data) < 30:
        raise Unsound("the WebP is truncated")
    first = data[12:16]
    if first == b"VP8X":
        return Kind("WEBP", int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1)
    if first == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return Kind("WEBP", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if first == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return Kind("WEBP", width & 0x3FFF, height & 0x3FFF)
    raise Unsound("the WebP has no picture")


def _gif(data: bytes) -> Kind:
    if len(data) < 13 or data.rstrip(b"\0")[-1:] != b";":
        raise Unsound("the GIF is truncated")
    return Kind("GIF", *struct.unpack_from("<HH", data, 6))


def _boxed(data: bytes) -> Kind:
    """ISO base media boxes (ISO/IEC 14496-12 §4.2); the size in pixels is left to the decoder's own header pass."""
    at = 0
    while at < len(data):
        if at + 8 > len(data):
            raise Unsound("the file is truncated")
        (size,) = struct.unpack_from(">I", data, at)
        size = int.from_bytes(data[at + 8 : at + 16], "big") if size == 1 else size or len(data) - at
        if size < 8 or at + size > len(data):
            raise Unsound("the file is truncated, or a box claims more bytes than there are")
        at += size
    return Kind(_BOXED[data[8:12]])
