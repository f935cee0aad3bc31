"""The whole way from a folder to figures, with stand-ins for the models."""

import json
from hashlib import sha256
from pathlib import Path

import msgspec
import numpy as np
import pytest

from precompute.errors import NotEvaluated
from precompute.evaluation import course
from precompute.evaluation import crew
from precompute.models import ModelStore
from precompute.photo import Limits
from precompute.settings import PERMISSIVE
from precompute.settings import FacesConfig
from precompute.verification import Collection
from tests import pictures
from tests.precompute.evaluation import crowd

TASK = crew.Task(FacesConfig(), ModelStore(Path("nowhere"), environ={}), (), Limits(), "central", 1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Twelve people with two pictures each, and one with one."""
    for person in range(13):
        (tmp_path / f"p{person}").mkdir()
        for i in range(1 if person == 12 else 2):
            (tmp_path / f"p{person}" / f"{i}.jpg").write_bytes(pictures.jpeg(pictures.texture(100, 90, person)))
    return tmp_path


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    made = crowd.Meshed(((20, 15, 60, 60),))
    monkeypatch.setattr(course.Examiner, "load", lambda task, progress=None: crew.Examiner(task, made, ()))


@pytest.mark.usefixtures("loaded")
def test_run(folder: Path) -> None:
    """Every part is there, JSON can say all of it, and the faces are counted."""
    found = course.run(folder, TASK, 1)
    data = dict(found.figures["data"])  # type: ignore[call-overload]
    assert data.pop("folder_sha256") == course.verification.collection(folder).sha256
    assert data == {"pictures": 25, "people": 13, "evaluated": 25, "left_out": 0}
    read = json.loads(json.dumps(found.figures, allow_nan=False))
    assert set(read) >= {"recognisers", "drop", "groups", "kept", "opaque", "pixels", "seam", "outside", "speed", "versions"}
    assert read["recognisers"][crowd.NAME]["identification"]["probes"] == 12
    assert read["outside"]["blocks_changed"] == 0
    assert read["models"][crowd.NAME] == crowd.Numbers.sha256


@pytest.mark.usefixtures("loaded")
def test_the_same_again(folder: Path) -> None:
    """One seed, one result, but for the time it took."""
    one, other = (dict(course.run(folder, TASK, 1).figures) for _ in range(2))
    assert one.pop("speed") != {}
    other.pop("speed")
    assert one == other


def test_nobody(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures without a face are said to be that."""
    monkeypatch.setattr(course.Examiner, "load", lambda task, progress=None: crew.Examiner(task, crowd.Meshed(()), ()))
    with pytest.raises(NotEvaluated, match="no picture has a face"):
        course.run(folder, TASK, 1)


def test_limited() -> None:
    """People with several pictures come first, and those drawn keep all of theirs, in order."""
    names = tuple(name for person in range(10) for name in [f"p{person}"] * (1 + person % 2))
    everything = Collection(tuple(Path(f"{i}") for i in range(len(names))), names, "00")
    few = course.limited(everything, 3, 1)
    assert len(set(few.people)) == 3
    assert len(few.people) == 6
    assert list(few.people) == sorted(few.people)
    more = course.limited(everything, 7, 1)
    assert len(set(more.people)) == 7
    assert len(more.people) == 12
    assert course.limited(everything, 10, 1) is everything
    assert course.limited(everything, 3, 2).people != few.people


def test_held_out(tmp_path: Path) -> None:
    """By default what is here and not configured; a recogniser that chooses is not held out."""
    chooses = msgspec.structs.replace(PERMISSIVE, recognisers=("mobilefacenet_128", "mobileface_v2"))
    assert course.held_out(chooses, TASK.store, None) == ()
    for name in ("mobilefacenet_128", "mobileface_v3"):
        file = tmp_path / TASK.store.model(name).file
        file.parent.mkdir(exist_ok=True)
        file.touch()
    here = ModelStore(tmp_path, environ={})
    assert course.held_out(chooses, here, None) == ("mobileface_v3",)
    others = msgspec.structs.replace(chooses, recognisers=("ours", "ours-too"))
    assert course.held_out(others, here, None) == ("mobilefacenet_128", "mobileface_v3")
    assert course.held_out(chooses, TASK.store, ["a", "a"]) == ("a",)
    with pytest.raises(NotEvaluated, match="mobileface_v2 takes part in choosing"):
        course.held_out(chooses, here, ["mobileface_v2"])


def test_drop() -> None:
    """In points, and as a share of what each recogniser had."""
    rates = [{"identification": {"rank1_before": before, "rank1_after": after}} for before, after in ((1.0, 0.0), (0.5, 0.25))]
    assert course.drop({"one": rates[0], "other": rates[1]}) == {"points": 62.5, "relative": 0.75}
    assert course.drop({"one": {"identification": {}}}) == {"points": None, "relative": None}


def test_hashes(tmp_path: Path) -> None:
    """Of the registry's models the registry's; of InsightFace's, those of the files that are there."""
    (tmp_path / "det.onnx").write_bytes(b"weights")
    name = f"insightface:{tmp_path / 'det.onnx'}"
    found = course.hashes(msgspec.structs.replace(PERMISSIVE, detector=name), ModelStore(tmp_path, environ={}))
    assert found[f"{name} (det.onnx)"] == sha256(b"weights").hexdigest()
    assert found["mp_face_landmarks_478"] == TASK.store.model("mp_face_landmarks_478").sha256


def test_versions() -> None:
    """Of what is installed, and of nothing else."""
    found = course.versions()
    assert found["numpy"] == np.__version__
    assert all(found.values())
