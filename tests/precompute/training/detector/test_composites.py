"""What is said of a composite is true of its pixels."""

import numpy as np
import pytest

from precompute.training.detector import composites
from precompute.training.detector.composites import Scene
from precompute.training.detector.portraits import SIDE
from tests.precompute.training.detector import made


def scene(side: int = 200) -> Scene:
    return Scene(np.zeros((side, side, 3), np.uint8))


class Calm(np.random.Generator):
    """Never takes the rarer way: no mirror, no other light, no glasses, no clothes, no turn, no squeeze."""

    def __init__(self) -> None:
        super().__init__(np.random.PCG64(0))

    def random(self, *_: object, **__: object) -> float:  # type: ignore[override]
        return 0.89

    def normal(self, *_: object, **__: object) -> float:  # type: ignore[override]
        return 0.0


@pytest.mark.parametrize("width", [12.0, 40.0, 120.0])
def test_the_box_lies_where_the_face_was_pasted(width: float) -> None:
    """The red box of the portrait is, to two pixels, the box that is told."""
    at = scene()
    at.face(made.view(), True, width, (110.0, 90.0), Calm())
    rows, columns = np.nonzero((at.pixels[..., 2] > 180) & (at.pixels[..., 0] < 60))
    box = at.boxes[0]
    assert np.allclose([columns.min(), rows.min(), columns.max(), rows.max()], [*box[:2], *(box[:2] + box[2:])], atol=2)
    assert box[2] == pytest.approx(width, rel=1e-4)


def test_points_keep_their_place_in_the_face() -> None:
    """Each point lies at the same share of the box as in the portrait."""
    at = scene()
    at.face(made.view(), True, 60.0, (100.0, 100.0), Calm())
    shares = (made.POINTS - made.BOX[:2]) / made.BOX[2:]
    assert np.allclose((at.points[0] - at.boxes[0][:2]) / at.boxes[0][2:], shares, atol=0.01)


def test_a_face_that_is_covered_shows_less() -> None:
    """Nothing shows of a face under a fragment, and nearly all of one beside it."""
    at = scene()
    at.face(made.view(), False, 30.0, (50.0, 100.0), Calm())
    at.face(made.view(), False, 30.0, (150.0, 100.0), Calm())
    at.fragment(np.full((50, 50, 3), 7, np.uint8), 60.0, (50.0, 100.0), 0.0)
    covered, clear = at.finished(np.random.default_rng(0)).shown
    assert covered == 0
    assert clear > 0.9
    assert np.allclose(at.open[0], [20, 70, 60, 60], atol=1)


def test_a_quarter_turn_lays_the_box_on_its_side() -> None:
    """Width and height change places, and the centre goes where it was sent."""
    box = composites.moved(made.BOX, composites.placed(made.BOX, 40.0, (70.0, 80.0), 90.0, 1.0))
    assert np.allclose(box, [70 - 25, 80 - 20, 50, 40], atol=0.01)


def test_points_of_a_mirror_image_lie_from_left_to_right() -> None:
    """The first eye is still the left one in the picture, and mirroring twice changes nothing."""
    view = made.view()
    once = composites.mirrored(view)
    assert once.points[0, 0] < once.points[1, 0]
    assert once.points[0, 1] == view.points[1, 1]
    twice = composites.mirrored(once)
    assert np.allclose(twice.points, view.points)
    assert np.allclose(twice.box, view.box)
    assert (twice.pixels == view.pixels).all()


def test_composites_of_any_seed_keep_their_faces_in_the_picture() -> None:
    """Centres lie in the picture or just beside it, sizes are those of faces, and some pictures have none."""
    counts = []
    for seed in range(40):
        found = composites.composed(128, [made.view()], np.random.default_rng(seed))
        counts.append(len(found.boxes))
        centres = found.boxes[:, :2] + found.boxes[:, 2:] / 2
        assert found.pixels.shape == (128, 128, 3)
        assert found.pixels.dtype == np.uint8
        assert len(found.boxes) == len(found.points) == len(found.shown)
        assert (centres[:, 0] > -8).all()
        assert (centres < 128 + 60).all()
        assert (found.boxes[:, 2:] >= composites.NARROWEST * 0.7).all()
        assert (found.boxes[:, 2:] < 2 * SIDE).all()
    assert min(counts) == 0
    assert max(counts) > 5
