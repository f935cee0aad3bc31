"""deepface's recognisers, with a stand-in for the package: fed as each wants it, never fetched, and what is missing is named."""

import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from precompute import align
from precompute import deepface_model
from precompute import equipment
from precompute.errors import PrecomputeError
from precompute.errors import UnknownModel
from precompute.models import ModelStore
from precompute.settings import FacesConfig

WEIGHTS = b"weights"
POINTS = (align.ARCFACE * 100 + 40).astype(np.float32)[None]


class Client:
    """A model that keeps what it was fed."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self.input_shape = shape
        self.fed: list[np.ndarray] = []

    def forward(self, picture: np.ndarray) -> list[float]:
        self.fed.append(picture)
        return [3.0, 4.0]


class Deepface:
    """As much of the package as there is to it: models that ask for their weights, and the way they are normalised."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.client = Client((112, 112))
        self.normalised: list[str] = []
        self.cached_models: dict[str, dict[str, Client]] = {"facial_recognition": {}}
        self.weights = SimpleNamespace(
            download_weights_if_necessary=self.download, folder_utils=SimpleNamespace(get_deepface_home=lambda: str(home))
        )
        self.asks: Callable[[], Any] = lambda: self.weights.download_weights_if_necessary(file_name="net.onnx", source_url="https://x")

    def download(self, **_: object) -> str:
        raise AssertionError("deepface would have gone to the network")

    def build_model(self, task: str, model_name: str) -> Client:
        assert task == "facial_recognition"
        kept = self.cached_models["facial_recognition"]
        if model_name not in kept:
            self.asks()
            kept[model_name] = self.client
        return kept[model_name]

    def normalize_input(self, picture: np.ndarray, normalization: str) -> np.ndarray:
        self.normalised.append(normalization)
        return picture * 2

    def put_weights(self) -> None:
        folder = self.home / ".deepface" / "weights"
        folder.mkdir(parents=True)
        (folder / "net.onnx").write_bytes(WEIGHTS)


@pytest.fixture
def deepface(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Deepface:
    made = Deepface(tmp_path)
    parts = {
        "deepface": ModuleType("deepface"), "deepface.modules": ModuleType("deepface.modules"),
        "deepface.commons": ModuleType("deepface.commons"), "deepface.modules.modeling": made,
        "deepface.modules.preprocessing": made, "deepface.commons.weight_utils": made.weights,
    }  # fmt: skip
    for name, part in parts.items():
        monkeypatch.setitem(sys.modules, name, part)  # type: ignore[arg-type]
    return made


def load(name: str = "deepface:ArcFace", **thresholds: float) -> deepface_model.Wrapped:
    known = {name: 0.3} | {f"deepface:{each}": value for each, value in thresholds.items()}
    return deepface_model.recogniser(name, FacesConfig(thresholds=known), {})


def test_embed(deepface: Deepface) -> None:
    """A face is cut to the model's size, BGR from 0 to 1, normalised, and comes out as a unit vector."""
    deepface.put_weights()
    recogniser = load()
    pixels = np.zeros((200, 200, 3), np.uint8)
    pixels[:] = (255, 51, 0)
    found = recogniser.embed(pixels, np.concatenate([POINTS, POINTS]))
    np.testing.assert_allclose(found, [[0.6, 0.8]] * 2, atol=1e-6)
    (first, _) = deepface.client.fed
    assert first.shape == (1, 112, 112, 3)
    np.testing.assert_allclose(first[0, 50, 50], [2.0, 0.4, 0.0], atol=1e-6)
    assert deepface.normalised == ["ArcFace"] * 2
    assert recogniser.sha256 == sha256(WEIGHTS).hexdigest()
    assert (recogniser.threshold, recogniser.origin) == (0.3, "configured")
    assert recogniser.embed(pixels, POINTS[:0]).shape == (0, 0)


def test_portrait_format(deepface: Deepface) -> None:
    """A model that wants 47 by 55 gets the middle of the square, not a squeezed face."""
    deepface.put_weights()
    deepface.client.input_shape = (47, 55)
    pixels = np.zeros((200, 200, 3), np.uint8)
    load("deepface:DeepID").embed(pixels, POINTS)
    assert deepface.client.fed[0].shape == (1, 55, 47, 3)


def test_twice(deepface: Deepface) -> None:
    """deepface keeps the models that it has built; loading one again still tells its weights."""
    deepface.put_weights()
    assert load().sha256 == load().sha256


@pytest.mark.parametrize("name", sorted(deepface_model.FEEDS))
def test_every_name(deepface: Deepface, name: str) -> None:
    """Each of the ten names loads, and equipment loads it as any other recogniser."""
    deepface.put_weights()
    config = FacesConfig(thresholds={f"deepface:{name}": 0.4})
    (recogniser,) = equipment.recognisers([f"deepface:{name}"], config, ModelStore(deepface.home / "models", environ={}))
    recogniser.embed(np.zeros((200, 200, 3), np.uint8), POINTS)
    assert deepface.normalised == [deepface_model.FEEDS[name].normalisation]


def test_nothing_fetched(deepface: Deepface) -> None:
    """Without weights here it says which file goes where; deepface's own way of fetching is back afterwards."""
    with pytest.raises(UnknownModel, match=r"its weights are not here; put net\.onnx into .*weights"):
        load()
    assert deepface.weights.download_weights_if_necessary == deepface.download


def test_weights_remembered(deepface: Deepface) -> None:
    """A model of which deepface does not say which weights it read has no hash that could be told: refused."""
    deepface.asks = lambda: None
    with pytest.raises(UnknownModel, match="did not say which weights"):
        load()


def test_broken(deepface: Deepface) -> None:
    """Whatever deepface raises becomes one line that names the model."""

    def fails() -> None:
        raise ValueError("no\n  backend")

    deepface.asks = fails
    with pytest.raises(UnknownModel, match="deepface:ArcFace: deepface cannot load it: no backend"):
        load()


def test_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package, the message says how to have it."""
    monkeypatch.setitem(sys.modules, "deepface", None)
    with pytest.raises(PrecomputeError, match=r"deepface is not installed.*pip install deepface"):
        load()


@pytest.mark.parametrize(
    ("name", "says"),
    [
        pytest.param("deepface:Nobody", "deepface's recognisers are VGG-Face", id="unknown"),
        pytest.param("deepface:SFace", "calibrate FOLDER --recogniser deepface:SFace", id="no-threshold"),
    ],
)
def test_refused(name: str, says: str) -> None:
    """A name that deepface does not have, and a model without a threshold, are refused before anything is loaded."""
    with pytest.raises(UnknownModel, match=says):
        deepface_model.recogniser(name, FacesConfig(), {})
