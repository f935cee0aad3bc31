"""Portraits without people, and cells as a teacher says them."""

import numpy as np

from precompute.training.detector.composites import Composite
from precompute.training.detector.portraits import SIDE
from precompute.training.detector.portraits import View
from precompute.training.detector.teacher import Cells
from precompute.training.detector.teacher import Floats
from precompute.training.detector.teacher import Pixels
from precompute.training.detector.teacher import grid

BOX = np.array([88, 70, 80, 100], np.float32)
POINTS = np.array([[108, 105], [148, 107], [125, 130], [112, 148], [143, 150]], np.float32)
SHARES = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.3, 0.8], [0.7, 0.8]], np.float32)
RED = (0, 0, 255)


def view() -> View:
    """A grey portrait with a red box for a face, all of it cut out but a margin of 20 px."""
    pixels = np.full((SIDE, SIDE, 3), 90, np.uint8)
    pixels[70:170, 88:168] = RED
    cut = np.zeros((SIDE, SIDE), np.uint8)
    cut[20:-20, 20:-20] = 255
    return View(pixels, cut, BOX, POINTS)


def composite(boxes: Floats, open_boxes: Floats | None = None, side: int = 64) -> Composite:
    """A black picture with the given truth, points at ``SHARES`` of the boxes."""
    points = boxes[:, None, :2] + boxes[:, None, 2:] * SHARES
    none = np.zeros((0, 4), np.float32)
    pixels: Pixels = np.zeros((side, side, 3), np.uint8)
    return Composite(pixels, boxes, points, np.ones(len(boxes), np.float32), none if open_boxes is None else open_boxes)


def cells(fired: dict[int, tuple[float, Floats]], side: int = 64) -> Cells:
    """What a teacher says that sees boxes (4,) with scores in some cells, and nothing elsewhere."""
    count = len(grid(side)[1])
    said = Cells(np.zeros(count, np.float32), np.zeros((count, 4), np.float32), np.zeros((count, 5, 2), np.float32))
    for cell, (score, box) in fired.items():
        said.scores[cell], said.boxes[cell], said.points[cell] = score, box, box[:2] + box[2:] * SHARES
    return said
