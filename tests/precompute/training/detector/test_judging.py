"""Figures of judging are those that one counts by hand."""

import numpy as np
import pytest

from precompute.training.detector import judging
from precompute.training.detector.judging import Judged
from tests.precompute.training.detector import made
from tests.precompute.training.detector.made import detections

SEEN = [[0.0, 0, 50, 50], [100, 0, 50, 50], [200, 0, 50, 50]]


class Says:
    """A detector that always finds the same."""

    def __init__(self, boxes: list[list[float]]) -> None:
        self._boxes = boxes

    def find(self, pixels: object, long_sides: object) -> object:
        return detections(self._boxes)


def test_only_wide_faces_that_both_teachers_find_count() -> None:
    """One is found by one teacher alone, one is narrow; whatever anybody finds at a low threshold may be a face."""
    first, second = Says([*SEEN[:2], [300, 0, 30, 30]]), Says([SEEN[1], [300, 0, 30, 30]])
    keen = [Says(SEEN), Says([[0.0, 90, 20, 20]])]
    truth = judging.judged(np.zeros((9, 9, 3), np.uint8), [first, second], keen, (640,))  # type: ignore[list-item]
    assert truth.faces.boxes.tolist() == [SEEN[1]]
    assert len(truth.any) == 4


def test_recall_and_precision_are_counted() -> None:
    """Of three faces two are found; of three wide detections one is false, and a narrow one does not count."""
    truth = Judged(detections(SEEN), detections([*SEEN, [0, 100, 20, 20]]).boxes)
    found = judging.compared(detections([[2, 0, 50, 50], SEEN[1], [0, 300, 60, 60], [0, 500, 20, 20]]), truth)
    assert found["found"] == [1, 1, 0]
    assert found["true"] == [1, 1, 0]


def test_points_are_off_by_a_share_of_the_distance_between_the_eyes() -> None:
    """A shift by 2 px, with eyes 20 px apart, is a tenth."""
    truth = Judged(detections(SEEN[:1]), detections(SEEN[:1]).boxes)
    found = judging.compared(detections([[2.0, 0, 50, 50]]), truth)
    assert found["errors"] == [pytest.approx(0.1, abs=1e-4)]


@pytest.mark.parametrize("size", [(100, 100), (240, 320), (500, 333), (1200, 1600)])
def test_tiles_cover_the_picture(size: tuple[int, int]) -> None:
    """No pixel lies in none of them."""
    seen = np.zeros(size, bool)
    for x, y in judging._tiles(size):
        seen[y : y + 240, x : x + 320] = True
    assert seen.all()


def test_made_points_lie_in_their_boxes() -> None:
    """So that the figures above are about faces."""
    each = made.composite(np.array(SEEN, np.float32))
    assert (each.points >= each.boxes[:, None, :2]).all()
