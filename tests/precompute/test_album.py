"""In an album a person looks the same on every photo, if that may be; nothing of who is who outlives the run."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from precompute import album as albums
from precompute import command_seal
from precompute.album import Album
from precompute.album import Albums
from precompute.donors import Donor
from precompute.face import Face
from precompute.faces import Fake
from tests.precompute.flat import FlatFaces
from tests.precompute.flat import Pixels
from tests.precompute.flat import face
from tests.precompute.looks import DIMENSIONS
from tests.precompute.looks import Floats
from tests.precompute.looks import looks
from tests.precompute.looks import turned
from tests.precompute.shop import Shop

LIMITS = dict.fromkeys(DIMENSIONS, 0.3)
BOXES = ((20, 30, 50, 64), (120, 20, 40, 52))


def donor(name: str) -> Donor:
    return Donor(name, np.zeros((1, 1, 3), np.uint8), np.zeros((478, 3), np.float32))


def seen(vectors: dict[str, Floats]) -> Face:
    return face(BOXES[0], vectors)


def like(person: str, *cosines: float) -> Face:
    """A face as alike to a person as that, by each recogniser."""
    turns = zip(looks(person).items(), cosines, strict=True)
    return seen({name: turned(vector, cosine) for (name, vector), cosine in turns})


def test_known() -> None:
    """Whom all recognisers take for somebody seen before gets that one's candidate; others are not known."""
    album = Album(LIMITS)
    assert album.known(seen(looks("ada"))) is None
    album.keep(seen(looks("ada")), donor("a"))
    album.keep(seen(looks("bob")), donor("b"))
    for person, name in (("ada", "a"), ("bob", "b")):
        known = album.known(like(person, 0.31, 0.31))
        assert known is not None
        assert known.name == name
    assert album.known(like("ada", 0.9, 0.29)) is None
    assert album.known(seen(looks("eve"))) is None
    assert "ada" not in repr(album)


def test_first_candidate_stays() -> None:
    """A person keeps the first candidate, and is known by later views as well."""
    album = Album(LIMITS)
    side = like("ada", 0.5, 0.5)
    further = {name: turned(vector, 0.5, seed=2) for name, vector in side.embeddings.items()}
    album.keep(seen(looks("ada")), donor("a"))
    album.keep(side, donor("other"))
    known = album.known(seen(further))
    assert known is not None
    assert known.name == "a"


def test_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many people those seen last are remembered."""
    monkeypatch.setattr(albums, "PEOPLE", 2)
    album = Album(LIMITS)
    for person in ("ada", "bob"):
        album.keep(seen(looks(person)), donor(person))
    album.keep(seen(looks("ada")), donor("x"))
    album.keep(seen(looks("cyd")), donor("cyd"))
    assert album.known(seen(looks("bob"))) is None
    assert album.known(seen(looks("ada"))) is not None


def test_albums(tmp_path: Path) -> None:
    """All files of a run make one album, or those of each folder one, or there is none."""
    files = [tmp_path / "a" / "1.jpg", tmp_path / "a" / "2.jpg", tmp_path / "b" / "1.jpg"]
    assert [Albums(None, LIMITS).of(file) for file in files] == [None] * 3
    one, each = Albums("album", LIMITS), Albums("folder", LIMITS)
    assert len({id(one.of(file)) for file in files}) == 1
    assert each.of(files[0]) is each.of(files[1])
    assert each.of(files[0]) is not each.of(files[2])


@dataclass
class Casting(FlatFaces):
    """Every face gets a candidate of its own name and number, unless one is given; ``asked``: what was given."""

    asked: list[str | None] = field(default_factory=list)

    def fakes(self, pixels: Pixels, face: Face, rng: np.random.Generator, first: Donor | None = None) -> Iterator[Fake]:
        """With the candidate that it came from."""
        self.asked.append(first and first.name)
        for fake in super().fakes(pixels, face, rng):
            yield replace(fake, source=first or donor(f"donor-{len(self.asked)}"))


@pytest.fixture
def cast(monkeypatch: pytest.MonkeyPatch) -> Casting:
    made = Casting(BOXES, people=("ada", "bob"))
    monkeypatch.setattr(command_seal.Anonymiser, "load", lambda *_: made)
    return made


def test_sealed(tmp_path: Path, cast: Casting, capsys: pytest.CaptureFixture[str]) -> None:
    """With --consistent-within the second photo's faces are tried first with the candidates of the same people; without, not."""
    shop = Shop(tmp_path)
    files = [shop.photo("one.jpg"), shop.photo("two.jpg")]
    assert shop.seal(*files, "--consistent-within", "album", "--json") == 0
    assert cast.asked == [None, None, "donor-1", "donor-2"]
    assert all("donor" not in json.dumps(json.loads(line)["notes"]) for line in capsys.readouterr().out.splitlines())
    assert b"donor-1" not in shop.on_disk()
    cast.asked.clear()
    assert shop.seal(*files) == 0
    assert cast.asked == [None] * 4
