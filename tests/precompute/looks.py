"""People made of numbers: a vector for each name and recogniser, and vectors that are just so alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import numpy.typing as npt

from precompute.template import Template
from precompute.thresholds import Origin

Floats = npt.NDArray[np.float32]

DIMENSIONS = {"flat-a": 96, "flat-b": 48}
NO_PIXELS = np.zeros((8, 8, 3), np.uint8)


@dataclass(frozen=True)
class FlatRecogniser:
    """A recogniser by name alone."""

    name: str
    sha256: str
    threshold: float = 0.3
    origin: Origin = "configured"

    def embed(self, pixels: npt.NDArray[np.uint8], points: Floats) -> Floats:
        """Never asked: faces come with their descriptors."""
        raise NotImplementedError


RECOGNISERS = tuple(FlatRecogniser(name, sha256(name.encode()).hexdigest()) for name in DIMENSIONS)
MODELS = {each.name: each.sha256 for each in RECOGNISERS}
SIMILARITY = dict.fromkeys(DIMENSIONS, 0.6)


def unit(vector: npt.NDArray[np.floating]) -> Floats:
    """The vector with length 1."""
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def look(person: str, recogniser: str) -> Floats:
    """How this recogniser sees this person, always the same; two people are about at right angles."""
    seed = int.from_bytes(sha256(f"{recogniser} {person}".encode()).digest()[:8], "big")
    return unit(np.random.default_rng(seed).standard_normal(DIMENSIONS[recogniser]))


def looks(person: str) -> dict[str, Floats]:
    """How every recogniser sees this person."""
    return {name: look(person, name) for name in DIMENSIONS}


def turned(vector: Floats, cosine: float, seed: int = 0) -> Floats:
    """A vector of length 1 whose cosine with ``vector`` is ``cosine``."""
    noise = np.random.default_rng(seed).standard_normal(len(vector))
    across = unit(noise - (noise @ vector) * vector)
    return unit(cosine * vector + np.sqrt(1 - cosine**2) * across)


def template(person: str, vectors: Mapping[str, Floats] | None = None) -> Template:
    """A template of this person, or of whatever vectors."""
    return Template(person, {name: vector.astype(np.float16) for name, vector in (vectors or looks(person)).items()})
