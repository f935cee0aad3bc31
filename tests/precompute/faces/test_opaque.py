"""The opaque fill hides the whole head and tells nothing."""

import numpy as np
import pytest

from precompute.blend import Fake
from precompute.blend import paste
from precompute.swap import opaque
from tests.precompute.faces import shapes

BOX = (60.0, 50.0, 40.0, 56.0)


def test_the_box_is_covered_generously() -> None:
    """An ellipse 1.15 times the box lies wholly inside the fill."""
    fill = opaque.fill(np.zeros((200, 200, 3), np.uint8), BOX)
    x, y, w, h = BOX
    for angle in np.arange(0, 2 * np.pi, 0.1):
        place = np.array([x + w / 2 + np.cos(angle) * 1.15 * w / 2, y + h / 2 + np.sin(angle) * 1.15 * h / 2])
        column, row = np.round(place).astype(int) - [fill.x, fill.y]
        assert fill.weight[row, column] == 1


def test_the_edge_is_hard() -> None:
    """All weights are 0 or 1 but for a line about a pixel wide, and the fill is one colour."""
    fill = opaque.fill(shapes.skin(200, 200, np.random.default_rng(0)), BOX)
    between = (fill.weight > 0) & (fill.weight < 1)
    assert between.sum() < 2 * 2 * np.pi * max(BOX)
    assert len(np.unique(fill.pixels.reshape(-1, 3), axis=0)) == 1
    assert fill.method == "opaque"
    assert fill.source is None


def test_the_colour_is_coarse() -> None:
    """Two faces that differ in detail alone get the same fill."""
    rng = np.random.default_rng(1)
    fills = [opaque.fill(shapes.skin(200, 200, rng), BOX).pixels[0, 0] for _ in range(2)]
    assert (fills[0] == fills[1]).all()


def test_gray_stays_gray() -> None:
    """A gray photo gets a gray fill."""
    gray = np.full((200, 200, 3), 93, np.uint8)
    assert len(set(opaque.fill(gray, BOX).pixels[0, 0].tolist())) == 1


@pytest.mark.parametrize(
    "box",
    [
        (-30.0, -30.0, 40.0, 40.0),
        (0.0, 0.0, 1.0, 1.0),
        (190.0, 195.0, 60.0, 60.0),
        (500.0, 500.0, 9.0, 9.0),
        (-10.0, -10.0, 900.0, 900.0),
    ],
    ids=["corner", "one pixel", "edge", "outside", "larger than the picture"],
)
def test_heads_at_the_edge_stay_within_the_picture(box: tuple[float, float, float, float]) -> None:
    """The fill's rectangle lies in the picture, and can be pasted."""
    pixels = np.zeros((200, 210, 3), np.uint8)
    fill = opaque.fill(pixels, box)
    h, w = fill.weight.shape
    assert 0 <= fill.x <= fill.x + w <= 210
    assert 0 <= fill.y <= fill.y + h <= 200
    assert paste(pixels, fill).shape == pixels.shape


def test_paste_changes_only_what_has_weight() -> None:
    """Weight 0 keeps the picture bit for bit, weight 1 replaces it, and the canvas itself is not touched."""
    rng = np.random.default_rng(2)
    canvas, face = shapes.skin(50, 60, rng), shapes.skin(20, 30, rng)
    weight = np.zeros((20, 30), np.float32)
    weight[5:15, 5:15] = 1
    weight[5:15, 15:20] = 0.5
    before = canvas.copy()
    out = paste(canvas, Fake(10, 7, face, weight, "donor"))
    assert (canvas == before).all()
    changed = np.zeros(canvas.shape[:2], bool)
    changed[12:22, 15:30] = True
    assert (out[~changed] == canvas[~changed]).all()
    assert (out[12:22, 15:25] == face[5:15, 5:15]).all()
    middle = (face[5:15, 15:20].astype(float) + canvas[12:22, 25:30]) / 2
    assert np.abs(out[12:22, 25:30] - middle).max() <= 0.5
