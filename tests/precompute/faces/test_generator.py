"""The configured generator is loaded with what it needs and no more, and by default that is the face model."""

from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from precompute import equipment
from precompute.blend import paste
from precompute.donors import Gallery
from precompute.equipment import Equipment
from precompute.errors import DonorsUnusable
from precompute.errors import ModelRefused
from precompute.facemodel.sampler import FaceModel
from precompute.faces import Anonymiser
from precompute.faces import FacesConfig
from precompute.models import ModelStore
from precompute.settings import OWN
from precompute.settings import PERMISSIVE
from precompute.swap import generator
from precompute.swap.generator import donors_folder

Pixels = npt.NDArray[np.uint8]


@pytest.fixture(scope="module")
def models(permissive: FacesConfig, store: ModelStore) -> Equipment:
    return equipment.load(permissive, store)


def test_the_face_model_needs_no_donors(models: Equipment, store: ModelStore) -> None:
    """With the default configuration and no folder named anywhere, faces come from the model."""
    made = generator.load(PERMISSIVE, models, store, {}, None)
    assert made is not None
    assert made.method == "face-model"
    assert isinstance(made.source, FaceModel)


def test_a_donors_folder_that_is_set_is_not_asked_for(models: Equipment, store: ModelStore) -> None:
    """A folder that is not there stops nobody who does not use it."""
    made = generator.load(PERMISSIVE, models, store, {generator.DONORS_VARIABLE: "/nowhere/at/all"}, None)
    assert made is not None
    assert made.method == "face-model"


@pytest.mark.parametrize("config", [OWN, PERMISSIVE], ids=["own", "permissive"])
def test_the_face_model_is_guided_away_for_every_recogniser_of_a_set(config: FacesConfig, mirrored: ModelStore) -> None:
    """The shipped weights have a readout of each, of as many dimensions as its vectors have."""
    models = equipment.load(config, mirrored)
    made = generator.load(config, models, mirrored, {}, None)
    assert made is not None
    assert isinstance(made.source, FaceModel)
    assert [readout.slope.shape[1] for _, readout in made.source._people if readout is not None] == list(models.sizes)


def test_donors(config: FacesConfig, models: Equipment, store: ModelStore) -> None:
    """Where they are configured a gallery is the source, and without a folder there is no generator."""
    made = generator.load(config, models, store, {}, None)
    assert made is not None
    assert made.method == "donor"
    assert isinstance(made.source, Gallery)
    assert generator.load(FacesConfig(generator="donor"), models, store, {}, None) is None


def test_a_donors_folder_that_is_not_there_is_an_error(models: Equipment, store: ModelStore) -> None:
    """The sentence names the setting and the variable."""
    with pytest.raises(DonorsUnusable, match="donors_folder or MFMC_DONORS"):
        generator.load(FacesConfig(generator="donor", donors_folder=Path("/nowhere/at/all")), models, store, {}, None)


def test_the_variable_comes_before_the_configuration() -> None:
    """An empty variable is none."""
    config = FacesConfig(donors_folder=Path("configured"))
    assert donors_folder(config, {generator.DONORS_VARIABLE: "named"}) == Path("named")
    assert donors_folder(config, {generator.DONORS_VARIABLE: ""}) == Path("configured")
    assert donors_folder(FacesConfig(), {}) is None


def test_other_weights_are_refused(
    models: Equipment, store: ModelStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A face model whose hash is not the registry's is not read, and no command is named that could not mend it."""
    monkeypatch.setattr("precompute.models.SHIPPED", tmp_path)
    (tmp_path / "face-model.npz").write_bytes(b"other weights")
    with pytest.raises(ModelRefused, match=r"face-model.*install the package again"):
        generator.load(PERMISSIVE, models, ModelStore(store.cache_dir, store.mirror, environ={}), {}, None)


def test_drawn_faces_keep_gender_and_age(anonymiser: Anonymiser, group_photo: Pixels) -> None:
    """On a photo of six people nearly all first fakes are of the gender and about the age that their originals were seen with."""
    attributes, right, years = anonymiser._models.attributes, 0, []
    faces = anonymiser.find(group_photo)
    for face in faces:
        (fake,) = islice(anonymiser.fakes(group_photo, face, np.random.default_rng(2)), 1)
        assert fake.method == "face-model"
        female, age = attributes.tell(paste(group_photo, fake), np.array([face.box], np.float32))[0]
        right += face.gender in ("unknown", "female" if female > 0.5 else "male")
        years.append(abs(age - face.age))
    assert right >= len(faces) - 1
    assert np.median(years) < 8


def test_one_face_gets_many_faces_of_nobody(anonymiser: Anonymiser, group_photo: Pixels) -> None:
    """Fakes of one face differ from each other by far more than grain, and a recogniser tells them apart from the original."""
    face = anonymiser.find(group_photo)[0]
    fakes = list(islice(anonymiser.fakes(group_photo, face, np.random.default_rng(5)), 3))
    assert [fake.method for fake in fakes] == ["face-model"] * 3
    inside = fakes[0].weight == 1
    for i, one in enumerate(fakes):
        for other in fakes[:i]:
            assert np.abs(one.pixels.astype(int) - other.pixels)[inside].mean() > 5
        measured = anonymiser.measure(group_photo, face, paste(group_photo, one))
        assert max(each.similarity for each in measured) < 0.5
