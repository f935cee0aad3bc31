"""The weights' file: what comes back is what was saved, and nothing in it is ever run."""

import io
import os
import pickle
import zipfile
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from precompute import models
from precompute.errors import FaceModelUnusable
from precompute.facemodel import weights as files
from precompute.facemodel.layout import Layout
from precompute.facemodel.weights import Weights
from tests.precompute.facemodel import made


@pytest.fixture(scope="module")
def weights() -> Weights:
    return made.weights()


@pytest.fixture
def file(weights: Weights, tmp_path: Path) -> Path:
    files.save(weights, tmp_path / "deep" / "model.npz")
    return tmp_path / "deep" / "model.npz"


def test_saved_numbers_come_back(weights: Weights, file: Path) -> None:
    """Components within one of 127 steps, all else within half precision, mouths and types exactly."""
    back = files.load(file)
    largest = np.abs(weights.components).max(1, keepdims=True)
    assert (np.abs(back.components - weights.components) <= largest / 127 * 0.51).all()
    np.testing.assert_array_equal(back.mouths, weights.mouths)
    np.testing.assert_array_equal(back.reference, weights.reference)
    for field in fields(Weights):
        own, kept = getattr(weights, field.name), getattr(back, field.name)
        if isinstance(own, np.ndarray):
            assert (kept.dtype, kept.shape) == (own.dtype, own.shape), field.name
        if isinstance(own, np.ndarray) and field.name not in ("components", "mouths"):
            np.testing.assert_allclose(kept, own, rtol=1e-3, atol=1e-4, err_msg=field.name)
    assert back.readouts.keys() == weights.readouts.keys()
    for name, readout in weights.readouts.items():
        np.testing.assert_allclose(back.readouts[name].slope, readout.slope, rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(back.readouts[name].level, readout.level, rtol=1e-3)


def test_the_same_numbers_are_the_same_bytes(weights: Weights, file: Path, tmp_path: Path) -> None:
    """No date and no order of chance is in the file, so that its hash can stand in the registry."""
    files.save(weights, tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == file.read_bytes()


@pytest.mark.parametrize("share", [0, 0.02, 0.5, 0.999], ids=["empty", "start", "half", "end missing"])
def test_a_truncated_file_is_refused(share: float, file: Path) -> None:
    """The sentence says what to do."""
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(FaceModelUnusable, match=r"model\.npz cannot be used as a face model.*train it anew"):
        files.load(file)


def test_a_damaged_file_is_refused(file: Path) -> None:
    """A changed byte in the middle of the numbers fails the archive's checksum."""
    whole = bytearray(file.read_bytes())
    whole[len(whole) // 2] ^= 0xFF
    file.write_bytes(bytes(whole))
    with pytest.raises(FaceModelUnusable):
        files.load(file)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """As any other that cannot be read."""
    with pytest.raises(FaceModelUnusable, match="FileNotFoundError"):
        files.load(tmp_path / "none.npz")


@pytest.mark.parametrize(
    "arrays",
    [{}, {"format": np.array([2])}, {"format": np.array([1])}, {"other": np.zeros(3)}, {"format": np.array("1")}],
    ids=["nothing", "later format", "no numbers", "foreign", "text"],
)
def test_a_foreign_archive_is_refused(arrays: dict[str, np.ndarray], tmp_path: Path) -> None:
    """Another program's archive, or another format's, is no face model."""
    np.savez(tmp_path / "model.npz", **arrays)
    with pytest.raises(FaceModelUnusable):
        files.load(tmp_path / "model.npz")


@pytest.mark.parametrize("content", [b"weights", b"\x93NUMPY", pickle.dumps([1])], ids=["text", "an array's start", "pickle"])
def test_what_is_no_archive_is_refused(content: bytes, tmp_path: Path) -> None:
    """Neither text nor a single array nor a pickle is an archive."""
    (tmp_path / "model.npz").write_bytes(content)
    with pytest.raises(FaceModelUnusable):
        files.load(tmp_path / "model.npz")


class Trap:
    """Makes a folder when it is unpickled."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.place),)


@pytest.mark.parametrize("name", ["format", "reference", "components", "mouths", "readout-female"])
def test_nothing_is_ever_unpickled(name: str, file: Path, tmp_path: Path) -> None:
    """An array of Python objects in any place is refused, and what it would do is not done."""
    part = io.BytesIO()
    np.lib.format.write_array(part, np.array([Trap(tmp_path / "sprung")], object), allow_pickle=True)
    with zipfile.ZipFile(file) as archive:
        kept = {entry: archive.read(entry) for entry in archive.namelist()}
    with zipfile.ZipFile(file, "w") as archive:
        for entry, content in (kept | {f"{name}.npy": part.getvalue()}).items():
            archive.writestr(entry, content)
    with pytest.raises(FaceModelUnusable):
        files.load(file)
    assert not (tmp_path / "sprung").exists()


def test_the_shipped_weights_are_the_registrys(tmp_path: Path) -> None:
    """Their hash and size stand in models.toml, they are found without cache or mirror, and they fit together."""
    store = models.ModelStore(tmp_path, environ={})
    status = store.status(store.model("face-model"))
    assert (status.state, status.place) == ("shipped", models.SHIPPED / "face-model.npz")
    assert status.place.stat().st_size == status.model.bytes
    shipped = files.load(store.path("face-model"))
    square = Layout(shipped.reference)
    assert shipped.components.shape[1] == len(square.vector(np.zeros((192, 192, 3), np.float32))) == len(shipped.mean)
    assert len(shipped.coefficients) == len(shipped.shapes) == len(shipped.ages) == len(shipped.tones) == len(shipped.females)
    recognisers = {model.sha256 for model in store.models.values() if model.role == "recogniser"}
    assert {"female", "age"} < shipped.readouts.keys() <= {"female", "age"} | recognisers
