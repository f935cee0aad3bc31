"""Caches: bounded, injective keys, sealed values, and no pickle."""

import asyncio
import os
import pickle
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import diskcache
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.cache import key
from edge.cache.flight import Flight
from edge.cache.memory import Memory
from edge.cache.store import BytesDisk
from edge.cache.store import DiskCache
from edge.cache.store import NullCache
from edge.errors import ConfigError

SEAL = bytes(range(32))
PLAIN = b"sealed sidecar bytes " * 5_000
FIELDS = st.lists(st.binary(max_size=6), max_size=5)


@pytest.fixture
async def disk(tmp_path: Path) -> AsyncIterator[DiskCache]:
    """A disk cache in a folder of its own."""
    cache = DiskCache(tmp_path / "cache", size=1 << 24, seal_key=SEAL)
    yield cache
    cache.close()


@given(FIELDS, FIELDS)
def test_keys_are_injective(one: list[bytes], other: list[bytes]) -> None:
    """Different fields never join to the same key."""
    assert (key.joined(*one) == key.joined(*other)) == (one == other)


EPOCH = st.integers(0, 2**63 - 1)
SHOWN = st.tuples(st.integers(0, 2**32 - 1), EPOCH, EPOCH)


@given(
    st.binary(min_size=16, max_size=16), st.frozensets(SHOWN, max_size=5),
    st.binary(min_size=16, max_size=16), st.frozensets(SHOWN, max_size=5),
)  # fmt: skip
def test_decisions_are_injective(
    one: bytes, granted: frozenset[key.Shown], other: bytes, shown: frozenset[key.Shown]
) -> None:
    """Different decisions never have the same form, equal ones always."""
    assert (key.decision(one, granted) == key.decision(other, shown)) == ((one, granted) == (other, shown))


def test_memory_is_bounded() -> None:
    """The least recently used goes first, by bytes and by count; one that is too large is not kept."""
    memory: Memory[str, str] = Memory(items=3, size=100)
    for name in "abcd":
        memory.put(name, name, size=10, now=0, expires=9)
    assert [memory.get(name, 1) for name in "abcd"] == [None, "b", "c", "d"]
    memory.get("b", 1)
    memory.put("e", "e", size=85, now=0, expires=9)
    assert [memory.get(name, 1) for name in "bcde"] == ["b", None, None, "e"]
    memory.put("e", "bigger", size=101, now=0, expires=9)
    assert memory.get("e", 1) is None
    memory.put("f", "f", size=100, now=0, expires=9)
    assert len(memory) == 1


@pytest.mark.parametrize(("now", "there"), [(9.9, False), (10, True), (14.9, True), (15, False), (1e9, False)])
def test_memory_ends_in_time(now: float, there: bool) -> None:
    """An entry is valid from when it was put until it expires, at no other time."""
    memory: Memory[str, int] = Memory(items=9, size=9)
    memory.put("a", 1, size=1, now=10, expires=15)
    assert (memory.get("a", now) == 1) is there


def test_memory_lets_go() -> None:
    """What has expired leaves memory when it is purged, also when nobody asks for it again."""
    memory: Memory[str, str] = Memory(items=10, size=100)
    memory.put("short", "a", size=10, now=0, expires=5)
    memory.put("long", "b", size=10, now=0, expires=50)
    memory.purge(5)
    assert len(memory) == 1
    assert memory.get("long", 5) == "b"


async def test_flight_runs_once() -> None:
    """Many who ask at once cause one piece of work; a caller that leaves does not end it for the rest."""
    flight: Flight[str, int] = Flight()
    gate, runs = asyncio.Event(), []

    async def work() -> int:
        runs.append(1)
        await gate.wait()
        return 7

    waiting = [asyncio.create_task(flight.run("a", work)) for _ in range(20)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.sleep(0)
    gate.set()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert results[1:] == [7] * 19
    assert isinstance(results[0], asyncio.CancelledError)
    assert len(runs) == 1
    gate.clear()
    gate.set()
    assert await flight.run("a", work) == 7
    assert len(runs) == 2


async def test_flight_shares_the_fault() -> None:
    """A failure is everybody's, and is forgotten afterwards."""
    flight: Flight[str, int] = Flight()

    async def work() -> int:
        await asyncio.sleep(0)
        raise OSError

    results = await asyncio.gather(*(flight.run("a", work) for _ in range(3)), return_exceptions=True)
    assert [type(result) for result in results] == [OSError] * 3

    async def good() -> int:
        return 1

    assert await flight.run("a", good) == 1


async def test_disk_round_trip(disk: DiskCache) -> None:
    """What was put reads back; what was not, or was dropped, does not."""
    await disk.put(b"k", PLAIN)
    assert await disk.get(b"k") == PLAIN
    assert await disk.get(b"other") is None
    await disk.drop(b"k")
    assert await disk.get(b"k") is None


async def test_the_event_loop_never_seals(disk: DiskCache) -> None:
    """Values, which can be large, are sealed and opened in another thread than the one that answers everybody."""
    at_work = set()

    real = disk._seal

    class Seal:
        def encrypt(self, *args: Any) -> bytes:
            at_work.add(threading.get_ident())
            return real.encrypt(*args)

        def decrypt(self, *args: Any) -> bytes:
            at_work.add(threading.get_ident())
            return real.decrypt(*args)

    disk._seal = Seal()  # type: ignore[assignment]
    await disk.put(b"k", PLAIN)
    assert await disk.get(b"k") == PLAIN
    assert at_work
    assert threading.get_ident() not in at_work


async def test_null_cache() -> None:
    """The null cache keeps nothing."""
    null = NullCache()
    await null.put(b"k", b"v")
    assert await null.get(b"k") is None


async def test_disk_holds_no_plain_bytes(disk: DiskCache, tmp_path: Path) -> None:
    """No file of the cache, its log included, holds a stretch of a value; nothing is readable by others."""
    await disk.put(b"k", PLAIN)
    await disk.put(b"small", PLAIN[:100])
    await disk.drop(b"small")
    files = [file for file in (tmp_path / "cache").rglob("*") if file.is_file()]
    assert files
    for file in files:
        assert PLAIN[:16] not in file.read_bytes()
    assert (tmp_path / "cache").stat().st_mode & 0o077 == 0


def value_files(folder: Path) -> list[Path]:
    """The files diskcache put values into."""
    return sorted(folder.rglob("*.val"))


async def test_tampered_values_are_not_there(disk: DiskCache, tmp_path: Path) -> None:
    """Truncated, flipped, emptied and swapped values read as absent, never as something else."""
    folder = tmp_path / "cache"
    await disk.put(b"a", PLAIN)
    (first,) = value_files(folder)
    await disk.put(b"b", PLAIN[::-1])
    (second,) = set(value_files(folder)) - {first}
    good = first.read_bytes(), second.read_bytes()
    flipped = bytes([good[0][0] ^ 1]) + good[0][1:]
    for bad in (good[0][:-1], good[0][:20], b"", flipped, good[0] + b"\0", good[1]):
        first.write_bytes(bad)
        assert await disk.get(b"a") is None
    first.write_bytes(good[1])
    second.write_bytes(good[0])
    assert await disk.get(b"a") is None
    assert await disk.get(b"b") is None
    first.unlink()
    assert await disk.get(b"a") is None


async def test_another_boot_opens_nothing(disk: DiskCache, tmp_path: Path) -> None:
    """What an earlier process left is not there for the next."""
    await disk.put(b"a", PLAIN)
    later = DiskCache(tmp_path / "cache", size=1 << 24, seal_key=os.urandom(32))
    assert await later.get(b"a") is None
    later.clear()
    later.close()
    assert not value_files(tmp_path / "cache")


class Bomb:
    """Unpickling this makes a file."""

    def __init__(self, target: str) -> None:
        self.target = target

    def __reduce__(self) -> tuple[object, tuple[str, int]]:
        return os.mkdir, (self.target, 0o700)


@pytest.mark.parametrize("mode", [1, 3, 4])
async def test_planted_pickle_is_not_run(disk: DiskCache, tmp_path: Path, mode: int) -> None:
    """An entry whose mode was changed to text or pickle is absent, and its content is never executed (CVE-2025-69872)."""
    target = str(tmp_path / "owned")
    await disk.put(b"a", PLAIN)
    (file,) = value_files(tmp_path / "cache")
    file.write_bytes(pickle.dumps(Bomb(target)))
    with sqlite3.connect(tmp_path / "cache" / "cache.db") as plain:
        plain.execute("UPDATE Cache SET mode = ?", (mode,))
    plain.close()
    assert await disk.get(b"a") is None
    assert [file.name for file in tmp_path.iterdir()] == ["cache"]  # noqa: ASYNC240


def test_disk_takes_bytes_only(tmp_path: Path) -> None:
    """Keys and values that are not bytes are refused before they could be pickled."""
    cache = diskcache.Cache(str(tmp_path), disk=BytesDisk)
    for bad in (1, 1.0, "k", ("a", 1), None):
        with pytest.raises(TypeError):
            cache.set(bad, b"v")
        with pytest.raises(TypeError):
            cache.set(b"k", bad)
    cache.set(b"k", b"v")
    with sqlite3.connect(tmp_path / "cache.db") as plain:
        plain.execute("UPDATE Cache SET raw = 0")
    plain.close()
    with pytest.raises(TypeError):
        list(cache)
    cache.close()


async def test_broken_cache_is_only_slow(disk: DiskCache, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A cache whose database is gone or damaged answers 'not there' and raises nothing."""
    await disk.put(b"a", PLAIN)
    disk.close()
    for file in (tmp_path / "cache").glob("cache.db*"):
        file.write_bytes(b"damage" * 500)
    assert await disk.get(b"a") is None
    await disk.put(b"b", PLAIN)
    await disk.drop(b"b")
    assert "damage" not in caplog.text


def test_a_folder_that_cannot_be_one(tmp_path: Path) -> None:
    """A file in the folder's place, or one where the cache's own files belong, is refused in words that name the key."""
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "folder" / "cache.db").mkdir(parents=True)
    for place in ("file", "file/below", "folder"):
        with pytest.raises(ConfigError, match=r"edge\.cache\.disk_folder"):
            DiskCache(tmp_path / place, size=1 << 24, seal_key=SEAL)
