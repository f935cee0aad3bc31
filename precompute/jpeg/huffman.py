"""Huffman tables that fit the symbols they will code: at most 16 bits, no code of all ones (ITU-T T.81 §C, §K.2)."""

import heapq
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

DC_SYMBOLS: Final = tuple(range(12))
AC_SYMBOLS: Final = (0x00, 0xF0, *(run << 4 | size for run in range(16) for size in range(1, 11)))
LONGEST: Final = 16


@dataclass(frozen=True, slots=True)
class Table:
    """``bits[i]`` codes of length i + 1, ``values`` in code order; ``code`` uint64 and ``length`` int64, both (256,)."""

    bits: tuple[int, ...]
    values: tuple[int, ...]
    code: npt.NDArray[np.uint64]
    length: npt.NDArray[np.int64]


def fit(counts: npt.NDArray[np.int64], symbols: tuple[int, ...]) -> Table:
    """(256,) counts -> the shortest table. Every symbol of ``symbols`` gets a code, seen or not: any block can be coded."""
    weight = {symbol: int(counts[symbol]) + 1 for symbol in symbols}
    return build(_limited_lengths(weight))


def build(lengths: dict[int, int]) -> Table:
    """Symbol -> code length to the canonical table (T.81 §C.2)."""
    values = sorted(lengths, key=lambda symbol: (lengths[symbol], symbol))
    code, length = np.zeros(256, np.uint64), np.zeros(256, np.int64)
    following, previous = 0, 0
    for symbol in values:
        following <<= lengths[symbol] - previous
        previous = lengths[symbol]
        code[symbol], length[symbol] = following, previous
        following += 1
    bits = tuple(sum(n == i for n in lengths.values()) for i in range(1, LONGEST + 1))
    return Table(bits, tuple(values), code, length)


def _limited_lengths(weight: dict[int, int]) -> dict[int, int]:
    """Package-merge (Larmore and Hirschberg, 1990): optimal lengths <= 16, one code reserved so that no other is all ones."""
    reserved = -1
    leaves = sorted((w, (symbol,)) for symbol, w in (weight | {reserved: 0}).items())
    packages: list[tuple[int, tuple[int, ...]]] = []
    for _ in range(LONGEST):
        merged = list(heapq.merge(leaves, packages))
        packages = [(a[0] + b[0], a[1] + b[1]) for a, b in zip(merged[::2], merged[1::2], strict=False)]
    lengths = dict.fromkeys([reserved, *weight], 0)
    for _, symbols in packages[: len(leaves) - 1]:
        for symbol in symbols:
            lengths[symbol] += 1
    # The reserved symbol is the rarest, so its code is among the longest, and canonically the last of those is all ones.
    del lengths[reserved]
    return lengths
