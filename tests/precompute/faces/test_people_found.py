"""Real faces: enrolled with one photo, people are found on others, and nobody else is taken for them."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from precompute import equipment
from precompute import people
from precompute import portraits
from precompute.claims import NOBODY
from precompute.errors import NotEnrolled
from precompute.face import Face
from precompute.faces import Anonymiser
from precompute.faces import FacesConfig
from precompute.likeness import Likenesses
from precompute.models import ModelStore
from precompute.settings import PeopleConfig
from tests.precompute.faces.conftest import SHARED
from tests.precompute.faces.conftest import place

PERSONS = 16
CONFIG = PeopleConfig(enabled=True)


@pytest.fixture(scope="module")
def folder() -> Path:
    """One folder of photos a person."""
    return place("MFMC_VERIFICATION", SHARED / "images" / "verification" / "lfw")


@pytest.fixture(scope="module")
def describer(permissive: FacesConfig, store: ModelStore) -> Anonymiser:
    return Anonymiser(permissive, equipment.load(permissive, store), None)


def shown(folder: Path, describer: Anonymiser, *, least: int) -> Iterator[list[Face]]:
    """The faces of one person after another, of photos that could be enrolled with."""
    for person in sorted(path for path in folder.iterdir() if path.is_dir()):
        files = sorted(person.glob("*.jpg"))[:4]
        if len(files) < least:
            continue
        faces = [face for file in files for face in usable(file, describer)]
        if len(faces) >= least:
            yield faces


def usable(file: Path, describer: Anonymiser) -> list[Face]:
    try:
        return [portraits.of(file.name, np.asarray(cv2.imread(str(file)), np.uint8), describer, CONFIG).face]
    except NotEnrolled:
        return []


def test_found_and_not_mistaken(folder: Path, describer: Anonymiser, store: ModelStore) -> None:
    """Most faces of enrolled people are suggested to them, and none, theirs or a stranger's, to anybody else."""
    every = list(islice(shown(folder, describer, least=3), 2 * PERSONS))
    assert len(every) == 2 * PERSONS
    limits = people.limits(CONFIG, describer.recognisers, store.models)
    likenesses = Likenesses(limits, CONFIG.margin)
    enrolled = every[:PERSONS]
    for number, faces in enumerate(enrolled):
        one = portraits.Portrait("one.jpg", faces[0])
        likenesses.add([portraits.template(f"u-{number}", [one], describer.recognisers)])
    finder = people.People(likenesses, limits, CONFIG.width_px)
    right = 0
    for number, faces in enumerate(every):
        for face in faces[1:] if number < PERSONS else faces:
            (person,) = finder.suggest([face], [NOBODY])
            assert person in (None, f"u-{number}")
            right += person is not None
    assert right >= 0.7 * sum(len(faces) - 1 for faces in enrolled)
