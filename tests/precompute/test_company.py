"""A fake is nobody: not the person, not another one on the photo, not somebody enrolled, and no twin of another fake."""

from collections.abc import Iterator
from collections.abc import Mapping

import numpy as np
import pytest

from precompute import anonymise
from precompute import photo as upload
from precompute.certify import Measurement
from precompute.company import GIVES_WAY
from precompute.company import TWIN_MARGIN
from precompute.company import Company
from precompute.donors import Donor
from precompute.face import Face
from precompute.faces import Fake
from precompute.likeness import Likenesses
from precompute.people import OFF
from precompute.people import People
from tests import pictures
from tests.precompute.flat import FlatFaces
from tests.precompute.flat import Pixels
from tests.precompute.flat import face
from tests.precompute.looks import DIMENSIONS
from tests.precompute.looks import Floats
from tests.precompute.looks import looks
from tests.precompute.looks import template
from tests.precompute.looks import turned

LIMIT = 0.3
ADA, BOB = (face((20 + 120 * i, 30, 50, 64), looks(person), i) for i, person in enumerate(("ada", "bob")))
BOXES = (ADA.box, BOB.box)


def seen(*views: Mapping[str, Floats]) -> tuple[Measurement, ...]:
    """A fake that passed, by how each recogniser sees it."""
    return tuple(
        Measurement(name, "0" * 64, 0.0, LIMIT, "configured", True, np.stack([view[name] for view in views]))
        for name in DIMENSIONS
    )


def like(person: str, cosine: float, other: float | None = None) -> dict[str, Floats]:
    """As alike to somebody as that, by the first recogniser and by the other."""
    cosines = cosine, cosine if other is None else other
    return {name: turned(vector, value) for (name, vector), value in zip(looks(person).items(), cosines, strict=True)}


def enrolled(*people: str) -> People:
    """Everybody here is enrolled."""
    known = Likenesses(dict.fromkeys(DIMENSIONS, 0.6), 0.05)
    known.add([template(person) for person in people])
    return People(known, DIMENSIONS, 32.0)


def test_strangers() -> None:
    """Fakes of nobody stay."""
    assert Company((ADA, BOB), enrolled("cyd")).refused({0: seen(looks("v")), 1: seen(looks("w"))}, [0, 1]) == set()


@pytest.mark.parametrize(
    ("fake", "refused"),
    [
        pytest.param(seen(like("bob", LIMIT + 0.01, 0.0)), {0}, id="one-recogniser-says-so"),
        pytest.param(seen(like("bob", LIMIT - 0.01)), set(), id="none-does"),
        pytest.param(seen(looks("v"), like("bob", 0.0, LIMIT + 0.01)), {0}, id="in-another-view"),
        pytest.param(seen(like("ada", 0.9)), set(), id="the-own-face-is-measured-apart"),
    ],
)
def test_others_on_the_photo(fake: tuple[Measurement, ...], refused: set[int]) -> None:
    """A fake of Ada must be Bob to no recogniser."""
    assert Company((ADA, BOB), OFF).refused({0: fake}, [0]) == refused


@pytest.mark.parametrize(
    ("fake", "refused"),
    [
        pytest.param(seen(like("cyd", LIMIT + 0.01)), {0}, id="all-agree"),
        pytest.param(seen(like("cyd", 0.9, LIMIT - 0.01)), set(), id="one-does-not"),
        pytest.param(seen(like("cyd", 0.9, 0.0), like("cyd", 0.0, 0.9)), set(), id="not-in-one-view"),
        pytest.param(seen(looks("v"), like("dan", 0.5)), {0}, id="in-another-view"),
    ],
)
def test_enrolled(fake: tuple[Measurement, ...], refused: set[int]) -> None:
    """A fake must not be somebody who is enrolled, by all recognisers in one view."""
    assert Company((ADA,), enrolled("cyd", "dan")).refused({0: fake}, [0]) == refused


def test_twins() -> None:
    """Of two fakes that are too alike the new one goes, of two new ones the later; related ones stay."""
    near, far = like("v", LIMIT + TWIN_MARGIN + 0.01, 0.0), like("v", LIMIT + TWIN_MARGIN - 0.01)
    fakes = {0: seen(looks("v")), 1: seen(near)}
    assert Company((ADA, BOB), OFF).refused(fakes, [0, 1]) == {1}
    assert Company((ADA, BOB), OFF).refused(fakes, [0]) == {0}
    assert Company((ADA, BOB), OFF).refused({0: seen(looks("v")), 1: seen(far)}, [0, 1]) == set()


def test_gives_way() -> None:
    """A face whose fakes are twins of others again and again keeps one at last; who is somebody else never stays."""
    company = Company((ADA, BOB), OFF)
    fakes = {0: seen(looks("v")), 1: seen(looks("v"))}
    assert [company.refused(fakes, [1]) for _ in range(GIVES_WAY + 1)] == [{1}] * GIVES_WAY + [set()]
    assert [company.refused({1: seen(looks("ada"))}, [1]) for _ in range(9)] == [{1}] * 9


def test_nothing_seen() -> None:
    """Where no vectors were had there is nothing to compare."""
    bare = (Measurement("flat-a", "0" * 64, 0.1, LIMIT, "configured", True),)
    assert Company((ADA, BOB), enrolled("cyd")).refused({0: bare, 1: bare}, [0, 1]) == set()


class Actors(FlatFaces):
    """Fakes that are seen as the people given, one after the other; the last of them an opaque fill."""

    cast: tuple[tuple[str, ...], ...] = ()

    def fakes(self, pixels: Pixels, face: Face, rng: np.random.Generator, first: Donor | None = None) -> Iterator[Fake]:
        """As many as there are actors."""
        self.tries = len(self.cast[int(face.points[0, 0])])
        return super().fakes(pixels, face, rng)

    def measure(self, pixels: Pixels, face: Face, output: Pixels) -> tuple[Measurement, ...]:
        """Everybody passes."""
        number = int(face.points[0, 0])
        actors = self.cast[number]
        return seen(looks(actors[min(self._shown[number], len(actors) - 1)]))


def test_replaced() -> None:
    """Fakes that are somebody else on the photo, or twins, are tried again until all are nobody."""
    made = Actors(BOXES, people=("ada", "bob"))
    made.cast = (("bob", "v", "w"), ("v", "eve"))
    photo = upload.read(pictures.jpeg(pictures.texture(320, 200)), upload.Limits())
    faces = made.find(photo.pixels)
    done = anonymise.replace(photo, faces, made, bytes(32), Company(faces, OFF))
    assert [fake.looked_at for fake in done.fakes] == [3, 1]
    for measured, person in zip(done.measured, ("w", "v"), strict=True):
        assert (measured[0].seen[0] == looks(person)["flat-a"]).all()
    assert "seen" not in repr(done.measured[0][0])
