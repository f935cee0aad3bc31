"""Huffman tables: complete, prefix-free, at most 16 bits, no code of all ones, and as short as they can be."""

import heapq
from itertools import pairwise

import numpy as np
import pytest

from precompute.jpeg import huffman

COUNTS = [
    pytest.param(np.zeros(256, np.int64), id="nothing-seen"),
    pytest.param(np.arange(256, dtype=np.int64), id="even"),
    pytest.param((2.0 ** (np.arange(256) % 60)).astype(np.int64), id="steep"),
    pytest.param(np.where(np.arange(256) == 1, 10**9, 0), id="one-symbol"),
]


@pytest.mark.parametrize("counts", COUNTS)
@pytest.mark.parametrize("symbols", [huffman.DC_SYMBOLS, huffman.AC_SYMBOLS], ids=["dc", "ac"])
def test_codes(counts: np.ndarray, symbols: tuple[int, ...]) -> None:
    """Every symbol has a code of 1 to 16 bits, no code begins another, and all ones is left free (T.81 §C.2)."""
    table = huffman.fit(counts, symbols)
    codes = {f"{int(table.code[s]):0{int(table.length[s])}b}" for s in symbols}
    assert len(codes) == len(symbols) == sum(table.bits)
    assert all(1 <= len(code) <= 16 and "0" in code for code in codes)
    ordered = sorted(codes)
    assert not any(b.startswith(a) for a, b in pairwise(ordered))


def test_as_short_as_huffman() -> None:
    """Where no code needs more than 16 bits, the total is that of Huffman's algorithm over the same weights."""
    counts = np.random.default_rng(3).integers(0, 1000, 256)
    table = huffman.fit(counts, huffman.AC_SYMBOLS)
    weights = [int(counts[s]) + 1 for s in huffman.AC_SYMBOLS] + [0]
    heap, total = sorted(weights), 0
    while len(heap) > 1:
        both = heapq.heappop(heap) + heapq.heappop(heap)
        total += both
        heapq.heappush(heap, both)
    assert sum((int(counts[s]) + 1) * int(table.length[s]) for s in huffman.AC_SYMBOLS) == total
