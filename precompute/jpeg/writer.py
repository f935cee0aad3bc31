"""A picture's header, written anew, and a whole file around a scan (ITU-T T.81 §B.2).

Nothing of an upload's file is copied: only what a decoder needs for the same pixels is written.
"""

import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from precompute.jpeg import entropy
from precompute.jpeg.frame import Frame
from precompute.jpeg.zigzag import ZIGZAG

EOI = b"\xff\xd9"
_JFIF = b"\xff\xe0\x00\x10JFIF\0\1\1\0\0\1\0\1\0\0"
_ICC_CHUNK = 65_519


@dataclass(frozen=True, slots=True)
class Style:
    """All of a file that is not scan: frame, per component its (64,) table in natural order, orientation 1..8, ICC profile."""

    frame: Frame
    tables: tuple[npt.NDArray[np.uint16], ...]
    orientation: int = 1
    icc: bytes = b""


def header(style: Style, tables: entropy.Tables, restart: int) -> bytes:
    """SOI up to and including the scan header, with an interval of ``restart`` MCUs."""
    distinct, chosen = _distinct(style.tables)
    wide = any(int(table.max()) > 255 for table in distinct)
    parts = [b"\xff\xd8", _JFIF, _exif(style.orientation), _icc(style.icc)]
    parts += [_segment(0xDB, bytes([i | wide << 4]) + _steps(table, wide)) for i, table in enumerate(distinct)]
    parts.append(_frame(style.frame, chosen, 0xC1 if wide else 0xC0))
    names = (0x00, 0x01, 0x10, 0x11) if len(tables.parts) == 4 else (0x00, 0x10)
    parts += [_segment(0xC4, bytes([n, *t.bits, *t.values])) for n, t in zip(names, tables.parts, strict=True)]
    parts.append(_segment(0xDD, struct.pack(">H", restart)))
    scan = b"".join(bytes([i + 1, 0x11 if i else 0x00]) for i in range(len(chosen)))
    parts.append(_segment(0xDA, bytes([len(chosen)]) + scan + b"\x00\x3f\x00"))
    return b"".join(parts)


def whole(
    style: Style, blocks: npt.NDArray[np.int16], tables: entropy.Tables | None = None, restart: int = 8
) -> bytes:
    """int16 (MCUs, blocks per MCU, 64) -> a complete JPEG file of its own; without ``tables``, the shortest are fitted."""
    starts, ids = interval_starts(len(blocks), restart, blocks.shape[1])
    tokens = tokens_of(style.frame, blocks, starts)
    tables = tables or entropy.fit_tables(entropy.count(tokens), len(style.frame.components) == 1)
    coded = entropy.encode(tokens, tables, starts, ids)
    return header(style, tables, restart) + coded.data[: coded.end[-1]] + EOI


def interval_starts(mcus: int, restart: int, per_mcu: int) -> tuple[entropy.Ints, entropy.Ints]:
    """First block and number of every interval of a whole scan."""
    ids = np.arange(-(-mcus // restart))
    return ids * (restart * per_mcu), ids


def tokens_of(frame: Frame, blocks: npt.NDArray[np.int16], starts: entropy.Ints) -> entropy.Tokens:
    """All tokens of MCUs in scan order; ``starts`` are the blocks at which an interval begins."""
    chroma = np.tile(frame.chroma, len(blocks))
    flat = blocks.reshape(-1, 64)
    return entropy.merge(dc_of(frame, flat[:, 0], starts), entropy.ac_tokens(flat, chroma))


def dc_of(frame: Frame, dc: npt.NDArray[np.int16], starts: entropy.Ints) -> entropy.Tokens:
    """The DC tokens alone, which are what the interval length changes."""
    mcus = len(dc) // len(frame.places)
    component = np.tile(np.array([c for c, _, _ in frame.places]), mcus)
    return entropy.dc_tokens(dc, component, starts, np.tile(frame.chroma, mcus))


def _segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def _distinct(tables: tuple[npt.NDArray[np.uint16], ...]) -> tuple[list[npt.NDArray[np.uint16]], list[int]]:
    distinct: list[npt.NDArray[np.uint16]] = []
    chosen = []
    for table in tables:
        same = [i for i, other in enumerate(distinct) if np.array_equal(table, other)]
        chosen.append(same[0] if same else len(distinct))
        if not same:
            distinct.append(table)
    return distinct, chosen


def _steps(table: npt.NDArray[np.uint16], wide: bool) -> bytes:
    return table[ZIGZAG].astype(">u2" if wide else np.uint8).tobytes()


def _frame(frame: Frame, chosen: list[int], marker: int) -> bytes:
    parts = b"".join(bytes([i + 1, c.h << 4 | c.v, t]) for i, (c, t) in enumerate(zip(frame.components, chosen, strict=True)))
    return _segment(marker, struct.pack(">BHHB", 8, frame.height, frame.width, len(chosen)) + parts)


def _exif(orientation: int) -> bytes:
    """An Exif block that holds the orientation tag and nothing else; nothing where the picture is upright."""
    if orientation == 1:
        return b""
    entry = struct.pack(">HHIHH", 0x0112, 3, 1, orientation, 0)
    return _segment(0xE1, b"Exif\0\0" + struct.pack(">2sHI", b"MM", 42, 8) + b"\x00\x01" + entry + bytes(4))


def _icc(profile: bytes) -> bytes:
    chunks = [profile[i : i + _ICC_CHUNK] for i in range(0, len(profile), _ICC_CHUNK)]
    named = (b"ICC_PROFILE\0" + bytes([i + 1, len(chunks)]) + chunk for i, chunk in enumerate(chunks))
    return b"".join(_segment(0xE2, body) for body in named)
