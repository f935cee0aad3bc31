"""Walk a JPEG's markers before any decoder sees it (ITU-T T.81 §B): every length is checked, nothing is decoded."""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from precompute.jpeg.frame import Component
from precompute.jpeg.frame import Frame

SOI, EOI, SOS, DQT, DHT, DRI, DAC, DNL, COM = 0xD8, 0xD9, 0xDA, 0xDB, 0xC4, 0xDD, 0xCC, 0xDC, 0xFE
APP0, APP1, APP2, APP11, APP14 = 0xE0, 0xE1, 0xE2, 0xEB, 0xEE
FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {DHT, 0xC8, DAC}
HUFFMAN_FRAMES: Final = frozenset({0xC0, 0xC1, 0xC2})
# What a decoder may meet between SOI and EOI (T.81 table B.1); it stops hard at anything else.
KNOWN: Final = FRAMES | {SOS, DQT, DHT, DRI, DAC, COM} | frozenset(range(0xE0, 0xF0))
MAX_SCANS: Final = 100
# 0xFF and a code; what stands between is coded data with its stuffed zeros and restarts, or fill.
_MARKER: Final = re.compile(rb"\xff[^\x00\x01\xff\xd0-\xd7]")


class Malformed(ValueError):
    """The bytes are not one complete JPEG; the text says what is wrong."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a walk finds. ``frame`` is None where the picture cannot stay in coefficients, and ``why`` then says so."""

    width: int
    height: int
    frame: Frame | None
    why: str
    orientation: int
    icc: bytes
    length: int
    colours: int


def walk(data: bytes) -> Header:
    """Bytes from SOI to EOI -> ``Header``; ``length`` is where the picture ends: whatever follows is not part of it.

    Raises ``Malformed`` for a missing or second frame, lengths past the end, too many scans, or no EOI.
    """
    frame_marker, sof, adobe, jfif, orientation = 0, b"", -1, False, 1
    profile: dict[int, bytes] = {}
    scans, end = 0, 0
    for marker, body, after in _segments(data):
        end = after
        if marker in FRAMES:
            if sof:
                raise Malformed("it has two frames")
            frame_marker, sof = marker, body
        elif marker == SOS:
            scans += 1
        elif marker == APP0 and body[:5] == b"JFIF\0":
            jfif = True
        elif marker == APP14 and body[:5] == b"Adobe" and len(body) >= 12:
            adobe = body[11]
        elif marker == APP1 and body[:6] == b"Exif\0\0" and orientation == 1:
            orientation = exif_orientation(body[6:])
        elif marker == APP2 and body[:12] == b"ICC_PROFILE\0" and len(body) > 14:
            profile[body[12]] = body[14:]
    if not sof or not scans:
        raise Malformed("it holds no picture")
    width, height, precision, parts = _parse_frame(sof)
    why = _why_not(frame_marker, precision, parts, adobe, jfif)
    frame = None if why else _frame(width, height, parts)
    icc = b"".join(profile[i] for i in sorted(profile))
    return Header(width, height, frame, why, orientation, icc, end, len(parts))


def first_run(data: bytes, code: int) -> tuple[int, int] | None:
    """Start and end offsets of the first unbroken run of segments with this marker; None where there is none.

    Raises ``Malformed``.
    """
    start, end = -1, 0
    for marker, body, after in _segments(data):
        if marker == code:
            start, end = (after - len(body) - 4 if start < 0 else start), after
        elif start >= 0:
            break
    return None if start < 0 else (start, end)


def _segments(data: bytes) -> Iterator[tuple[int, bytes, int]]:
    """(marker, body, offset after it) of every segment up to EOI; a scan's coded data counts as passed over."""
    if data[:2] != b"\xff\xd8":
        raise Malformed("it does not begin as a JPEG")
    at, scans = 2, 0
    while True:
        found = _MARKER.search(data, at)
        if found is None:
            raise Malformed("it ends before its end marker: the file is truncated")
        marker, at = found[0][1], found.end()
        if marker == EOI:
            yield marker, b"", at
            return
        if marker not in KNOWN or at + 2 > len(data):
            raise Malformed("a marker stands where none may")
        (size,) = struct.unpack_from(">H", data, at)
        if size < 2 or at + size > len(data):
            raise Malformed("a segment is longer than the file: the file is truncated")
        scans += marker == SOS
        if scans > MAX_SCANS:
            raise Malformed(f"it has more than {MAX_SCANS} scans")
        yield marker, data[at + 2 : at + size], at + size
        at += size


def _parse_frame(body: bytes) -> tuple[int, int, int, list[tuple[int, int, int, int]]]:
    """SOF body -> width, height, precision, [(id, h, v, quantisation table)]."""
    if len(body) < 6 or len(body) != 6 + 3 * body[5]:
        raise Malformed("its frame header is damaged")
    precision, height, width, count = struct.unpack_from(">BHHB", body)
    parts = [(body[i], body[i + 1] >> 4, body[i + 1] & 15, body[i + 2]) for i in range(6, len(body), 3)]
    if not width or not height or not count:
        raise Malformed("its size is zero")
    if any(not 1 <= h <= 4 or not 1 <= v <= 4 or t > 3 for _, h, v, t in parts):
        raise Malformed("its frame header is damaged")
    return width, height, precision, parts


def _why_not(marker: int, precision: int, parts: list[tuple[int, int, int, int]], adobe: int, jfif: bool) -> str:
    """Why these coefficients cannot be kept, or nothing."""
    if marker not in HUFFMAN_FRAMES:
        return "arithmetic, lossless or hierarchical JPEG"
    if precision != 8:
        return f"{precision}-bit JPEG"
    if len(parts) not in (1, 3):
        return "CMYK JPEG" if len(parts) == 4 else f"JPEG of {len(parts)} components"
    if len(parts) == 3 and not _is_ycbcr([part[0] for part in parts], adobe, jfif):
        return "RGB JPEG"
    across, down = max(p[1] for p in parts), max(p[2] for p in parts)
    if any(across % h or down % v for _, h, v, _ in parts) or (len(parts) == 3 and (parts[0][1:3] != (across, down))):
        return "unusual chroma sampling"
    if len(parts) == 3 and sum(h * v for _, h, v, _ in parts) > 10:
        return "unusual chroma sampling"
    return ""


def _is_ycbcr(ids: list[int], adobe: int, jfif: bool) -> bool:
    """The same rule as libjpeg's, since that is what viewers decode with."""
    if jfif:
        return True
    if adobe >= 0:
        return adobe != 0
    return ids != [0x52, 0x47, 0x42]


def _frame(width: int, height: int, parts: list[tuple[int, int, int, int]]) -> Frame:
    if len(parts) == 1:
        return Frame(width, height, (Component(1, 1),))
    return Frame(width, height, tuple(Component(h, v) for _, h, v, _ in parts))


def exif_orientation(tiff: bytes) -> int:
    """The orientation tag (0x0112) of the first directory, or 1 (CIPA DC-008 §4.6.4)."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None or len(tiff) < 8:
        return 1
    (at,) = struct.unpack_from(order + "I", tiff, 4)
    if at + 2 > len(tiff):
        return 1
    (count,) = struct.unpack_from(order + "H", tiff, at)
    for entry in range(at + 2, min(at + 2 + 12 * count, len(tiff) - 11), 12):
        tag, kind, n, value = struct.unpack_from(order + "HHIH", tiff, entry)
        if tag == 0x0112 and kind == 3 and n == 1:
            return int(value) if 1 <= value <= 8 else 1
    return 1
