"""The whole recipe on a few real synthetic portraits: weights that fit together, sample, and come out the same again."""

import sys
from pathlib import Path

import numpy as np
import pytest

from precompute.facemodel import weights as files
from precompute.facemodel.sampler import FaceModel
from precompute.facemodel.weights import Weights
from precompute.models import ModelStore
from precompute.settings import PERMISSIVE
from precompute.settings import FacesConfig
from precompute.training.facemodel import __main__ as command
from precompute.training.facemodel import guides
from precompute.training.facemodel import recipe
from tests.precompute.facemodel import made

COMPONENTS = 20


@pytest.fixture(scope="module")
def told() -> list[str]:
    """What progress was told of."""
    return []


@pytest.fixture(scope="module")
def trained(donors: Path, mirrored: ModelStore, told: list[str]) -> Weights:
    """With few components and few readings."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recipe, "COMPONENTS", COMPONENTS)
        patch.setattr(recipe, "PHOTOS", 2)
        patch.setattr(guides, "SAMPLES", 60)
        return recipe.train(donors, mirrored, lambda what, done, total: told.append(what))


def test_training(trained: Weights, store: ModelStore, told: list[str]) -> None:
    """Portraits come with their mirror images; whoever may choose has a readout; samples can be drawn."""
    count = len(trained.coefficients)
    assert count >= 40
    assert count % 2 == 0
    for values in (trained.ages, trained.females, trained.tones, trained.expressions, trained.variations):
        assert len(values) == count
        np.testing.assert_allclose(values[::2], values[1::2], atol=0.1)
    assert trained.components.shape == (COMPONENTS, len(trained.mean))
    np.testing.assert_allclose(trained.coefficients.std(0), 1, atol=1e-2)
    hashes = {store.model(name).sha256 for name in (*FacesConfig().recognisers, *PERMISSIVE.recognisers)}
    assert trained.readouts.keys() == hashes | {"female", "age"}
    assert all(len(readout.slope) == COMPONENTS for readout in trained.readouts.values())
    assert {"textures", "photos"} <= set(told)
    _, face = FaceModel(trained, []).anyone(np.random.default_rng(0))
    assert 60 < face.pixels[80:120, 60:130].mean() < 200


def test_the_mean_is_symmetric(trained: Weights) -> None:
    """Since each portrait is also mirrored, the mean texture looks the same in a mirror."""
    mean = FaceModel(trained, []).layout.texture(trained.mean).astype(int)[40:150, 30:162]
    assert np.abs(mean - mean[:, ::-1]).mean() < 3


def test_the_command_writes_weights_and_says_their_hash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As models.toml has it."""
    monkeypatch.setattr(command, "train", lambda *_: made.weights())
    monkeypatch.setattr(sys, "argv", ["train", str(tmp_path), str(tmp_path / "new.npz")])
    assert command.run() == 0
    file = tmp_path / "new.npz"
    assert capsys.readouterr().out == f'bytes = {file.stat().st_size}\nsha256 = "{command.models.sha256(file)}"\n'
    assert len(files.load(file).ages) == made.FACES
