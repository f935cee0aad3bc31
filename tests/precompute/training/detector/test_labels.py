"""Faces are learnt where truth and teacher agree, nothing where nobody is, and what is open is left alone."""

import numpy as np
import pytest

from precompute.training.detector import labels
from precompute.training.detector.labels import IGNORED
from precompute.training.detector.labels import NOBODY
from precompute.training.detector.labels import labelled
from tests.precompute.training.detector import made

FACE = np.array([[20, 20, 16, 20]], np.float32)
CELL = 3 * 8 + 3  # stride 8 of a picture of 64 px: the corner at (24, 24)


def test_a_face_that_the_teacher_sees_is_wanted_there() -> None:
    """The cell gets a higher score than the teacher's, and the teacher's box and points."""
    box = np.array([21, 21, 15, 19], np.float32)
    found = labelled(made.composite(FACE), made.cells({CELL: (0.7, box)}))
    assert found.whose[CELL] == 0
    assert 0.7 < found.scores[CELL] < 1
    assert np.allclose(found.faces[0, :4], box)
    assert np.allclose(found.faces[0, 4:].reshape(5, 2), box[:2] + box[2:] * made.SHARES)
    assert found.scores.sum() == found.scores[CELL]


def test_surer_cells_have_more_say_of_where_a_face_is() -> None:
    """The box is the mean of those of the surest cells, by score; one that is much less sure has no say."""
    left, right, off = (np.array([x, 20, 16, 20], np.float32) for x in (19, 22, 28))
    found = labelled(made.composite(FACE), made.cells({CELL: (0.8, left), CELL + 1: (0.7, right), CELL + 2: (0.4, off)}))
    assert found.faces[0, 0] == pytest.approx((0.8 * 19 + 0.7 * 22) / 1.5)
    assert (found.whose[CELL : CELL + 3] == 0).all()


@pytest.mark.parametrize(("score", "whose"), [(0.4, NOBODY), (0.9, IGNORED)])
def test_what_the_teacher_sees_where_nobody_is_is_not_learnt(score: float, whose: int) -> None:
    """A faint false alarm far from any face is to be nothing; a sure one may be a face in the background and is left alone."""
    found = labelled(made.composite(FACE), made.cells({0: (score, np.array([0, 0, 10, 10], np.float32))}))
    assert found.whose[0] == whose
    assert found.scores[0] == 0


def test_a_face_that_the_teacher_misses_is_left_alone() -> None:
    """Every cell with its middle in the face's box is ignored, those outside are not."""
    found = labelled(made.composite(FACE), made.cells({}))
    ignored = np.flatnonzero(found.whose == IGNORED)
    assert CELL in ignored
    assert 0 not in ignored
    assert (found.faces == 0).all()


def test_a_fragment_that_the_teacher_takes_for_a_face_is_left_alone() -> None:
    """Where it is open whether there is a face, neither is learnt; where the teacher is silent, there is none."""
    nobody, piece = np.zeros((0, 4), np.float32), np.array([[0, 0, 30, 30]], np.float32)
    found = labelled(made.composite(nobody, piece), made.cells({CELL: (0.4, np.array([20, 20, 10, 10], np.float32))}))
    assert found.whose[CELL] == IGNORED
    assert np.count_nonzero(found.whose == IGNORED) == 1


@pytest.mark.parametrize(("other", "share"), [([0, 0, 10, 10], 1.0), ([5, 0, 10, 10], 1 / 3), ([20, 0, 10, 10], 0.0)])
def test_overlap_is_intersection_over_union(other: list[float], share: float) -> None:
    """As anybody would count it."""
    box = np.array([[0, 0, 10, 10]], np.float32)
    assert labels.alike(box, np.array([other], np.float32))[0, 0] == pytest.approx(share)
