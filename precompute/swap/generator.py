"""The generators of synthetic faces that a configuration may name, each with what it needs loaded."""

from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from typing import Protocol

import numpy as np

from precompute import donor_index
from precompute.blend import Method
from precompute.donors import Donor
from precompute.donors import Gallery
from precompute.donors import Wanted
from precompute.equipment import Equipment
from precompute.errors import DonorsUnusable
from precompute.facemodel import weights
from precompute.facemodel.sampler import FaceModel
from precompute.models import ModelStore
from precompute.models import Progress
from precompute.settings import FacesConfig
from precompute.swap import Swapper
from precompute.swap.donor import DonorSwapper

DONORS_VARIABLE: Final = "MFMC_DONORS"
NO_DONORS: Final = f"there are no donor faces, so every face gets the opaque fill; set donors_folder or {DONORS_VARIABLE}"


class Source(Protocol):
    """Where candidates come from."""

    def choose(self, wanted: Wanted, rng: np.random.Generator) -> Iterator[Donor]:
        """Different synthetic faces, alike in all but the person, in random order; as many as there are."""


@dataclass(frozen=True, slots=True)
class Generator:
    """Where candidates come from, how they are drawn, and the name that certificates give to it."""

    method: Method
    source: Source
    swapper: Swapper


def load(
    config: FacesConfig, models: Equipment, store: ModelStore, environ: Mapping[str, str], progress: Progress | None
) -> Generator | None:
    """The configured generator; None for donors where there are none. Raises ``PrecomputeError``."""
    if config.generator == "face-model":
        return _face_model(models, store)
    folder = donors_folder(config, environ)
    if folder is None:
        return None
    if not folder.is_dir():
        raise DonorsUnusable(f"the donors folder {folder} is not there: mend donors_folder or {DONORS_VARIABLE}")
    index = donor_index.open_index(folder, config, store, progress)
    limits = [(size, r.threshold - config.identity_margin) for size, r in zip(models.sizes, models.recognisers, strict=True)]
    gallery = Gallery(folder, index, tuple(limits), config.shortlist, config.age_band_years)
    return Generator("donor", gallery, DonorSwapper(index.reference))


def _face_model(models: Equipment, store: ModelStore) -> Generator:
    numbers = weights.load(store.path("face-model"))
    people = [(size, numbers.readouts.get(r.sha256)) for size, r in zip(models.sizes, models.recognisers, strict=True)]
    return Generator("face-model", FaceModel(numbers, people), DonorSwapper(numbers.reference))


def donors_folder(config: FacesConfig, environ: Mapping[str, str]) -> Path | None:
    """Where donors lie: ``MFMC_DONORS``, or the configured folder, or nowhere."""
    named = environ.get(DONORS_VARIABLE)
    return Path(named) if named else config.donors_folder
