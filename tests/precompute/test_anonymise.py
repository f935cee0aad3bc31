"""Every face has a seed of its own, which the certificate commits to and nothing tells."""

from dataclasses import replace
from hashlib import sha256

import numpy as np

from precompute import anonymise
from precompute import photo as upload
from precompute.certify import Measurement
from precompute.company import Company
from precompute.donors import Donor
from precompute.face import Face
from precompute.people import OFF
from tests import pictures
from tests.precompute.flat import FlatFaces
from tests.precompute.flat import Pixels

BOXES = ((20, 30, 50, 64), (140, 20, 40, 52))
SEED = bytes(range(32))


class Notes(FlatFaces):
    """Remembers what the generators drew first."""

    def fakes(self, pixels: Pixels, face: Face, rng: np.random.Generator, first=None):  # type: ignore[no-untyped-def]
        """As ever."""
        self.drawn = [*getattr(self, "drawn", []), rng.integers(1 << 62)]
        return super().fakes(pixels, face, rng)


def replaced(seed: bytes = SEED, refused: tuple[int, ...] = ()) -> tuple[Notes, anonymise.Replacement]:
    photo = upload.read(pictures.jpeg(pictures.texture(320, 200)), upload.Limits())
    made = Notes(BOXES, refused=refused)
    faces = made.find(photo.pixels)
    return made, anonymise.replace(photo, faces, made, seed, Company(faces, OFF))


def test_commitments() -> None:
    """Each commitment is the hash of a seed that gives just what was drawn for this face."""
    made, replacement = replaced()
    seeds = [anonymise.face_seed(SEED, number) for number in range(2)]
    assert replacement.commitments == tuple(sha256(seed).digest() for seed in seeds)
    assert made.drawn == [anonymise.generator(seed).integers(1 << 62) for seed in seeds]
    assert len({SEED, *seeds, *replacement.commitments}) == 5


def test_faces_do_not_depend_on_each_other() -> None:
    """How often one face is tried changes nothing for another; another secret changes all."""
    assert replaced()[0].drawn == replaced(refused=(2, 0))[0].drawn
    assert not set(replaced()[0].drawn) & set(replaced(bytes(32))[0].drawn)


def test_printed() -> None:
    """Printed, as in a log or an error, a replacement tells neither descriptors nor which donor was drawn."""
    replacement = replaced()[1]
    looks = np.array([0.123456], np.float32)
    donor = Donor("canary.jpg", np.zeros((1, 1, 3), np.uint8), np.zeros((478, 3), np.float32))
    measured = Measurement("r", "0" * 64, 0.1, 0.3, "configured", True, looks[None])
    told = replace(
        replacement, measured=((measured,),), faces=(replace(replacement.faces[0], embeddings={"r": looks}),),
        fakes=(replace(replacement.fakes[0], source=donor),),
    )  # fmt: skip
    assert "0.123456" not in repr(told)
    assert "canary" not in repr(told)
