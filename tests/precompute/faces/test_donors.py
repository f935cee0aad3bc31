"""The choice of a donor: the same gender, nobody like the person, and nothing else that could tell who it was."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from precompute import donor_index
from precompute.donors import Gallery
from precompute.donors import Wanted
from precompute.errors import DonorsUnusable
from precompute.faces import FacesConfig
from precompute.models import ModelStore
from tests.precompute.faces import shapes

LIMITS = ((8, 0.3), (8, 0.3))


def gallery(count: int = 600, shortlist: int = 50) -> Gallery:
    return Gallery(Path("nowhere"), shapes.index(count, np.random.default_rng(0)), LIMITS, shortlist, 12)


def wanted(gender: str = "female") -> Wanted:
    one = np.zeros(16, np.float32)
    one[[0, 8]] = 1
    pose, expression, light = np.zeros(3, np.float32), np.full(3, 0.1, np.float32), np.zeros((6, 3), np.float32)
    return Wanted(gender, 40, pose, expression, light, 100, one, np.zeros(2, np.float32))


@pytest.mark.parametrize("gender", ["female", "male"])
def test_gender_is_kept(gender: str) -> None:
    """Every donor has the person's gender, even where that leaves fewer than the shortlist."""
    for count in (600, 40):
        chosen = gallery(count)
        assert set(chosen._index.genders[chosen.fitting(wanted(gender))]) == {gender}


def test_an_unknown_gender_takes_any() -> None:
    """Where the model was unsure, both genders may come."""
    chosen = gallery()
    assert set(chosen._index.genders[chosen.fitting(wanted("unknown"))]) == {"female", "male"}


def test_nobody_like_the_person() -> None:
    """Each recogniser finds every donor below its limit."""
    chosen = gallery()
    vectors = chosen._index.embeddings[chosen.fitting(wanted())]
    for start in (0, 8):
        assert (vectors[:, start : start + 8] @ wanted().embedding[start : start + 8] < 0.3).all()


def test_no_donor_is_better_than_a_wrong_one() -> None:
    """Where nobody is allowed, nobody is chosen."""
    chosen = Gallery(Path("nowhere"), shapes.index(100, np.random.default_rng(0)), ((8, -1), (8, -1)), 50, 12)
    assert list(chosen.choose(wanted(), np.random.default_rng(0))) == []


def test_likeness_in_identity_does_not_steer_the_choice() -> None:
    """With everything but the embeddings equal, the fifty are not the farthest (nor the nearest) of those allowed."""
    chosen = gallery()
    vectors = chosen._index.embeddings
    fitting = chosen.fitting(wanted())
    allowed = vectors[:, 0][(vectors[:, 0] < 0.3) & (vectors[:, 8] < 0.3)]
    assert abs(vectors[fitting, 0].mean() - allowed.mean()) < 3 * allowed.std() / np.sqrt(len(fitting))


def test_the_choice_is_uniform_among_the_fitting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over 5,000 draws no one of the fifty comes up more often than chance allows (chi squared, p = 0.001)."""
    monkeypatch.setattr(Gallery, "load", lambda _, i: i)
    chosen, rng, want = gallery(), np.random.default_rng(7), wanted()
    drawn = [next(chosen.choose(want, rng)) for _ in range(5000)]
    counts = np.bincount(drawn, minlength=600)
    counts = counts[counts > 0]
    assert len(counts) == 50
    assert ((counts - 100) ** 2 / 100).sum() < 85.4


def test_one_face_gets_different_donors(monkeypatch: pytest.MonkeyPatch) -> None:
    """No donor is tried twice."""
    monkeypatch.setattr(Gallery, "load", lambda _, i: i)
    drawn = list(gallery().choose(wanted(), np.random.default_rng(0)))
    assert len(drawn) == len(set(drawn)) == 50


def test_pose_and_light_make_the_fit() -> None:
    """The shortlist is nearer to the wanted pose and light than the gallery as a whole."""
    chosen = gallery()
    fitting = chosen.fitting(wanted())
    for values in (chosen._index.poses[:, 0], chosen._index.lights[:, 0, 0]):
        assert np.abs(values[fitting]).mean() < np.abs(values).mean()


def test_the_index_is_kept_and_read_back_equal(config: FacesConfig, store: ModelStore, donors: Path) -> None:
    """The second opening describes nothing, and gives the same arrays."""
    told: list[int] = []
    first = donor_index.open_index(donors, config, store)
    second = donor_index.open_index(donors, config, store, lambda what, done, total: told.append(done))
    assert told == []
    for name in first.__slots__:
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


def test_a_changed_folder_is_described_anew(config: FacesConfig, store: ModelStore, donors: Path, tmp_path: Path) -> None:
    """Pictures without a face are left out, progress is told, and another picture means another index."""
    few = sorted(donors.iterdir())[:3]
    for file in few:
        (tmp_path / file.name).write_bytes(file.read_bytes())
    cv2.imwrite(str(tmp_path / "wall.png"), np.full((64, 64, 3), 90, np.uint8))
    (tmp_path / "note.txt").write_text("no picture")
    (tmp_path / "broken.jpg").write_bytes(b"no picture either")
    told: list[tuple[str, int, int]] = []
    assert len(donor_index.open_index(tmp_path, config, store, lambda *progress: told.append(progress))) == 3
    assert told[-1] == ("donors", 5, 5)
    (tmp_path / few[0].name).unlink()
    assert len(donor_index.open_index(tmp_path, config, store)) == 2


def test_a_folder_without_faces_is_an_error(config: FacesConfig, store: ModelStore, tmp_path: Path) -> None:
    """The sentence says what the folder should hold."""
    with pytest.raises(DonorsUnusable, match="portraits"):
        donor_index.open_index(tmp_path, config, store)


def test_indexing_in_two_processes_gives_the_same(config: FacesConfig, store: ModelStore, donors: Path) -> None:
    """Workers describe the same faces in the same order."""
    files = donor_index.pictures(donors)[:10]
    alone = donor_index.build(files, config, store)
    both = donor_index.build(files, msgspec_replace(config, index_processes=2), store)
    np.testing.assert_array_equal(alone.names, both.names)
    np.testing.assert_allclose(alone.meshes, both.meshes, atol=1e-3)


def msgspec_replace(config: FacesConfig, **changes: object) -> FacesConfig:
    import msgspec

    return msgspec.structs.replace(config, **changes)


def test_index_rows_are_immutable() -> None:
    """The index is a value."""
    index = shapes.index(4, np.random.default_rng(0))
    with pytest.raises(AttributeError):
        index.names = index.names  # type: ignore[misc]
    assert len(replace(index)) == 4
