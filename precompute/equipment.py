"""The loaded models of one configuration, by role."""

from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from precompute import deepface_model
from precompute import insightface_pack
from precompute import thresholds
from precompute.describe import AgeGender
from precompute.describe import Attributes
from precompute.describe import OnnxRecogniser
from precompute.describe import Recogniser
from precompute.detect import Detector
from precompute.detect import YuNet
from precompute.errors import UnknownModel
from precompute.landmarks import FaceMesh
from precompute.models import Model
from precompute.models import ModelStore
from precompute.models import Role
from precompute.session import Session
from precompute.settings import FacesConfig
from precompute.similarity import Measure
from precompute.similarity import measures
from precompute.thresholds import Calibrated


@dataclass(frozen=True, slots=True)
class Equipment:
    """One model per role, several recognisers, and the measure by which fakes are chosen."""

    detector: Detector
    mesh: FaceMesh
    attributes: Attributes
    recognisers: tuple[Recogniser, ...]
    similarity: Measure

    @property
    def sizes(self) -> tuple[int, ...]:
        """The dimensions of each recogniser's vectors."""
        black, somewhere = np.zeros((8, 8, 3), np.uint8), np.zeros((1, 5, 2), np.float32)
        return tuple(recogniser.embed(black, somewhere).shape[1] for recogniser in self.recognisers)


def load(config: FacesConfig, store: ModelStore) -> Equipment:
    """Every model that the configuration names; raises ``ModelMissing``, ``ModelRefused``, ``UnknownModel``, ``ConfigError``."""
    known = thresholds.read(thresholds.file_of(config, store))
    named = recognisers(config.recognisers, config, store)
    return Equipment(
        _detector(config, store),
        FaceMesh(_session(config, store, config.landmarks, "landmarks")),
        _attributes(config, store),
        named,
        measures.measure(config.similarity, named, known),
    )


def recognisers(names: Iterable[str], config: FacesConfig, store: ModelStore) -> tuple[Recogniser, ...]:
    """Recognisers of any names, in place of those configured; raises as ``load`` does."""
    known = thresholds.read(thresholds.file_of(config, store))
    return tuple(_recogniser(name, config, store, known) for name in names)


def names(config: FacesConfig) -> tuple[str, ...]:
    """The registry's models that the configuration needs."""
    generator = ("face-model",) if config.generator == "face-model" else ()
    wanted = (config.detector, config.landmarks, config.attributes, *config.recognisers, *generator)
    return tuple(name for name in wanted if not (insightface_pack.is_named(name) or deepface_model.is_named(name)))


def _entry(store: ModelStore, name: str, role: Role) -> Model:
    model = store.model(name)
    if model.role != role:
        raise UnknownModel(f"{name} is a {model.role} model and cannot be the {role}; choose another in the configuration")
    return model


def _session(config: FacesConfig, store: ModelStore, name: str, role: Role) -> Session:
    return Session(store.path(_entry(store, name, role).name), config.provider, config.threads)


def _detector(config: FacesConfig, store: ModelStore) -> Detector:
    if insightface_pack.is_named(config.detector):
        return insightface_pack.detector(config.detector, config)
    return YuNet(_session(config, store, config.detector, "detector"), config.detect_score)


def _attributes(config: FacesConfig, store: ModelStore) -> Attributes:
    if insightface_pack.is_named(config.attributes):
        return insightface_pack.attributes(config.attributes, config)
    return AgeGender(_session(config, store, config.attributes, "attributes"))


def _recogniser(name: str, config: FacesConfig, store: ModelStore, known: Mapping[str, Calibrated]) -> Recogniser:
    if insightface_pack.is_named(name):
        return insightface_pack.recogniser(name, config, known)
    if deepface_model.is_named(name):
        return deepface_model.recogniser(name, config, known)
    model = _entry(store, name, "recogniser")
    threshold = thresholds.choose(name, model.sha256, config, known, model.threshold)
    if threshold is None or model.input is None:
        mend = "set one under [precompute.faces.thresholds], or run `mfmc-precompute calibrate`"
        raise UnknownModel(f"{name} has no threshold in models.toml; {mend}")
    session = _session(config, store, name, "recogniser")
    return OnnxRecogniser(session, name, model.sha256, threshold, model.input)
