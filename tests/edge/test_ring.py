"""The key ring: who may read it, and what it opens."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import Damaged
from edge.errors import KeyRingError
from edge.keys import ring
from edge.keys.ring import KeyRing

OLD, NEW = bytes(range(32)), bytes(range(32, 64))
CONTEXT = b"photo 1, face 2"
SPELLED = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"  # OLD


def test_round_trip() -> None:
    """What was wrapped opens again under the same context."""
    keys = KeyRing("a", {"a": OLD})
    assert keys.unwrap(keys.wrap(NEW, CONTEXT), CONTEXT) == NEW


@pytest.mark.parametrize(
    ("writer", "reader", "opens"),
    [
        pytest.param(("a", "a"), ("a", "a"), True, id="before-rotation"),
        pytest.param(("a", "a"), ("ab", "a"), True, id="new-key-added"),
        pytest.param(("ab", "b"), ("ab", "a"), True, id="new-key-primary-elsewhere"),
        pytest.param(("ab", "a"), ("ab", "b"), True, id="old-one-still-read"),
        pytest.param(("ab", "b"), ("a", "a"), False, id="reader-lags-behind"),
        pytest.param(("a", "a"), ("b", "b"), False, id="old-key-gone"),
    ],
)
def test_rotation(writer: tuple[str, str], reader: tuple[str, str], opens: bool) -> None:
    """A wrapped key opens wherever the ring holds the key it was wrapped with, and nowhere else."""
    keys = {"a": OLD, "b": NEW}
    wrapped = KeyRing(writer[1], {name: keys[name] for name in writer[0]}).wrap(OLD, CONTEXT)
    reading = KeyRing(reader[1], {name: keys[name] for name in reader[0]})
    if opens:
        assert reading.unwrap(wrapped, CONTEXT) == OLD
    else:
        with pytest.raises(KeyRingError):
            reading.unwrap(wrapped, CONTEXT)


def test_every_bit_counts() -> None:
    """No bit of a wrapped key can be flipped, no byte cut off or added."""
    keys = KeyRing("a", {"a": OLD})
    wrapped = keys.wrap(NEW, CONTEXT)
    bad = [wrapped[:length] for length in range(len(wrapped))] + [wrapped + b"\0", b"\xff" * 2_000]
    for bit in range(len(wrapped) * 8):
        flipped = bytearray(wrapped)
        flipped[bit // 8] ^= 1 << bit % 8
        bad.append(bytes(flipped))
    for attempt in bad:
        with pytest.raises((Damaged, KeyRingError)):
            keys.unwrap(attempt, CONTEXT)


@given(st.binary(max_size=100))
def test_context_is_bound(other: bytes) -> None:
    """A wrapped key does not open for another photo or face."""
    keys = KeyRing("a", {"a": OLD})
    if other != CONTEXT:
        with pytest.raises(Damaged):
            keys.unwrap(keys.wrap(NEW, CONTEXT), other)


def test_key_id_is_bound() -> None:
    """The same key under another id does not open what the first wrapped."""
    wrapped = KeyRing("a", {"a": OLD}).wrap(NEW, CONTEXT)
    with pytest.raises(Damaged):
        KeyRing("b", {"b": OLD}).unwrap(b"\x01b" + wrapped[2:], CONTEXT)


def test_same_key_wraps_differently() -> None:
    """Two wraps of one key share neither nonce nor ciphertext."""
    keys = KeyRing("a", {"a": OLD})
    assert len({keys.wrap(NEW, CONTEXT)[2:14] for _ in range(1_000)}) == 1_000


def test_blind_repr() -> None:
    """Neither repr nor str of a ring tells a key."""
    shown = f"{KeyRing('a', {'a': OLD})!r} {KeyRing('a', {'a': OLD})}"
    assert OLD.hex() not in shown
    assert "\\x01" not in shown
    assert shown.startswith("<KeyRing 1 keys, primary a>")


def test_create_and_read(tmp_path: Path) -> None:
    """A new ring is made with mode 0600 and reads back; nothing is ever replaced."""
    file = tmp_path / "sub" / "ring.toml"
    made = ring.create(file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert ring.read(file).unwrap(made.wrap(NEW, CONTEXT), CONTEXT) == NEW
    before = file.read_bytes()
    with pytest.raises(KeyRingError):
        ring.create(file)
    assert file.read_bytes() == before


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o620, 0o602, 0o700, 0o777])
def test_shared_file_is_refused(tmp_path: Path, mode: int) -> None:
    """A ring that anyone else may read, change or run is refused."""
    ring.create(tmp_path / "ring.toml")
    os.chmod(tmp_path / "ring.toml", mode)
    with pytest.raises(KeyRingError, match="chmod 600"):
        ring.read(tmp_path / "ring.toml")


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_private_file_is_read(tmp_path: Path, mode: int) -> None:
    """0600 and stricter are accepted."""
    made = ring.create(tmp_path / "ring.toml")
    os.chmod(tmp_path / "ring.toml", mode)
    assert ring.read(tmp_path / "ring.toml").ids == made.ids


def test_link_folder_and_foreign_files_are_refused(tmp_path: Path) -> None:
    """A symbolic link, a folder, a missing file and somebody else's file are no ring."""
    ring.create(tmp_path / "ring.toml")
    (tmp_path / "link.toml").symlink_to(tmp_path / "ring.toml")
    (tmp_path / "folder.toml").mkdir(mode=0o600)
    for name in ("link.toml", "folder.toml", "none.toml"):
        with pytest.raises(KeyRingError):
            ring.read(tmp_path / name)
    if os.geteuid() == 0:
        os.chown(tmp_path / "ring.toml", 12_345, 12_345)
        with pytest.raises(KeyRingError, match="owned"):
            ring.read(tmp_path / "ring.toml")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("primary = 'a'", id="no-keys"),
        pytest.param(f"primary = 'b'\n[keys]\na = '{SPELLED}'", id="primary-missing"),
        pytest.param(f"primary = 'a'\n[keys]\na = '{SPELLED[:-2]}'", id="short-key"),
        pytest.param(f"primary = 'a'\n[keys]\na = '{SPELLED}='", id="padded-key"),
        pytest.param(f"primary = 'a'\n[keys]\na = '{SPELLED[:-1]}9'", id="not-canonical"),
        pytest.param("primary = 'a'\n[keys]\na = 7", id="number"),
        pytest.param(f"primary = ['a']\n[keys]\na = '{SPELLED}'", id="primary-list"),
        pytest.param(f"primary = 'a b'\n[keys]\n'a b' = '{SPELLED}'", id="bad-id"),
        pytest.param("keys = 3\nprimary = 'a'", id="keys-no-table"),
        pytest.param("\0", id="nul"),
        pytest.param("# " + "x" * 70_000, id="huge"),
    ],
)
def test_bad_content_is_refused(tmp_path: Path, text: str) -> None:
    """A ring file with anything odd in it is refused, and the message holds none of it."""
    file = tmp_path / "ring.toml"
    file.write_text(text)
    file.chmod(0o600)
    with pytest.raises(KeyRingError) as refused:
        ring.read(file)
    assert SPELLED[:10] not in str(refused.value)
