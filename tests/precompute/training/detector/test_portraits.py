"""Portraits are split always the same way, and turned heads look to the side."""

from pathlib import Path

import cv2
import numpy as np

from precompute.training.detector import portraits
from precompute.training.detector.portraits import SIDE
from tests.precompute.training.detector import made


def test_a_tenth_is_held_out_and_in_no_other_part(tmp_path: Path) -> None:
    """Every portrait is in one part, every tenth by name in the one held out; other files are none."""
    for i in range(30):
        (tmp_path / f"{i:02}.jpg").touch()
    (tmp_path / "index.npz").touch()
    learnt, held = portraits.files(tmp_path)
    assert [file.stem for file in held] == ["00", "10", "20"]
    assert sorted(learnt + held) == sorted(tmp_path.glob("*.jpg"))


def test_a_head_that_is_not_turned_stays_as_it_is() -> None:
    """Zero degrees change no pixel by more than rounding."""
    pixels = made.view().pixels
    assert np.abs(portraits.turned(pixels, made.BOX, 0).astype(int) - pixels).max() <= 1


def test_what_is_ahead_moves_to_the_side_that_the_head_turns_to() -> None:
    """A line in the middle of the face moves by the sine of the angle, times the radius of the head."""
    pixels = np.zeros((SIDE, SIDE, 3), np.uint8)
    middle = int(made.BOX[0] + made.BOX[2] / 2)
    cv2.line(pixels, (middle, 0), (middle, SIDE), (255, 255, 255), 3)
    columns = portraits.turned(pixels, made.BOX, 30)[100, :, 0].argsort()[-3:]
    assert abs(columns.mean() - (middle + 0.5 * 0.85 * made.BOX[2])) < 3
