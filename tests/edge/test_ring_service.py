"""A ring that is rotated elsewhere is read again, seldom, and only from a file that is still private."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.errors import Damaged
from edge.errors import KeyRingError
from edge.keys import ring
from edge.keys.ring_service import RingService
from edge.keys.wrapped import heads
from edge.keys.wrapped import wrapped_by
from tests.fakes import Clock

KEY, CONTEXT = bytes(range(32)), b"photo 1, face 2"


class Read:
    """Counts how often the file is read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.times = 0
        self._real: Callable[[Path], ring.KeyRing] = ring.read
        monkeypatch.setattr(ring, "read", self)

    def __call__(self, file: Path) -> ring.KeyRing:
        self.times += 1
        return self._real(file)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A ring's file."""
    ring.create(tmp_path / "ring.toml")
    return tmp_path / "ring.toml"


@pytest.fixture
def clock() -> Clock:
    """Seconds that go on when told."""
    return Clock(100.0)


@pytest.fixture
async def service(file: Path, clock: Clock) -> RingService:
    """A service that has read the file."""
    return await RingService.open(file, clock)


async def test_rotation_is_noticed(service: RingService, file: Path, clock: Clock) -> None:
    """The first key that a new primary wrapped opens, without a restart, and the old ones go on doing so."""
    (old,) = await service.wrap([(KEY, CONTEXT)])
    new = ring.rotate(file).wrap(KEY, CONTEXT)
    clock.now += 1
    assert await service.unwrap([(old, CONTEXT), (new, CONTEXT)]) == [KEY, KEY]
    assert service.primary == wrapped_by(new)


async def test_wraps_with_the_primary_of_now(service: RingService, file: Path, clock: Clock) -> None:
    """After a rotation nothing is wrapped any more with the key that may be retired next."""
    clock.now += 1
    primary = ring.rotate(file).primary
    assert wrapped_by((await service.wrap([(KEY, CONTEXT)]))[0]) == primary


async def test_unknown_keys_cause_few_readings(
    service: RingService, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flood of keys that nobody knows has the file read at most once a second, whoever asks."""
    read = Read(monkeypatch)
    unknown = [(heads(f"k-{number}")[0] + bytes(60), CONTEXT) for number in range(100)]
    for second in range(3):
        asked = (service.unwrap([pair]) for pair in unknown)
        assert {type(some) for some in await asyncio.gather(*asked, return_exceptions=True)} == {KeyRingError}
        assert read.times == second
        clock.now += 1


async def test_known_and_damaged_keys_cause_none(
    service: RingService, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While every key is known, the file is left alone; damage is no reason to read it."""
    (wrapped,) = await service.wrap([(KEY, CONTEXT)])
    clock.now += 100
    read = Read(monkeypatch)
    await service.unwrap([(wrapped, CONTEXT)])
    with pytest.raises(Damaged):
        await service.unwrap([(wrapped, b"elsewhere")])
    assert read.times == 0


def spoilt(file: Path, how: str) -> str:
    """Spoil the file; what it held before."""
    content = file.read_text()
    match how:
        case "shared":
            file.chmod(0o640)
        case "damaged":
            file.write_text(content[:-20])
        case "missing":
            file.unlink()
        case "link":
            file.rename(file.with_name("moved.toml"))
            file.symlink_to(file.with_name("moved.toml"))
    return content


def mend(file: Path, content: str) -> None:
    file.unlink(missing_ok=True)
    file.touch(0o600)
    file.write_text(content)


@pytest.mark.parametrize("spoil", ["shared", "damaged", "missing", "link"])
async def test_a_spoilt_file_changes_nothing(
    service: RingService, file: Path, clock: Clock, spoil: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A file that is no longer private, or no ring, is not taken over; known keys stay, and it heals with the file."""
    (old,) = await service.wrap([(KEY, CONTEXT)])
    new = ring.rotate(file).wrap(KEY, CONTEXT)
    content = spoilt(file, spoil)
    clock.now += 1
    with caplog.at_level(logging.WARNING), pytest.raises(KeyRingError):
        await service.unwrap([(new, CONTEXT)])
    assert caplog.messages == ["the key ring cannot be read again: KeyRingError"]
    assert await service.unwrap([(old, CONTEXT)]) == [KEY]
    mend(file, content)
    clock.now += 1
    assert await service.unwrap([(new, CONTEXT)]) == [KEY]


async def test_a_retired_key_is_let_go_of(service: RingService, file: Path, clock: Clock) -> None:
    """When the ring is read again, a key that was retired meanwhile opens nothing here either."""
    (old,) = await service.wrap([(KEY, CONTEXT)])
    retired = service.primary
    ring.rotate(file)
    ring.retire(file, retired)
    clock.now += 1
    await service.wrap([(KEY, CONTEXT)])
    with pytest.raises(KeyRingError):
        await service.unwrap([(old, CONTEXT)])
