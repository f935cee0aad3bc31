"""Every face once, large or small, in any picture."""

import numpy as np
import numpy.typing as npt
import pytest

from precompute import detect
from precompute.detect import Detections
from precompute.detect import YuNet
from precompute.models import ModelStore
from precompute.session import Session
from precompute.settings import FacesConfig
from tests.precompute.faces.shapes import Answers


def found(*boxes: tuple[float, float, float, float, float]) -> Detections:
    """Detections from x, y, w, h, score; points at the corner."""
    rows = np.array(boxes, np.float32).reshape(-1, 5)
    return Detections(rows[:, :4], rows[:, 4], np.repeat(rows[:, None, :2], 5, 1))


@pytest.mark.parametrize(
    ("parts", "scores"),
    [
        ([found((0, 0, 10, 10, 0.7)), found((1, 0, 10, 10, 0.9))], [0.9]),
        ([found((0, 0, 10, 10, 0.7)), found((8, 0, 10, 10, 0.9))], [0.9, 0.7]),
        ([found((0, 0, 100, 100, 0.9)), found((40, 40, 10, 10, 0.7))], [0.9]),
        ([found((0, 0, 100, 100, 0.7)), found((40, 40, 10, 10, 0.9))], [0.9]),
        ([found((0, 0, 10, 10, 0.7), (50, 0, 10, 10, 0.8)), found((0, 50, 10, 10, 0.9))], [0.9, 0.8, 0.7]),
        ([found(), found()], []),
    ],
    ids=["same at two scales", "neighbours", "part of a face", "face around a better one", "three", "none"],
)
def test_merge_keeps_the_best_of_each_face(parts: list[Detections], scores: list[float]) -> None:
    """Overlapping boxes are one face, neighbours are two."""
    np.testing.assert_allclose(detect.merge(parts).scores, scores)


@pytest.mark.parametrize(
    ("size", "expected"),
    [((100, 50), [1]), ((1600, 10), [1, 0.4]), ((3200, 100), [0.5, 0.2]), ((1, 1), [1])],
    ids=str,
)
def test_pictures_are_never_enlarged(size: tuple[int, int], expected: list[float]) -> None:
    """Scales go down to the long sides, each once."""
    assert detect.scales(size, (1600, 640)) == expected


def test_boxes_and_points_are_decoded_by_the_contract() -> None:
    """One cell of stride 16 with known numbers gives the known box and points in the picture's pixels."""
    out = {f"{kind}_{stride}": np.zeros((1, (64 // stride) ** 2, width), np.float32)
           for kind, width in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10)) for stride in (8, 16, 32)}  # fmt: skip
    cell = 2 * 4 + 1  # row 2, column 1
    out["cls_16"][0, cell], out["obj_16"][0, cell] = 0.81, 1.0
    out["bbox_16"][0, cell] = [0.5, 0.25, np.log(2), np.log(1)]
    out["kps_16"][0, cell] = np.tile([0.5, -0.5], 5)
    faces = YuNet(Answers(**out), 0.6).find(np.zeros((64, 64, 3), np.uint8), (640,))  # type: ignore[arg-type]
    np.testing.assert_allclose(faces.boxes, [[1.5 * 16 - 16, 2.25 * 16 - 8, 32, 16]], rtol=1e-5)
    np.testing.assert_allclose(faces.points, np.tile([[[24, 24]]], (1, 5, 1)), rtol=1e-5)
    np.testing.assert_allclose(faces.scores, [0.9], rtol=1e-5)


@pytest.fixture(scope="module")
def detector(permissive: FacesConfig, store: ModelStore) -> YuNet:
    return YuNet(Session(store.path(permissive.detector), "cpu"), 0.6)


@pytest.mark.parametrize("shape", [(1, 1), (1, 3000), (3000, 1), (7, 5), (33, 65)], ids=str)
def test_odd_pictures_have_no_faces(shape: tuple[int, int], detector: YuNet) -> None:
    """Tiny and extreme pictures go through the real model without an error."""
    assert len(detector.find(np.full((*shape, 3), 128, np.uint8), (1600, 640))) == 0


def test_close_ups_and_small_faces_are_both_found(detector: YuNet, group_photo: npt.NDArray[np.uint8]) -> None:
    """Six faces in the photo, six when it is a tile of a large canvas, and one in a crop that it fills."""
    wide = np.full((2400, 3200, 3), 90, np.uint8)
    wide[900 : 900 + group_photo.shape[0], 800 : 800 + group_photo.shape[1]] = group_photo
    for pixels in (group_photo, wide):
        assert len(detector.find(pixels, (1600, 640))) == 6
    x, y, w, h = detector.find(group_photo, (1600,)).boxes[0].astype(int)
    close = np.kron(group_photo[y : y + h, x : x + w], np.ones((12, 12, 1), np.uint8))
    assert len(detector.find(close, (1600, 640))) == 1
