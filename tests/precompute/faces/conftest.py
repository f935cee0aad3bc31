"""Real models, donors and a photo where this machine has them; tests that need what is missing are skipped and say so."""

import importlib.util
import os
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from precompute.faces import Anonymiser
from precompute.faces import FacesConfig
from precompute.models import MIRROR_VARIABLE
from precompute.models import ModelStore

SHARED = Path(__file__).resolve().parents[4] / "shared"
DONORS = 120


def place(variable: str, default: Path) -> Path:
    """The folder that a variable names, or the default; skips the test where it is not there."""
    folder = Path(os.environ.get(variable) or default)
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there; set {variable}")
    return folder


@pytest.fixture(scope="session")
def mirror() -> Path:
    return place(MIRROR_VARIABLE, SHARED / "models")


@pytest.fixture(scope="session")
def store(mirror: Path, tmp_path_factory: pytest.TempPathFactory) -> ModelStore:
    return ModelStore(tmp_path_factory.mktemp("cache") / "models", mirror, environ={})


@pytest.fixture(scope="session")
def donors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every so many of the donors."""
    every = sorted(place("MFMC_DONORS", SHARED / "images" / "donors").glob("*.jpg"))
    folder = tmp_path_factory.mktemp("donors")
    for file in every[:: max(1, len(every) // DONORS)]:
        (folder / file.name).symlink_to(file)
    return folder


@pytest.fixture(scope="session")
def config(donors: Path) -> FacesConfig:
    """With donors, in place of the face model."""
    return FacesConfig(generator="donor", donors_folder=donors, index_processes=1, provider="cpu")


@pytest.fixture(scope="session")
def anonymiser(store: ModelStore) -> Anonymiser:
    """As configured by default: with the face model."""
    return Anonymiser.load(FacesConfig(provider="cpu"), store, environ={})


@pytest.fixture(scope="session")
def group_photo() -> npt.NDArray[np.uint8]:
    """The photo of six people that the insightface package installs."""
    spec = importlib.util.find_spec("insightface")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("insightface is not installed")
    pixels = cv2.imread(str(Path(spec.submodule_search_locations[0]) / "data" / "images" / "t1.jpg"))
    assert pixels is not None
    return pixels
