"""The entropy coder: blocks of coefficients -> byte-aligned restart intervals (ITU-T T.81 §F.1.2, §E.1.4), in numpy.

An interval starts DC prediction anew and is padded with ones to a whole byte, so its bytes depend on nothing outside it: that is
what makes intervals of two pictures exchangeable. Work is done on arrays of *tokens*, one per Huffman code with its extra bits.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from precompute.jpeg import huffman

Ints = npt.NDArray[np.int64]

_SIZE: Final = np.array([int(v).bit_length() for v in range(2048)], np.uint8)
_DC, _AC = 0, 512
_EOB, _ZRL = 0x00, 0xF0


@dataclass(frozen=True, slots=True)
class Tokens:
    """Parallel arrays in scan order: ``symbol`` (table * 256 + symbol: DC 0/1, AC 2/3), ``extra`` bits, ``size`` of them.

    ``owner`` is the block each token belongs to; ``blocks`` counts the blocks.
    """

    symbol: npt.NDArray[np.uint16]
    extra: npt.NDArray[np.uint16]
    size: npt.NDArray[np.uint8]
    owner: npt.NDArray[np.int32]
    blocks: int


@dataclass(frozen=True, slots=True)
class Tables:
    """DC and AC tables of luma and chroma; ``code`` and ``length`` (1024,) are all four in token numbering."""

    parts: tuple[huffman.Table, ...]
    code: npt.NDArray[np.uint64]
    length: Ints


@dataclass(frozen=True, slots=True)
class Intervals:
    """Coded intervals: ``data[start[i]:end[i]]`` is the i-th, each followed by its RST marker."""

    data: bytes
    start: Ints
    end: Ints


class OutOfRange(ValueError):
    """A coefficient that 8-bit baseline coding has no symbol for."""


def ac_tokens(blocks: npt.NDArray[np.int16], chroma: npt.NDArray[np.bool_]) -> Tokens:
    """(n, 64) int16 in zigzag order, (n,) bool -> the AC tokens of every block, ZRL and EOB included."""
    n = len(blocks)
    present = blocks != 0
    present[:, 0] = False
    flat = np.flatnonzero(present).astype(np.int32)
    value = blocks.reshape(-1)[flat]
    owner = flat >> 6
    index = (flat & 63).astype(np.int16)
    first = np.ones(len(flat), bool)
    first[1:] = owner[1:] != owner[:-1]
    before = np.empty_like(index)
    before[:1] = 0
    before[1:] = index[:-1]
    before[first] = 0
    run = index - before - 1
    size, extra = _magnitude(value, 1023)
    zeros = run >> 4
    ends = np.ones(n, bool)
    last = np.flatnonzero(np.append(first[1:], True)) if len(flat) else flat
    ends[owner[last]] = index[last] < 63
    symbol = ((run & 15) << 4 | size).astype(np.uint16)
    return _interleave(n, owner, symbol, extra, size, zeros, ends, chroma)


def _interleave(
    n: int,
    owner: npt.NDArray[np.int32],
    symbol: npt.NDArray[np.uint16],
    extra: npt.NDArray[np.uint16],
    size: npt.NDArray[np.uint8],
    zeros: npt.NDArray[np.int16],
    ends: npt.NDArray[np.bool_],
    chroma: npt.NDArray[np.bool_],
) -> Tokens:
    """Put each value's ZRLs before it and each block's EOB after its last value, without sorting: positions are counted."""
    eobs_before = np.cumsum(ends, dtype=np.int32) - ends
    place = np.arange(len(owner), dtype=np.int32) + np.cumsum(zeros, dtype=np.int32) + eobs_before[owner]
    per_block = np.bincount(owner, minlength=n) + np.bincount(owner, zeros, n).astype(np.int64) + ends
    total = int(per_block.sum())
    out_symbol = np.full(total, _ZRL, np.uint16)
    out_extra, out_size = np.zeros(total, np.uint16), np.zeros(total, np.uint8)
    out_symbol[place], out_extra[place], out_size[place] = symbol, extra, size
    out_symbol[np.cumsum(per_block)[ends] - 1] = _EOB
    out_owner = np.repeat(np.arange(n, dtype=np.int32), per_block)
    out_symbol += np.where(chroma, _AC + 256, _AC).astype(np.uint16)[out_owner]
    return Tokens(out_symbol, out_extra, out_size, out_owner, n)


def dc_tokens(dc: npt.NDArray[np.int16], component: Ints, starts: Ints, chroma: npt.NDArray[np.bool_]) -> Tokens:
    """(n,) DC values and component of each block, and the blocks at which an interval starts -> one token per block."""
    n = len(dc)
    difference = np.empty(n, np.int32)
    interval = np.zeros(n, np.int32)
    interval[starts[1:]] = 1
    interval = np.cumsum(interval, dtype=np.int32)
    for c in range(int(component.max(initial=0)) + 1):
        at = np.flatnonzero(component == c)
        own = dc[at].astype(np.int32)
        previous = np.zeros_like(own)
        same = interval[at[1:]] == interval[at[:-1]]
        previous[1:] = np.where(same, own[:-1], 0)
        difference[at] = own - previous
    size, extra = _magnitude(difference, 2047)
    symbol = np.where(chroma, _DC + 256, _DC) + size
    return Tokens(symbol.astype(np.uint16), extra, size, np.arange(n, dtype=np.int32), n)


def _magnitude(value: npt.NDArray[np.signedinteger], limit: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint16]]:
    """Size category and extra bits of each value (T.81 table F.1); raises ``OutOfRange`` beyond +-limit."""
    if len(value) and (value.min() < -limit or value.max() > limit):
        raise OutOfRange
    size = _SIZE[np.abs(value)]
    low = np.where(value < 0, value - 1, value).astype(np.int16).view(np.uint16)
    return size, low & ((np.uint16(1) << size) - np.uint16(1))


def merge(dc: Tokens, ac: Tokens) -> Tokens:
    """Each block's DC token, then its AC tokens."""
    total = len(dc.symbol) + len(ac.symbol)
    ac_place = np.arange(len(ac.symbol)) + ac.owner + 1
    is_dc = np.ones(total, bool)
    is_dc[ac_place] = False
    dc_place = np.flatnonzero(is_dc)

    def both(a: npt.NDArray[np.generic], b: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        out = np.empty(total, a.dtype)
        out[dc_place], out[ac_place] = a, b
        return out

    return Tokens(
        both(dc.symbol, ac.symbol),  # type: ignore[arg-type]
        both(dc.extra, ac.extra),  # type: ignore[arg-type]
        both(dc.size, ac.size),  # type: ignore[arg-type]
        both(dc.owner, ac.owner),  # type: ignore[arg-type]
        dc.blocks,
    )


def count(*tokens: Tokens) -> Ints:
    """(1024,) how often each symbol of each table occurs."""
    return sum((np.bincount(t.symbol, minlength=1024) for t in tokens), np.zeros(1024, np.int64))


def fit_tables(counts: Ints, gray: bool) -> Tables:
    """The shortest tables for these counts, able to code any block at all; a gray picture has no chroma pair."""
    kinds = (huffman.DC_SYMBOLS, huffman.DC_SYMBOLS, huffman.AC_SYMBOLS, huffman.AC_SYMBOLS)
    parts = tuple(huffman.fit(counts[256 * i : 256 * i + 256], kind) for i, kind in enumerate(kinds))
    code = np.concatenate([part.code for part in parts])
    length = np.concatenate([part.length for part in parts])
    return Tables(parts[::2] if gray else parts, code, length)


@cache
def flat_tables(gray: bool) -> Tables:
    """Tables that favour no symbol, for files that live for a moment."""
    return fit_tables(np.zeros(1024, np.int64), gray)


def token_bits(tokens: Tokens, tables: Tables) -> Ints:
    """(blocks,) bits that each block's tokens take."""
    bits = tables.length[tokens.symbol] + tokens.size
    return np.bincount(tokens.owner, bits, tokens.blocks).astype(np.int64)


def encode(tokens: Tokens, tables: Tables, starts: Ints, ids: Ints) -> Intervals:
    """Tokens -> intervals. ``starts``: first block of each; ``ids``: its number in the whole scan, which its RST marker shows."""
    first = np.searchsorted(tokens.owner, starts)
    raw, edges = _pack(
        tables.code[tokens.symbol] << tokens.size | tokens.extra, tables.length[tokens.symbol] + tokens.size, first
    )
    stuffed = np.flatnonzero(raw == 0xFF)
    ends = edges + np.searchsorted(stuffed, edges)
    markers = np.stack([np.full(len(ids), 0xFF), 0xD0 + (ids & 7)], 1).astype(np.uint8)
    places = np.concatenate([stuffed + 1, np.repeat(edges[1:], 2)])
    fill = np.concatenate([np.zeros(len(stuffed), np.uint8), markers.ravel()])
    data = np.insert(raw, places, fill).tobytes()
    rst = 2 * np.arange(len(ids))
    return Intervals(data, ends[:-1] + rst, ends[1:] + rst)


def _pack(code: npt.NDArray[np.uint64], length: Ints, first: Ints) -> tuple[npt.NDArray[np.uint8], Ints]:
    """Codes of at most 27 bits -> bytes, each interval padded with ones to a byte; and the (intervals + 1,) byte offsets.

    Tokens are in order, so those that begin in one 32-bit word are neighbours; each fits a window of that word and the next.
    """
    after = np.cumsum(length)
    before = after - length
    base = before[first]
    bits = np.append(base[1:], after[-1]) - base
    sizes = (bits + 7) >> 3
    edges = np.concatenate([[0], np.cumsum(sizes)])
    shift = edges[:-1] * 8 - base
    at = before + np.repeat(shift, np.diff(np.append(first, len(length))))
    word = at >> 5
    window = code << (64 - (at & 31) - length).view(np.uint64)
    groups = np.flatnonzero(np.diff(word, prepend=-1))
    merged, places = np.bitwise_or.reduceat(window, groups), word[groups]
    words = np.zeros((int(edges[-1]) >> 2) + 2, np.uint32)
    words[places] = merged >> np.uint64(32)
    words[places + 1] |= merged.astype(np.uint32)
    raw = words.byteswap().view(np.uint8)[: int(edges[-1])]
    raw[edges[1:] - 1] |= ((1 << (sizes * 8 - bits)) - 1).astype(np.uint8)
    return raw, edges
