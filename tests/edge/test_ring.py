"""The key ring: who may read it, and what it opens."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import Damaged
from edge.errors import KeyRingError
from edge.keys import ring
from edge.keys import secret_file
from edge.keys.ring import KeyRing
from edge.keys.wrapped import heads
from edge.keys.wrapped import wrapped_by

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


# Made by the first release, and by the first that knew public halves: ring "k-old" = OLD, key NEW, context CONTEXT.
KEPT = {
    "private": "056b2d6f6c6409e1817282f31d3342762ad507156210234e05b34efdb00c8168bae75ffa946517818696bf099d036870"
    "b3404d003ea15f30218f44b0e41386b8985a",
    "public": "856b2d6f6c641480ffdb00c6f2e11fd13fd0e9634a0c378efd4ce46ae5b7bf9a8c3c7f1483670429eaba96dbd5a5336a"
    "9e0327ec85270698b0ddd1c6ee38b3f80099b7061a6c0b7be7de30f3e7e250ff353828f68806",
}


@pytest.mark.parametrize("form", KEPT)
def test_what_was_wrapped_long_ago_opens(form: str) -> None:
    """The wrapped forms stay as they are: bytes kept from earlier releases open."""
    wrapped = bytes.fromhex(KEPT[form])
    assert KeyRing("k-old", {"k-old": OLD}).unwrap(wrapped, CONTEXT) == NEW
    assert wrapped_by(wrapped) == "k-old"
    assert wrapped.startswith(heads("k-old"))


@pytest.mark.parametrize("form", ["private", "public"])
def test_every_bit_counts(form: str) -> None:
    """No bit of a wrapped key can be flipped, no byte cut off or added."""
    keys = KeyRing("a", {"a": OLD})
    wrapped = keys.wrap(NEW, CONTEXT) if form == "private" else keys.public().wrap(NEW, CONTEXT)
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
        for wrapper in (keys, keys.public()):
            with pytest.raises(Damaged):
                keys.unwrap(wrapper.wrap(NEW, CONTEXT), other)


def test_key_id_is_bound() -> None:
    """The same key under another id does not open what the first wrapped."""
    keys = KeyRing("a", {"a": OLD})
    for wrapped in (keys.wrap(NEW, CONTEXT), keys.public().wrap(NEW, CONTEXT)):
        with pytest.raises(Damaged):
            KeyRing("b", {"b": OLD}).unwrap(wrapped[:1] + b"b" + wrapped[2:], CONTEXT)


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


def test_rotate(tmp_path: Path) -> None:
    """A rotation adds a random key that wraps from then on; whatever any earlier primary wrapped still opens."""
    file = tmp_path / "ring.toml"
    rings = [ring.create(file)]
    wrapped = [rings[0].wrap(NEW, CONTEXT)]
    for _ in range(5):
        rings.append(ring.rotate(file))
        wrapped.append(rings[-1].wrap(NEW, CONTEXT))
    kept = ring.read(file)
    assert kept.ids == rings[-1].ids
    assert [wrapped_by(some) for some in wrapped] == kept.ids
    assert kept.primary == kept.ids[-1]
    assert len(set(kept.ids)) == 6
    assert [kept.unwrap(some, CONTEXT) for some in wrapped] == [NEW] * 6
    assert file.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["ring.toml"]
    assert file.read_text().startswith(f"# {ring.WARNING}\nprimary = ")


def test_retire(tmp_path: Path) -> None:
    """A retired key is gone from the file, and all that it alone wrapped with it; the primary cannot be retired."""
    file = tmp_path / "ring.toml"
    old = ring.create(file)
    new = ring.rotate(file)
    for key_id in (new.primary, "k-unknown", ""):
        with pytest.raises(KeyRingError):
            ring.retire(file, key_id)
    assert ring.read(file).ids == new.ids
    assert ring.retire(file, old.primary).ids == ring.read(file).ids == [new.primary]
    with pytest.raises(KeyRingError):
        ring.read(file).unwrap(old.wrap(NEW, CONTEXT), CONTEXT)
    assert ring.read(file).unwrap(new.wrap(NEW, CONTEXT), CONTEXT) == NEW


@pytest.mark.parametrize("spoil", ["missing", "shared", "link", "damaged"])
def test_only_a_good_ring_is_changed(tmp_path: Path, spoil: str) -> None:
    """What could not be read as a ring is not written over."""
    file = tmp_path / "ring.toml"
    ring.create(tmp_path / "real.toml").wrap(NEW, CONTEXT)
    match spoil:
        case "shared":
            os.link(tmp_path / "real.toml", file)
            file.chmod(0o640)
        case "link":
            file.symlink_to(tmp_path / "real.toml")
        case "damaged":
            file.write_text("primary = 'a'")
            file.chmod(0o600)
    before = {name: (tmp_path / name).read_bytes() for name in os.listdir(tmp_path)}
    with pytest.raises(KeyRingError):
        ring.rotate(file)
    assert {name: (tmp_path / name).read_bytes() for name in os.listdir(tmp_path)} == before


def test_a_full_ring_stays_readable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rotation that would make the file larger than can be read is refused."""
    file = tmp_path / "ring.toml"
    made = ring.create(file)
    monkeypatch.setattr(ring, "MAX_FILE_BYTES", file.stat().st_size + 20)
    with pytest.raises(KeyRingError, match="full"):
        ring.rotate(file)
    assert ring.read(file).ids == made.ids


def test_two_rotations_at_once(tmp_path: Path) -> None:
    """Of changes at the same time one is made and the others are refused: no key that was reported is lost."""
    file = tmp_path / "ring.toml"
    made = [ring.create(file).primary]

    def rotated(_: int) -> str | None:
        try:
            return ring.rotate(file).primary
        except KeyRingError:
            return None

    with ThreadPoolExecutor(8) as threads:
        made += [primary for primary in threads.map(rotated, range(200)) if primary is not None]
    assert set(ring.read(file).ids) == set(made)
    with secret_file.alone(tmp_path), pytest.raises(KeyRingError, match="another program"):
        ring.rotate(file)


class Killed(BaseException):
    """The process is no more."""


class FailingDisk:
    """Stands in for ``os``: file operation number ``last`` ends half done, in ``fault``; none follows a kill."""

    def __init__(self, last: int, fault: Callable[[], BaseException]) -> None:
        self.done = 0
        self._last = last
        self._fault = fault
        self._open: list[int] = []

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        return self._counted(name, real) if name in ("open", "write", "fsync", "rename", "link", "unlink", "close") else real

    def release(self) -> None:
        """What the kernel does for a process that ended."""
        for handle in self._open:
            os.close(handle)

    def _counted(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def operation(*arguments: Any) -> Any:
            self.done += 1
            if self.done == self._last or (self.done > self._last and self._fault is Killed):
                if name == "write" and self.done == self._last:
                    os.write(arguments[0], arguments[1][:20])
                if name != "close" or self._fault is Killed:
                    raise self._fault()
            result = real(*arguments)
            if name == "open":
                self._open.append(result)
            if name == "close":
                self._open.remove(arguments[0])
            return result

        return operation


def on_failing_disk(
    monkeypatch: pytest.MonkeyPatch, last: int, fault: Callable[[], BaseException], change: Callable[[Path], KeyRing], file: Path
) -> tuple[KeyRing | None, bool]:
    """What the change reported (None: nothing, or a failure), and whether it came as far as operation ``last``."""
    disk = FailingDisk(last, fault)
    with monkeypatch.context() as patched:
        patched.setattr(secret_file, "os", disk)
        try:
            return change(file), disk.done >= last
        except (Killed, KeyRingError):
            return None, True
        finally:
            disk.release()


FAULTS = pytest.mark.parametrize(
    "fault", [pytest.param(Killed, id="killed"), pytest.param(lambda: OSError(28, "No space left on device"), id="disk-full")]
)


@FAULTS
@pytest.mark.parametrize("change", ["rotate", "retire"])
def test_nothing_is_lost_at_any_file_operation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str, fault: Callable[[], BaseException]
) -> None:
    """Whichever file operation is the last, the ring is wholly the old or the new one, and can be changed again."""
    last, reached = 0, True
    while reached:
        last += 1
        file = tmp_path / str(last) / "ring.toml"
        first = ring.create(file)
        before = ring.rotate(file)
        wrapped = [first.wrap(NEW, CONTEXT), before.wrap(NEW, CONTEXT)]
        wanted = ring.rotate if change == "rotate" else lambda file, key_id=first.primary: ring.retire(file, key_id)
        after, reached = on_failing_disk(monkeypatch, last, fault, wanted, file)
        kept = ring.read(file)
        if kept.ids != before.ids:
            assert (kept.ids[:-1] == before.ids) if change == "rotate" else (kept.ids == before.ids[1:])
        assert after is None or kept.ids == after.ids
        for some in wrapped:
            assert wrapped_by(some) not in kept.ids or kept.unwrap(some, CONTEXT) == NEW
        assert ring.rotate(file).ids[:-1] == kept.ids
        assert os.listdir(file.parent) == ["ring.toml"]
    assert last > 8


@FAULTS
def test_a_ring_is_made_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Callable[[], BaseException]
) -> None:
    """Whichever file operation is the last, there is a whole new ring or none, and one can be made then."""
    last, reached = 0, True
    while reached:
        last += 1
        file = tmp_path / str(last) / "ring.toml"
        after, reached = on_failing_disk(monkeypatch, last, fault, ring.create, file)
        if after is None and not file.exists():
            after = ring.create(file)
        assert after is None or ring.read(file).ids == after.ids
        assert len(ring.rotate(file).ids) == 2
    assert last > 8


def test_what_a_kill_left_is_removed(tmp_path: Path) -> None:
    """An unfinished file, which may hold keys, is gone after the next change."""
    file = tmp_path / "ring.toml"
    ring.create(file)
    (tmp_path / ".ring.toml.unfinished").write_text("half a ring")
    ring.rotate(file)
    assert os.listdir(tmp_path) == ["ring.toml"]
