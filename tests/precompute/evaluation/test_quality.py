"""Shares and medians over faces made of numbers."""

from dataclasses import replace

import numpy as np
import pytest

from precompute.evaluation import quality
from precompute.evaluation.outside import Outside
from precompute.evaluation.population import Population
from tests.precompute.evaluation import crowd

VECTOR = crowd.BLANK


def face(**other: object) -> object:
    return crowd.pair(VECTOR, VECTOR, **other)


def test_keeping() -> None:
    """Opaque fills keep nothing; faces of unknown gender say nothing of gender; a fake that is not found is only that."""
    older = replace(crowd.SEEN, age=50.0, pose=np.array([4, 0, 0], np.float32))
    pairs = [
        face(), face(again=replace(older, gender="male")), face(seen=replace(crowd.SEEN, gender="unknown")),
        face(again=None, found=False, landmark_error=None), face(method="opaque", found=False, landmark_error=None),
    ]  # fmt: skip
    found = quality.keeping(pairs)  # type: ignore[arg-type]
    assert (found["faces"], found["found"]) == (4, 0.75)
    assert (found["gender"], found["gender_faces"]) == (0.5, 2)
    assert found["age_group"] == pytest.approx(2 / 3, abs=1e-4)
    assert (found["landmark_error"], found["age_years"], found["pose_yaw"]) == (0.02, 0, 0)


def test_keeping_nothing() -> None:
    """Of no faces there are no shares."""
    found = quality.keeping([])
    assert found["faces"] == 0
    assert found["found"] is None
    assert found["landmark_error"] is None


def test_opaque() -> None:
    """The share among faces of a width, with why."""
    pairs = [
        face(), face(method="opaque", reason="turned too far"), face(method="opaque", reason=None),
        face(method="opaque", width=20.0, reason="too small"),
    ]  # fmt: skip
    assert quality.opaque(pairs)["share"] == 0.75  # type: ignore[arg-type]
    wide = quality.opaque(pairs, 48)  # type: ignore[arg-type]
    assert wide["share"] == pytest.approx(2 / 3, abs=1e-4)
    assert wide["reasons"] == {"no synthetic face passed every recogniser": 1, "turned too far": 1}


def test_seams() -> None:
    """Rings that differ are told apart; rings that are of one kind are not; a handful say nothing."""
    rng = np.random.default_rng(0)

    def of(shift: float, count: int = 400) -> object:
        drawn = rng.standard_normal((count, 2, 4)).astype(np.float32)
        drawn[:, 1] += shift
        pairs = tuple(face(rings=(one, other)) for one, other in drawn)
        return quality.seams(Population(pairs, np.arange(count), ()), 1)["auc"]  # type: ignore[arg-type]

    assert of(5) > 0.99  # type: ignore[operator]
    assert of(0) == pytest.approx(0.5, abs=0.12)
    assert of(5, 5) is None


def test_seams_of_group_photos() -> None:
    """Where nobody knows who anybody is, each face is a group of its own."""
    rng = np.random.default_rng(0)
    pairs = tuple(face(rings=(rng.standard_normal(3), rng.standard_normal(3) + 4)) for _ in range(40))
    found = quality.seams(Population(pairs, np.zeros(40, np.int64), ()), 1)  # type: ignore[arg-type]
    assert found["auc"] > 0.95  # type: ignore[operator]


def test_around() -> None:
    """The greatest difference of any photo, not the mean, and all stray blocks."""
    one, other = crowd.picture(face()), crowd.picture(face())  # type: ignore[arg-type]
    found = quality.around([one, replace(other, outside=Outside(3, 2, 1, 0.3, 0.35))])
    assert (found["drawn_difference"], found["blocks_changed"], found["decoded_difference"]) == (3, 2, 1)
    assert found["masked_share"] == pytest.approx(0.2)
    assert found["feather_share_max"] == 0.09


def test_speed() -> None:
    """A face's share of finding and replacing."""
    found = quality.speed([crowd.picture(face(), face())])  # type: ignore[arg-type]
    assert (found["find_ms"], found["replace_ms"], found["replace_ms_a_face"]) == (20, 40, 20)
    assert found["find_and_replace_ms_a_face"] == pytest.approx(30)


def test_pixels() -> None:
    """The median of each measure, over faces that are no fills."""
    far = face(alike=crowd.ALIKE | {"rmse": 40.0})
    found = quality.pixel_measures([face(), far, face(method="opaque", alike={})])  # type: ignore[list-item]
    assert found == {"fid": 0.5, "rmse": 30, "ssim": 0.8, "psnr": 22}
