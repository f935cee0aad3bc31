"""From pictures to a report with the real models: six people of the group photo, each cut out twice."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from precompute.evaluation import course
from precompute.evaluation import page
from precompute.evaluation.crew import Task
from precompute.faces import Anonymiser
from precompute.faces import FacesConfig
from precompute.models import ModelStore
from precompute.photo import Limits


@pytest.fixture(scope="module")
def people(
    anonymiser: Anonymiser, group_photo: npt.NDArray[np.uint8], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A folder per person; the second picture is smaller and coded worse."""
    folder = tmp_path_factory.mktemp("people")
    for number, face in enumerate(anonymiser.find(group_photo)):
        x, y, w, h = (round(side) for side in face.box)
        crop = group_photo[max(0, y - h) : y + 2 * h, max(0, x - w // 2) : x + w + w // 2]
        (folder / f"p{number}").mkdir()
        smaller = cv2.resize(crop, None, fx=0.8, fy=0.8, interpolation=cv2.INTER_AREA)
        for i, (picture, quality) in enumerate(((crop, 92), (smaller, 75))):
            cv2.imwrite(str(folder / f"p{number}" / f"{i}.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return folder


def test_evaluation(people: Path, config: FacesConfig, store: ModelStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """All are found before; afterwards none passes for the original where a recogniser chose; nothing outside changed."""
    monkeypatch.setenv("MFMC_DONORS", str(config.donors_folder))
    task = Task(config, store, ("mobileface_v2",), Limits(), "central", 1)
    figures: dict[str, Any] = course.run(people, task, 2).figures
    assert figures["data"]["evaluated"] == 12
    assert [each["held_out"] for each in figures["recognisers"].values()] == [False, False, True]
    for each in figures["recognisers"].values():
        assert each["identification"]["rank1_before"] == 1
        assert each["verification"]["tar_before"] == 1
        if not each["held_out"]:
            assert each["verification"]["tar_same_picture"] == 0
    outside = figures["outside"]
    assert (outside["drawn_difference"], outside["blocks_changed"], outside["decoded_difference"]) == (0, 0, 0)
    assert figures["kept"]["found"] > 0.9
    assert figures["kept"]["landmark_error"] < 0.06
    assert figures["pixels"]["rmse"] > 3
    assert "Faces evaluated" in page.render(figures)
