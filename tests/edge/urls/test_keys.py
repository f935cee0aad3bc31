"""Keys of signed URLs: nothing opens but what was sealed, for the path it was sealed for, in the one spelling there is."""

import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import Damaged
from edge.errors import KeyRingError
from edge.keys import ring
from edge.urls import Keys

SECRETS = {"k-old": bytes(range(32)), "k-new": bytes(range(32, 64))}
KEYS = Keys("k-new", SECRETS)
PATH = "/2026/t1.jpg"
CONTENT = bytes(57)
TEXT = KEYS.seal(CONTENT, PATH)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@given(st.binary(min_size=1, max_size=600), st.sampled_from(["/a", PATH, "/-" + "x" * 500]))
def test_opened_as_sealed(content: bytes, path: str) -> None:
    """What is sealed comes back, and the same content for the same path is the same text."""
    text = KEYS.seal(content, path)
    assert KEYS.open(text, path) == content
    assert Keys("k-new", SECRETS).seal(content, path) == text


@pytest.mark.parametrize("where", range(len(TEXT)))
def test_every_character_counts(where: int) -> None:
    """No character can be another one: of the last, whose low bits carry nothing, none of the other spellings is taken."""
    for other in ALPHABET:
        changed = f"{TEXT[:where]}{other}{TEXT[where + 1:]}"
        if changed != TEXT:
            with pytest.raises(Damaged):
                KEYS.open(changed, PATH)


@given(st.text(max_size=200) | st.text(ALPHABET + ".=+/", max_size=200).map(lambda text: f"k-new.{text}"))
def test_nothing_else_opens(text: str) -> None:
    """Any other text is one and the same error."""
    if text != TEXT:
        with pytest.raises(Damaged):
            KEYS.open(text, PATH)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        pytest.param(TEXT, "/2026/t2.jpg", id="another-photo"),
        pytest.param(TEXT, "/2026/t1.jp", id="a-shorter-path"),
        pytest.param(TEXT.replace("k-new", "k-old"), PATH, id="another-key"),
        pytest.param(TEXT.replace("k-new", "k-none"), PATH, id="an-unknown-key"),
        pytest.param(TEXT.partition(".")[2], PATH, id="no-key"),
        pytest.param(TEXT[:-2], PATH, id="cut"),
        pytest.param(TEXT + "A", PATH, id="longer"),
        pytest.param(TEXT + "=", PATH, id="padded"),
        pytest.param(TEXT + "=" * 2, PATH, id="padded-twice"),
        pytest.param("k-new." + "A" * 10_000, PATH, id="huge"),
        pytest.param("k-new.", PATH, id="nothing-sealed"),
        pytest.param(TEXT.replace(".", "..", 1), PATH, id="two-dots"),
    ],
)
def test_refused(text: str, path: str) -> None:
    """Text for another path, under another key, cut, longer or spelt otherwise does not open."""
    with pytest.raises(Damaged):
        KEYS.open(text, path)


def test_rotation() -> None:
    """A new primary seals, older keys still open, and a key that is gone opens nothing."""
    old = Keys("k-old", {"k-old": SECRETS["k-old"]})
    text = old.seal(CONTENT, PATH)
    assert KEYS.open(text, PATH) == CONTENT
    assert KEYS.seal(CONTENT, PATH).startswith("k-new.")
    with pytest.raises(Damaged):
        Keys("k-new", {"k-new": SECRETS["k-new"]}).open(text, PATH)
    with pytest.raises(Damaged):
        old.open(TEXT, PATH)


def test_a_ring_opens_no_url(tmp_path: Path) -> None:
    """A key is not used itself: under the ring's own way of wrapping, with the same secret, nothing opens."""
    sealed = base64.urlsafe_b64decode(TEXT.partition(".")[2] + "==")
    wrapping = ring.KeyRing("k-new", SECRETS)
    with pytest.raises(Damaged):
        wrapping.unwrap(bytes((5,)) + b"k-new" + sealed, PATH.encode())


def test_file(tmp_path: Path) -> None:
    """A key file is a ring's: made by the same command, with mode 0600, and refused when others may read it."""
    file = tmp_path / "urls.toml"
    made = ring.create(file)
    assert Keys.read(file).primary == made.primary
    file.chmod(0o640)
    with pytest.raises(KeyRingError, match="chmod 600"):
        Keys.read(file)
    with pytest.raises(KeyRingError, match="keys new"):
        Keys.read(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("primary", "keys"),
    [("k-1", {}), ("k-1", {"k-1": bytes(31)}), ("k.1", {"k.1": bytes(32)}), ("k-2", {"k-1": bytes(32)})],
    ids=["none", "short", "id", "primary"],
)
def test_bad_keys(primary: str, keys: dict[str, bytes]) -> None:
    """No primary, a short key, or an id that would read as something else in a URL."""
    with pytest.raises(KeyRingError):
        Keys(primary, keys)


def test_blind_repr() -> None:
    """The keys tell their ids to a log, and nothing else."""
    assert repr(KEYS) == "<Keys of URLs k-old, k-new, primary k-new>"
