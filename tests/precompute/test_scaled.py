"""Scaled pictures: few of them are enough, and no pixel of a face gets into a block that it is not said to reach."""

from itertools import combinations

import cv2
import numpy as np
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from precompute.jpeg.frame import Component
from precompute.jpeg.frame import Frame
from precompute.jpeg.frame import padding_sources
from precompute.jpeg.transform import blocks_of
from precompute.scaled import mixtures
from precompute.scaled import reach
from tests.pictures import by_opencv
from tests.pictures import jpeg
from tests.pictures import texture

FOUR_TWO_ZERO = (Component(2, 2), Component(1, 1), Component(1, 1))
FINE = np.ones(64, np.uint16)


@given(st.lists(st.frozensets(st.integers(0, 6), min_size=2, max_size=3), max_size=8))
def test_mixtures(sets: list[frozenset[int]]) -> None:
    """Every part of every set, but none and all of it, is what one of the pictures shows of it."""
    pictures = mixtures(sets)
    for units in sets:
        for count in range(1, len(units)):
            for part in combinations(units, count):
                assert any(units & picture == frozenset(part) for picture in pictures)


def test_a_chain_takes_two() -> None:
    """However many faces stand side by side, two further pictures do."""
    assert len(mixtures([frozenset({i, i + 1}) for i in range(40)])) == 2


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_reach(data: st.DataObject) -> None:
    """Whatever changes in one block of a photo, once decoded and scaled, is within what that block's MCU is said to reach."""
    width, height = data.draw(st.integers(20, 120)), data.draw(st.integers(20, 120))
    small = data.draw(st.integers(8, width - 1)), data.draw(st.integers(8, height - 1))
    sampling, side = data.draw(st.sampled_from([("420", 16), ("444", 8)]))
    full = Frame(width, height, FOUR_TWO_ZERO if side == 16 else (Component(1, 1),) * 3)
    frame = Frame(*small, FOUR_TWO_ZERO)
    mcu = data.draw(st.integers(0, full.mcus[0] * full.mcus[1] - 1))
    x, y = mcu % full.mcus[0] * side, mcu // full.mcus[0] * side
    before = texture(width, height)
    after = before.copy()
    after[y : y + side, x : x + side] = 255 - after[y : y + side, x : x + side]
    one, two = (
        blocks_of(
            np.asarray(cv2.resize(by_opencv(jpeg(each, sampling, 95)), small, interpolation=cv2.INTER_AREA), np.uint8),
            frame, (FINE,) * 3, (0, frame.mcus[0], 0, frame.mcus[1]),
        )
        for each in (before, after)
    )  # fmt: skip
    reached = reach(np.array([mcu]), full, frame)
    assert not ((one != two).any(2) & ~reached).any()
    sources = padding_sources(frame, np.arange(len(reached)))
    assert np.array_equal(reached, np.take_along_axis(reached, sources, 1))
