"""The door for signed URLs: no altered text ever shows a face, good ones cost no cryptography twice, keys are read again."""

import logging
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge import urls
from edge.catalog import Face
from edge.catalog import Photo
from edge.config import Policy
from edge.errors import KeyRingError
from edge.keys import ring
from edge.urls import door
from edge.urls.door import UrlDoor
from edge.urls.settings import Urls
from edge.urls.ticket import Ticket
from tests.fakes import NOW

PATH = "/2026/t1.jpg"
SECRETS = ("k-1", {"k-1": bytes(range(32))})
FACES = tuple(Face(slot, (0, 0, 1, 1), f"u-{slot}", None, b"wrapped", epoch=slot, owner_epoch=7) for slot in range(3))
PHOTO = Photo(PATH, b"i" * 16, b"v" * 16, b"h" * 32, 1, 1, 1, b"wrapped", NOW, FACES)
CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."


def opened(**changes: Any) -> UrlDoor:
    """A door with one key."""
    return UrlDoor(Urls(key_file=Path("none.toml"), **changes), SECRETS)


DOOR = opened()
GRANTED = frozenset({0, 2})
GOOD = DOOR.sign(PHOTO, GRANTED, NOW).url.removesuffix(PATH).removeprefix("/-/s/")


def shows(sealed: str, path: str = PATH, now: float = NOW, photo: Photo = PHOTO) -> frozenset[int] | None:
    """What is shown, by a door that remembers and by one that does not; they agree."""
    fresh = door.granted(opened().ticket(sealed, path, now), photo, Policy())
    assert door.granted(DOOR.ticket(sealed, path, now), photo, Policy()) == fresh
    return fresh


def test_good() -> None:
    """The faces that were signed, and no others."""
    assert shows(GOOD) == GRANTED


@given(st.integers(0, len(GOOD) - 1), st.sampled_from(CHARACTERS), st.integers(0, 3))
def test_altered(where: int, character: str, kind: int) -> None:
    """A character changed, put in, taken out, or everything from it on cut off: nothing is shown."""
    altered = [GOOD[:where] + character + GOOD[where + 1 :], GOOD[:where] + character + GOOD[where:],
               GOOD[:where] + GOOD[where + 1 :], GOOD[:where]][kind]  # fmt: skip
    if altered != GOOD:
        assert shows(altered) is None


@given(st.lists(st.integers(0, len(GOOD) - 1), min_size=2, max_size=6), st.randoms())
def test_shuffled(places: list[int], random: Any) -> None:
    """Characters that change places show nothing."""
    characters = list(GOOD)
    values = [characters[place] for place in places]
    random.shuffle(values)
    for place, value in zip(places, values, strict=True):
        characters[place] = value
    if "".join(characters) != GOOD:
        assert shows("".join(characters)) is None


@given(st.sets(st.integers(0, 2)), st.sets(st.integers(0, 2)), st.integers(1, 200))
def test_two_spliced(one: set[int], other: set[int], where: int) -> None:
    """The start of one good URL and the end of another show nothing that neither was signed for."""
    first, second = (DOOR.sign(PHOTO, frozenset(some), NOW).url.split("/")[3] for some in (one, other))
    made = first[:where] + second[where:]
    assert shows(made) in (None, one if made == first else other)


@given(st.text(CHARACTERS, max_size=300) | st.text(max_size=50))
def test_made_up(text: str) -> None:
    """Nobody without the key makes a URL."""
    if text != GOOD:
        assert shows(text) is None


@given(st.floats(NOW - 10_000, NOW + 10_000))
def test_its_time(now: float) -> None:
    """Good until its expiry, and not sooner before it than a URL may live."""
    expires = DOOR.sign(PHOTO, GRANTED, NOW).expires
    assert (shows(GOOD, now=now) == GRANTED) == (expires - 3_600 <= now < expires)


def test_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second time nothing is decrypted; another path, or the time when it has expired, is looked at anew."""
    made, calls = opened(), []
    real = urls.Keys.open
    monkeypatch.setattr(urls.Keys, "open", lambda keys, text, path: calls.append(path) or real(keys, text, path))
    signed = made.sign(PHOTO, GRANTED, NOW)
    sealed = signed.url.split("/")[3]
    for _ in range(3):
        assert made.ticket(sealed, PATH, NOW) is not None
    assert calls == [PATH]
    assert made.ticket(sealed, "/2026/t2.jpg", NOW) is None
    assert made.ticket(sealed, PATH, float(signed.expires)) is None
    assert calls == [PATH, "/2026/t2.jpg", PATH]


def test_bounded() -> None:
    """Memory holds so many, and nothing of what is no URL of ours."""
    made = opened(remembered_urls=5)
    for number in range(20):
        made.ticket(f"k-1.{'A' * number}", PATH, NOW)
        made.ticket(made.sign(PHOTO, GRANTED, NOW + 300 * number).url.split("/")[3], PATH, NOW)
    assert len(made._remembered) == 5
    small = opened(remembered_bytes=2_500)
    for number in range(9):
        small.ticket(small.sign(PHOTO, GRANTED, NOW + 300 * number).url.split("/")[3], PATH, NOW)
    assert len(small._remembered) == 2
    small.purge(NOW + 86_400)
    assert len(small._remembered) == 0


def test_one_url_for_all() -> None:
    """Whoever asks within one bucket gets the same URL for the same faces, and another one in the next."""
    bucket = NOW // 300 * 300
    assert len({DOOR.sign(PHOTO, GRANTED, bucket + second).url for second in (1, 100, 299.9, 300)}) == 1
    assert len({DOOR.sign(PHOTO, GRANTED, bucket + second).url for second in (1, 300.1, 600.1)}) == 3


async def test_read_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A new primary signs after ``renew``, a retired key opens nothing; while the file cannot be read, nothing changes."""
    file = tmp_path / "urls.toml"
    ring.create(file)
    made = await UrlDoor.open(Urls(key_file=file))
    old = made.sign(PHOTO, GRANTED, NOW).url.split("/")[3]
    assert made.ticket(old, PATH, NOW)
    ring.rotate(file)
    file.chmod(0o644)
    with caplog.at_level(logging.WARNING):
        await made.renew()
        await made.renew()
    assert [record.getMessage() for record in caplog.records] == ["the keys of signed URLs cannot be read again: KeyRingError"]
    assert made.sign(PHOTO, GRANTED, NOW).url.split("/")[3] == old
    file.chmod(0o600)
    await made.renew()
    new = made.sign(PHOTO, GRANTED, NOW).url.split("/")[3]
    assert new.partition(".")[0] != old.partition(".")[0]
    assert made.ticket(old, PATH, NOW) == made.ticket(new, PATH, NOW)
    ring.retire(file, old.partition(".")[0])
    await made.renew()
    assert made.ticket(old, PATH, NOW) is None
    assert made.ticket(new, PATH, NOW)
    with pytest.raises(KeyRingError):
        await UrlDoor.open(Urls(key_file=tmp_path / "none.toml"))


def test_the_uploader_of_what_is_unclaimed() -> None:
    """A face that is nobody's is shown only where the policy has somebody who may see it."""
    photo = Photo(PATH, b"i" * 16, b"v" * 16, b"h" * 32, 1, 1, 1, b"w", NOW, (Face(0, (0, 0, 1, 1), None, None, b"wrapped"),))
    ticket = Ticket.of(photo.version, photo.shown({0}), int(NOW))
    assert door.granted(ticket, photo, Policy()) is None
    assert door.granted(ticket, photo, Policy(unclaimed_to_uploader=True)) == {0}


def test_blind_repr() -> None:
    """The door tells no log what it remembers."""
    assert repr(DOOR) == "<UrlDoor <Keys of URLs k-1, primary k-1>>"
