"""What is written decodes to the same pixels as what was read, whatever kind of JPEG it was."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from precompute.jpeg import entropy
from precompute.jpeg import frame as frames
from precompute.jpeg import markers
from precompute.jpeg import reader
from precompute.jpeg import writer
from tests import pictures

KINDS = [
    pytest.param(pictures.jpeg(pictures.texture(160, 120), "444"), id="4:4:4"),
    pytest.param(pictures.jpeg(pictures.texture(160, 120), "422"), id="4:2:2"),
    pytest.param(pictures.jpeg(pictures.texture(160, 120), "420"), id="4:2:0"),
    pytest.param(pictures.jpeg(pictures.texture(160, 120), "440"), id="4:4:0"),
    pytest.param(pictures.jpeg(pictures.texture(160, 120), "411"), id="4:1:1"),
    pytest.param(pictures.saved(pictures.texture(160, 120), mode="L"), id="gray"),
    pytest.param(pictures.jpeg(pictures.texture(157, 119), "420"), id="odd-4:2:0"),
    pytest.param(pictures.jpeg(pictures.texture(151, 117), "422"), id="odd-4:2:2"),
    pytest.param(pictures.jpeg(pictures.texture(151, 117), "440"), id="odd-4:4:0"),
    pytest.param(pictures.jpeg(pictures.texture(150, 117), "411"), id="odd-4:1:1"),
    pytest.param(pictures.saved(pictures.texture(161, 121), mode="L"), id="odd-gray"),
    pytest.param(pictures.jpeg(pictures.texture(157, 119), "420", progressive=1), id="progressive"),
    pytest.param(pictures.saved(pictures.texture(157, 119), mode="L", progressive=True), id="progressive-gray"),
    pytest.param(pictures.jpeg(pictures.texture(160, 120), "420", rst_interval=3), id="restart-intervals"),
    pytest.param(pictures.jpeg(pictures.texture(160, 120), "420", optimize=1), id="optimised"),
    pytest.param(pictures.jpeg(pictures.texture(160, 120), "420", quality=1), id="quality-1"),
    pytest.param(pictures.jpeg(pictures.texture(160, 120), "444", quality=100), id="quality-100"),
    pytest.param(pictures.jpeg(pictures.texture(1, 1), "420"), id="1x1"),
    pytest.param(pictures.jpeg(pictures.texture(9, 1), "420"), id="9x1"),
    pytest.param(pictures.jpeg(pictures.texture(1, 40), "422"), id="1x40"),
    pytest.param(pictures.jpeg(np.zeros((64, 64, 3), np.uint8)), id="black"),
    pytest.param(
        pictures.saved(pictures.texture(90, 70), qtables=[[min(255, 3 * i + 2) for i in range(64)]] * 2), id="own-tables"
    ),
]


def rewritten(data: bytes, restart: int) -> bytes:
    header = markers.walk(data)
    assert header.frame is not None
    blocks, tables = reader.read(data, header.frame)
    return writer.whole(writer.Style(header.frame, tables, header.orientation), blocks, restart=restart)


@pytest.mark.parametrize("restart", [1, 4, 16])
@pytest.mark.parametrize("data", KINDS)
def test_same_pixels(data: bytes, restart: int) -> None:
    """OpenCV and Pillow decode the rewritten file to exactly the upload's pixels."""
    out = rewritten(data, restart)
    assert np.array_equal(pictures.by_opencv(out), pictures.by_opencv(data))
    assert np.array_equal(pictures.by_pillow(out), pictures.by_pillow(data))


@pytest.mark.parametrize("data", KINDS)
def test_coefficients_survive(data: bytes) -> None:
    """Reading the rewritten file gives the same coefficients and tables."""
    out = rewritten(data, 4)
    before, after = (reader.read(d, markers.walk(d).frame) for d in (data, out))  # type: ignore[arg-type]
    assert np.array_equal(before[0], after[0])
    assert all(np.array_equal(a, b) for a, b in zip(before[1], after[1], strict=True))


def test_wide_tables_survive() -> None:
    """Quantisation steps above 255 are written with 16 bits, in an extended sequential frame (T.81 §B.2.4.1)."""
    frame = frames.Frame(16, 16, (frames.Component(1, 1),))
    blocks = np.zeros((4, 1, 64), np.int16)
    blocks[:, 0, 0] = (1, 2, -1, 0)
    steps = np.full(64, 300, np.uint16)
    out = writer.whole(writer.Style(frame, (steps,)), blocks)
    again, tables = reader.read(out, frame)
    assert b"\xff\xc1" in out
    assert np.array_equal(again, blocks)
    assert np.array_equal(tables[0], steps)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_all_that_is_kept_of_exif(orientation: int) -> None:
    """The orientation tag is written alone, and read again."""
    data = pictures.jpeg(pictures.texture(24, 16))
    header = markers.walk(data)
    assert header.frame is not None
    blocks, tables = reader.read(data, header.frame)
    out = writer.whole(writer.Style(header.frame, tables, orientation), blocks)
    assert markers.walk(out).orientation == orientation
    assert out.count(b"Exif\0\0") == (orientation != 1)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.sampled_from([1, 3, 8]))
def test_any_coefficients(seed: int, mcus: int, restart: int) -> None:
    """Coefficients of any legal value and any sparsity come back, long zero runs and 0xFF bytes included."""
    rng = np.random.default_rng(seed)
    frame = frames.Frame(8 * mcus, 8, (frames.Component(1, 1),))
    limit = int(rng.choice([1, 15, 1023]))
    blocks = rng.integers(-limit, limit + 1, (mcus, 1, 64)).astype(np.int16)
    blocks[rng.random(blocks.shape) < rng.random()] = 0
    out = writer.whole(writer.Style(frame, (np.ones(64, np.uint16),)), blocks, restart=restart)
    again, _ = reader.read(out, frame)
    assert np.array_equal(again, blocks)


@pytest.mark.parametrize("value", [1024, -1024, 32767, -32768])
def test_coefficients_out_of_range(value: int) -> None:
    """A coefficient that baseline coding cannot express is refused, never wrapped around."""
    blocks = np.zeros((1, 1, 64), np.int16)
    blocks[0, 0, 5] = value
    with pytest.raises(entropy.OutOfRange):
        writer.whole(writer.Style(frames.Frame(8, 8, (frames.Component(1, 1),)), (np.ones(64, np.uint16),)), blocks)


def test_padding_says_nothing_new() -> None:
    """A padding block repeats the DC of the last block inside the picture and has no AC, whatever the upload had there."""
    data = pictures.jpeg(pictures.texture(17, 17), "420")
    header = markers.walk(data)
    assert header.frame is not None
    blocks, _ = reader.read(data, header.frame)
    corner = blocks[3]
    assert not corner[:, 1:][1:4].any()
    assert set(corner[1:4, 0].tolist()) == {int(corner[0, 0])}
