"""Photos of one person -> what their template holds: one clear face in each, all of them alike, averaged by recogniser."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Protocol

import numpy as np
import numpy.typing as npt

from precompute.describe import Recogniser
from precompute.describe import unit
from precompute.errors import NotEnrolled
from precompute.face import Face
from precompute.settings import PeopleConfig
from precompute.template import Template

Pixels = npt.NDArray[np.uint8]

MAX_PHOTOS = 16


class Describer(Protocol):
    """Finds faces and describes them."""

    @property
    def recognisers(self) -> Sequence[Recogniser]:
        """Whose descriptors the faces have."""

    def find(self, pixels: Pixels) -> tuple[Face, ...]:
        """Every face of an upright picture, BGR uint8 (h, w, 3)."""


@dataclass(frozen=True, slots=True)
class Portrait:
    """A photo by the name that messages may use, and its one face."""

    name: str
    face: Face


def of(name: str, pixels: Pixels, describer: Describer, config: PeopleConfig) -> Portrait:
    """The one clear face of a picture, BGR uint8 (h, w, 3); raises ``NotEnrolled`` saying what is wrong with it."""
    faces = describer.find(pixels)
    if not faces:
        raise NotEnrolled(f"{name}: no face was found; give a photo that shows it from the front")
    if len(faces) > 1:
        raise NotEnrolled(f"{name}: {len(faces)} faces were found; give a photo of this person alone")
    face = faces[0]
    if face.box[2] < config.enrol_width_px:
        wanted = f"at least {config.enrol_width_px:g} are needed ([precompute.people] enrol_width_px)"
        raise NotEnrolled(f"{name}: the face is too small, {face.box[2]:.0f} pixels wide; {wanted}")
    if face.unclear:
        raise NotEnrolled(f"{name}: the face is not clear ({face.unclear}); give a photo that shows it from the front")
    return Portrait(name, face)


def template(person: str, portraits: Sequence[Portrait], recognisers: Sequence[Recogniser]) -> Template:
    """The mean of each recogniser's descriptors; raises ``NotEnrolled`` where one takes two of the photos for two people's."""
    for one, other in combinations(portraits, 2):
        for recogniser in recognisers:
            if _similarity(one.face, other.face, recogniser.name) < recogniser.threshold:
                raise NotEnrolled(f"{one.name} and {other.name} do not look like one person; give photos that do")
    means = {r.name: np.mean([portrait.face.embeddings[r.name] for portrait in portraits], 0) for r in recognisers}
    return Template(person, {name: unit(mean[None])[0].astype(np.float16) for name, mean in means.items()})


def _similarity(one: Face, other: Face, recogniser: str) -> float:
    return float(one.embeddings[recogniser] @ other.embeddings[recogniser])
