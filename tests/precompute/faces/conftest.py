"""Real models, donors and a photo where this machine has them; tests that need what is missing are skipped and say so."""

import importlib.util
import os
from collections.abc import Iterable
from pathlib import Path

import cv2
import msgspec
import numpy as np
import numpy.typing as npt
import pytest

from precompute import equipment
from precompute.faces import Anonymiser
from precompute.models import MIRROR_VARIABLE
from precompute.models import ModelStore
from precompute.settings import PERMISSIVE
from precompute.settings import FacesConfig

SHARED = Path(__file__).resolve().parents[4] / "shared"
DONORS = 120


def place(variable: str, default: Path) -> Path:
    """The folder that a variable names, or the default; skips the test where it is not there."""
    folder = Path(os.environ.get(variable) or default)
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there; set {variable}")
    return folder


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> ModelStore:
    """What the default configuration needs is there, shipped or in a mirror."""
    mirror = Path(os.environ.get(MIRROR_VARIABLE) or SHARED / "models")
    made = ModelStore(tmp_path_factory.mktemp("cache") / "models", mirror, environ={})
    require(made, equipment.names(FacesConfig()))
    return made


@pytest.fixture(scope="session")
def mirrored(store: ModelStore) -> ModelStore:
    """The permissive models of others are there too."""
    require(store, equipment.names(PERMISSIVE))
    return store


def require(store: ModelStore, names: Iterable[str]) -> None:
    """Skip the test where a model is missing."""
    for name in names:
        if store.place(store.model(name)) is None:
            pytest.skip(f"the model {name} is not here; set {MIRROR_VARIABLE}")


@pytest.fixture(scope="session")
def donors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every so many of the donors."""
    every = sorted(place("MFMC_DONORS", SHARED / "images" / "donors").glob("*.jpg"))
    folder = tmp_path_factory.mktemp("donors")
    for file in every[:: max(1, len(every) // DONORS)]:
        (folder / file.name).symlink_to(file)
    return folder


@pytest.fixture(scope="session")
def permissive(mirrored: ModelStore) -> FacesConfig:
    """The permissive models, which are here and miss no face of the photos here, and the face model."""
    return msgspec.structs.replace(PERMISSIVE, provider="cpu")


@pytest.fixture(scope="session")
def donor_config(donors: Path, permissive: FacesConfig) -> FacesConfig:
    """With donors, in place of the face model."""
    return msgspec.structs.replace(permissive, generator="donor", donors_folder=donors, index_processes=1)


@pytest.fixture(scope="session")
def config(donor_config: FacesConfig) -> FacesConfig:
    """What most tests take."""
    return donor_config


@pytest.fixture(scope="session")
def anonymiser(permissive: FacesConfig, store: ModelStore) -> Anonymiser:
    """With the face model."""
    return Anonymiser.load(permissive, store, environ={})


@pytest.fixture(scope="session")
def group_photo() -> npt.NDArray[np.uint8]:
    """The photo of six people that the insightface package installs."""
    spec = importlib.util.find_spec("insightface")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("insightface is not installed")
    pixels = cv2.imread(str(Path(spec.submodule_search_locations[0]) / "data" / "images" / "t1.jpg"))
    assert pixels is not None
    return pixels
