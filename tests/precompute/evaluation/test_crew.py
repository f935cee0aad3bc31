"""Pictures come back in order, those that cannot be used as None, and each by its own seed."""

from dataclasses import replace
from pathlib import Path

import pytest

from precompute.evaluation import crew
from precompute.models import ModelStore
from precompute.photo import Limits
from precompute.settings import FacesConfig
from tests import pictures
from tests.precompute.evaluation import crowd

BOXES = ((20, 20, 40, 50), (75, 55, 60, 60))


def examiner(tmp_path: Path, boxes: tuple[tuple[int, int, int, int], ...] = BOXES) -> crew.Examiner:
    task = crew.Task(FacesConfig(), ModelStore(tmp_path, environ={}), (), Limits(), "central", 1)
    return crew.Examiner(task, crowd.Meshed(boxes), ())


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    for i in range(3):
        (tmp_path / f"{i}.jpg").write_bytes(pictures.jpeg(pictures.texture(200, 160, i)))
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    return [tmp_path / name for name in ("0.jpg", "broken.jpg", "1.jpg", "gone.jpg", "2.jpg")]


def test_collect(tmp_path: Path, files: list[Path]) -> None:
    """In order, with progress; what is broken or gone is None."""
    told: list[tuple[str, int, int]] = []
    found = crew.collect(files, examiner(tmp_path), 1, lambda *all_: told.append(all_))
    assert [each is None for each in found] == [False, True, False, True, False]
    assert told == [("pictures", i, 5) for i in range(1, 6)]


def test_central(tmp_path: Path, files: list[Path]) -> None:
    """The face that covers the middle is the person's; all faces are replaced, and in a group photo all are measured."""
    look = examiner(tmp_path)
    found = look.look(0, files[0])
    assert found is not None
    assert (len(found.pairs), found.faces, found.pairs[0].width) == (1, 2, 60)
    everyone = crew.Examiner(replace(look.task, whom="everyone"), look.anonymiser, ())
    group = everyone.look(0, files[0])
    assert group is not None
    assert [pair.width for pair in group.pairs] == [40, 60]
    assert examiner(tmp_path, BOXES[:1]).look(0, files[0]) is None


def test_seeds(tmp_path: Path, files: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Another picture and another run have another seed, the same picture of the same run the same."""
    seeds: list[bytes] = []
    monkeypatch.setattr(crew.pairs, "of", lambda *arguments: seeds.append(arguments[4]))
    look = examiner(tmp_path)
    other = crew.Examiner(replace(look.task, seed=2), look.anonymiser, ())
    for each, number in ((look, 0), (look, 1), (other, 0), (look, 0)):
        each.look(number, files[0])
    assert len(set(seeds)) == 3
    assert seeds[0] == seeds[3]
