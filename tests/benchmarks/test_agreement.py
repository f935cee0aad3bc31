"""What is said of a model against its teachers is what they really differ by."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.agreement import detector
from benchmarks.agreement import mesh
from benchmarks.agreement import people
from precompute.detect import Detections
from precompute.detect import Floats
from precompute.landmarks import Mesh
from tests.precompute.faces import shapes

FIVE = np.array([[20, 20], [60, 20], [40, 40], [25, 60], [55, 60]], np.float32)
PHOTOS = [np.zeros((300, 400, 3), np.uint8)]


def found(*places: tuple[float, float, float]) -> Detections:
    """Square boxes from x, y, side, with five points in them."""
    boxes = np.array([(x, y, side, side) for x, y, side in places], np.float32).reshape(-1, 4)
    points = np.array([FIVE * side / 80 + (x, y) for x, y, side in places], np.float32).reshape(-1, 5, 2)
    return Detections(boxes, np.ones(len(boxes), np.float32), points)


def test_detector() -> None:
    """Faces under 40 px and those of one teacher alone do not count; a find that no teacher sees, be it in doubt, is false."""
    first, second = found((0, 0, 80), (100, 0, 80), (200, 0, 30), (300, 0, 80)), found((0, 0, 80), (100, 0, 80), (200, 0, 30))
    own = found((4, 0, 80), (0, 200, 60), (100, 200, 60))
    doubt = found((0, 0, 80), (0, 200, 60))
    said = detector.figures(PHOTOS, lambda _: own, (lambda _: first, lambda _: second), [lambda _: doubt, lambda _: second], 0.6)
    assert (said["detector_faces"], said["detector_recall"]) == (2, 0.5)
    assert said["detector_precision"] == pytest.approx(2 / 3, abs=1e-4)
    assert said["detector_point_error"] == pytest.approx(4 / 40)
    assert said["detector_points_apart"] == 0


def test_recall_where_finds_are_nearly_always_faces() -> None:
    """The score goes up until 19 of 20 finds are faces; finds under the configured score do not count for the other figures."""
    finds = [(0.9, True)] * 19 + [(0.8, False), (0.7, False), (0.5, True)]
    assert detector.precise([0.9] * 19 + [0.5], finds, 25) == (19 / 25, 0.8)
    assert detector.precise([0.9], [(0.9, False)], 1) == (0, 1)
    seen = found((0, 0, 80), (100, 0, 80))
    own = Detections(seen.boxes, np.array([0.9, 0.5], np.float32), seen.points)
    said = detector.figures(PHOTOS, lambda _: own, (lambda _: seen, lambda _: seen), [lambda _: seen], 0.6)
    assert (said["detector_recall"], said["detector_precision"], said["detector_recall_precise"]) == (0.5, 1, 1)


def test_points_are_the_first_teachers() -> None:
    """What the other teacher differs by is told beside it; faces in profile do not count."""
    first, second = found((0, 0, 80)), found((8, 0, 80))
    said = detector.figures(PHOTOS, lambda _: first, (lambda _: first, lambda _: second), [lambda _: first], 0.6)
    assert said["detector_point_error"] == 0
    assert said["detector_points_apart"] == pytest.approx(8 / 40)
    assert not detector.is_ahead(FIVE * np.array([0.5, 1], np.float32), first.boxes[0])


def test_mesh() -> None:
    """Where the teacher has no mesh nothing counts; where it has and the other has not, that is a miss and no error."""
    level = shapes.mesh()
    moved = level + np.array([6, 0, 0], np.float32)
    none = Mesh(level, 0.0, stiff=True)
    eyes = float(np.linalg.norm(level[33, :2] - level[263, :2]))
    agreed = mesh.compared([(Mesh(level, 1.0), Mesh(moved, 1.0)), (Mesh(level, 1.0), none), (none, Mesh(moved, 1.0))])
    assert (agreed.faces, agreed.missed) == (2, 1)
    assert agreed.error == pytest.approx(6 / eyes, rel=1e-4)
    np.testing.assert_allclose(agreed.angles, 0, atol=1e-4)


def test_pairs(tmp_path: Path) -> None:
    """As LFW writes them, with or without the line of counts; a pair of which a picture is missing is left out."""
    (tmp_path / "pairs.txt").write_text("2\t1\nAda\t1\t2\nAda\t1\tBob\t3\nBob\t1\t3\n")
    assert people.pairs(tmp_path / "pairs.txt", ["Ada_0001", "Ada_0002", "Bob_0003"]) == [(0, 1, True), (0, 2, False)]


@pytest.mark.parametrize(("apart", "low", "high"), [(99, 1, 1), (0, 0.4, 0.6), (2, 0.8, 0.88)], ids=["all", "none", "most"])
def test_accuracy(apart: float, low: float, high: float) -> None:
    """Of two kinds that lie this many spreads apart, the share that a threshold in the middle tells right."""
    rng = np.random.default_rng(1)
    is_same = rng.permutation(np.repeat([True, False], 1000))
    similarity = (rng.normal(size=2000) + apart * is_same).astype(np.float32)
    assert low <= people.accuracy(similarity, is_same) <= high


def told(*rows: tuple[float, float]) -> Floats:
    return np.array(rows, np.float32)


def test_described() -> None:
    """Genders that differ, and age groups more than one apart, count against it."""
    teacher = told((0.9, 25), (0.1, 25), (0.2, 70), (0.8, 50))
    said = people.described(told((0.6, 35), (0.7, 50), (0.1, 70), (0.9, 46)), teacher)
    assert said["attributes_gender"] == 0.75
    assert said["attributes_age_group"] == 0.75
    assert said["attributes_same_age_group"] == 0.5
    assert said["attributes_years"] == pytest.approx((10 + 25 + 0 + 4) / 4)


def test_accepted() -> None:
    """Both rates over all pairs of pictures, and none of too few pairs."""
    vectors = np.repeat(np.eye(2, dtype=np.float32), 8, 0)
    assert people.accepted(vectors, np.repeat([0, 1], 8), 0.5) == (1.0, 0.0)
    assert people.accepted(vectors, np.arange(16), 0.5) == (None, round(56 / 120, 6))
