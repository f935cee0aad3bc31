"""The shipped detector finds faces that the shipped face model draws, where they are and nowhere else."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from precompute.detect import Detections
from precompute.detect import YuNet
from precompute.facemodel import sheet
from precompute.facemodel import weights
from precompute.facemodel.sheet import CELL
from precompute.facemodel.sheet import Row
from precompute.models import ModelStore
from precompute.session import Session
from tests import pictures
from tests.pictures import Pixels

ROWS = [Row("female", 30), Row("male", 50)]
FACES = 6


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ModelStore:
    """Nothing but what is in the package."""
    return ModelStore(tmp_path_factory.mktemp("cache"), environ={})


@pytest.fixture(scope="module")
def detector(store: ModelStore) -> YuNet:
    return YuNet(Session(store.path("face-detector"), "cpu", 1), 0.6)


@pytest.fixture(scope="module")
def drawn(store: ModelStore) -> Pixels:
    """Three faces in each of two rows."""
    shown = weights.load(store.path("face-model"))
    return sheet.drawn(shown, ROWS, FACES, np.random.default_rng(1), lambda what, done, total: None)


def cells(found: Detections, scale: float = 1.0) -> list[tuple[int, int]]:
    """Column and row of the cell that each box's centre lies in, sorted."""
    centres = (found.boxes[:, :2] + found.boxes[:, 2:] / 2) / (CELL * scale)
    return sorted((int(x), int(y)) for x, y in centres)


@pytest.mark.parametrize("scale", [1.0, 0.5, 0.25])
def test_every_drawn_face_is_found_once(detector: YuNet, drawn: Pixels, scale: float) -> None:
    """At 130, 65 and 33 pixels wide: one box in each cell."""
    small = np.asarray(cv2.resize(drawn, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    found = detector.find(small, (1600, 640))
    assert cells(found, scale) == [(x, y) for x in range(3) for y in range(2)]


def test_points_lie_as_they_do_in_a_face(detector: YuNet, drawn: Pixels) -> None:
    """Eyes above the nose, the nose above the mouth, left ones left of right ones, all in the box."""
    found = detector.find(drawn, (640,))
    left_eye, right_eye, nose, left_mouth, right_mouth = found.points.transpose(1, 0, 2)
    assert (left_eye[:, 0] < nose[:, 0]).all()
    assert (nose[:, 0] < right_eye[:, 0]).all()
    assert (left_mouth[:, 0] < right_mouth[:, 0]).all()
    assert (np.maximum(left_eye[:, 1], right_eye[:, 1]) < nose[:, 1]).all()
    assert (nose[:, 1] < np.minimum(left_mouth[:, 1], right_mouth[:, 1])).all()
    low, high = found.boxes[:, None, :2], found.boxes[:, None, :2] + found.boxes[:, None, 2:]
    assert ((found.points > low) & (found.points < high)).all()


@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_found_where_nobody_is(detector: YuNet, seed: int) -> None:
    """Colour, noise and hard edges are no faces."""
    assert len(detector.find(pictures.texture(640, 480, seed), (640,))) == 0


def test_its_file_lies_in_the_package(store: ModelStore) -> None:
    """So that it is there on a machine that can fetch nothing."""
    assert store.status(store.model("face-detector")).state == "shipped"
    assert Path(store.path("face-detector")).stat().st_size < 1 << 20
