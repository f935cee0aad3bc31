"""The verdict on a published face is that of the most suspicious look at it."""

import numpy as np
import numpy.typing as npt
import pytest

from precompute import certify
from precompute.detect import Detections
from precompute.faces import Measurement
from precompute.thresholds import Origin

Floats = npt.NDArray[np.float32]
BOX = np.array([20, 20, 30, 40], np.float32)
POINTS = np.array([[28, 35], [42, 35], [35, 43], [29, 50], [41, 50]], np.float32)


class Scale:
    """A recogniser that finds a face more alike the farther right its first point lies."""

    name, sha256, threshold = "scale", "00" * 32, 0.4
    origin: Origin = "calibrated"

    def embed(self, pixels: npt.NDArray[np.uint8], points: Floats) -> Floats:
        return points[:, 0, :1] / 100


class Sees:
    """A detector that always sees the same faces in the close-up."""

    def __init__(self, *boxes: tuple[float, float, float, float]) -> None:
        rows = np.array(boxes, np.float32).reshape(-1, 4)
        self._found = Detections(rows, np.ones(len(rows), np.float32), np.repeat(rows[:, None, :2], 5, 1))

    def find(self, pixels: npt.NDArray[np.uint8], long_sides: object) -> Detections:
        return self._found


def measure(detector: Sees) -> Measurement:
    output = np.zeros((100, 100, 3), np.uint8)
    return certify.measure(output, POINTS, BOX, {"scale": np.ones(1, np.float32)}, [Scale()], detector)[0]


def test_without_a_detection_the_original_points_count() -> None:
    """Where the detector sees no face any more, the old place is still looked at."""
    verdict = measure(Sees())
    assert verdict == Measurement("scale", "00" * 32, pytest.approx(0.28), 0.4, "calibrated", True)


def test_the_more_alike_look_counts() -> None:
    """A face seen at another place is looked at there too, and a higher likeness there fails it."""
    side = certify.LOOK_REACH * 40
    corner = np.array([35, 40]) - side / 2
    scale = certify.LOOK_SIDE / side
    seen = (np.array([45, 20]) - corner) * scale
    verdict = measure(Sees((*seen, 30 * scale, 40 * scale)))
    assert verdict.similarity == pytest.approx(0.28)
    near = (np.array([30, 24]) - corner) * scale
    verdict = measure(Sees((*near, 26 * scale, 34 * scale)))
    assert verdict.similarity == pytest.approx(0.30)


@pytest.mark.parametrize(("shift", "looks"), [(0.5 * certify.SAME_PLACE, 1), (1.5 * certify.SAME_PLACE, 2)], ids=["one", "two"])
def test_the_same_place_is_looked_at_once(shift: float, looks: int) -> None:
    """A second look is left out only where the detector's points lie so near the old ones that a recogniser sees the same."""
    side = certify.LOOK_REACH * 40
    scale = certify.LOOK_SIDE / side
    corner = np.array([35, 40]) - side / 2
    span = float(np.linalg.norm(POINTS[3:].mean(0) - POINTS[:2].mean(0)))  # longer here than from eye to eye
    moved = (POINTS + np.array([shift * span, 0]) - corner) * scale
    detector = Sees((*((BOX[:2] - corner) * scale), *(BOX[2:] * scale)))
    detector._found.points[0] = moved
    assert len(measure(detector).seen) == looks


def test_a_neighbour_is_not_the_face() -> None:
    """A face that hardly overlaps the box is someone else."""
    assert measure(Sees((0, 0, 20, 20))).similarity == pytest.approx(0.28)


def test_likeness_at_the_threshold_fails() -> None:
    """Only below the threshold passes."""
    views = np.full((1, 5, 2), 40, np.float32)
    assert not certify.verdict(Scale(), np.zeros((9, 9, 3), np.uint8), views, {"scale": np.ones(1, np.float32)}).passed
