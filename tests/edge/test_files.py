"""The files of a version: fetched once, checked, kept in memory and on disk, and shown from there while the origin is down."""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from edge import files
from edge.cache.memory import Memory
from edge.cache.store import Cache
from edge.cache.store import DiskCache
from edge.cache.store import NullCache
from edge.errors import OriginFailed
from edge.files import Files
from edge.keys import ring
from edge.origin import names
from tests.fakes import NOW
from tests.fakes import PATH
from tests.fakes import MemoryOrigin
from tests.fakes import Published
from tests.fakes import seal

LATER = NOW + 1e9


@pytest.fixture
def made(tmp_path: Path) -> Published:
    """A sealed photo."""
    return seal(ring.create(tmp_path / "ring.toml"), PATH, {1: "u-red"})


@pytest.fixture
async def disk(tmp_path: Path) -> AsyncIterator[DiskCache]:
    """A disk cache."""
    cache = DiskCache(tmp_path / "cache", size=1 << 24, seal_key=os.urandom(32))
    yield cache
    cache.close()


def origin(made: Published) -> MemoryOrigin:
    """An origin that has the photo's files."""
    return MemoryOrigin(dict(zip(names(PATH, made.photo.version), (made.base, made.sidecar), strict=True)))


def over(store: MemoryOrigin, cache: Cache, size: int = 1 << 20) -> Files:
    """The files of an edge with this much memory."""
    return Files(store, cache, Memory(items=100, size=size))


async def test_many_requests_are_one_fetch(made: Published) -> None:
    """Whoever asks while a file is on its way waits for it, and whoever asks later has it; two files are two fetches."""
    store = origin(made)
    store.gate = asyncio.Event()
    found = over(store, NullCache())
    waiting = [asyncio.create_task(found.base(made.photo, NOW)) for _ in range(50)]
    waiting += [asyncio.create_task(found.sidecar(made.photo, NOW)) for _ in range(50)]
    await asyncio.sleep(0.01)
    store.gate.set()
    assert await asyncio.gather(*waiting) == [made.base] * 50 + [made.sidecar] * 50
    assert await found.base(made.photo, LATER) is await found.base(made.photo, NOW)
    assert sorted(store.asked) == sorted(names(PATH, made.photo.version))


@pytest.mark.parametrize("where", ["memory", "disk", "nowhere"])
async def test_the_origin_goes_down(made: Published, disk: DiskCache, where: str) -> None:
    """What is in memory or on disk is shown for as long as it is there; nothing else is a fault."""
    store = origin(made)
    found = over(store, NullCache() if where == "memory" else disk, size=1 << 20 if where == "memory" else 1)
    if where != "nowhere":
        assert (await found.base(made.photo, NOW), await found.sidecar(made.photo, NOW)) == (made.base, made.sidecar)
    store.files.clear()
    if where == "nowhere":
        with pytest.raises(OriginFailed):
            await found.base(made.photo, NOW)
        return
    assert (await found.base(made.photo, LATER), await found.sidecar(made.photo, LATER)) == (made.base, made.sidecar)


async def test_another_version_is_no_substitute(made: Published, disk: DiskCache) -> None:
    """The base of an earlier version is not shown while that of the new one cannot be had."""
    store = origin(made)
    found = over(store, disk)
    await found.base(made.photo, NOW)
    with pytest.raises(OriginFailed):
        await found.base(replace(made.photo, version=os.urandom(16)), NOW)
    with pytest.raises(OriginFailed):
        await found.base(replace(made.photo, base_sha256=bytes(32), version=os.urandom(16)), NOW)


@pytest.mark.parametrize("large", [False, True])
async def test_other_bytes_are_never_kept(
    made: Published, disk: DiskCache, large: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A base that is not the one the catalog names is a fault, small or large, until the right one is there."""
    if large:
        monkeypatch.setattr(files, "LARGE_BYTES", 0)
    store = origin(made)
    name = names(PATH, made.photo.version)[0]
    store.files[name] = made.seen(1)
    found = over(store, disk)
    for _ in range(2):
        with pytest.raises(OriginFailed):
            await found.base(made.photo, NOW)
    store.files[name] = made.base
    assert await found.base(made.photo, NOW) == made.base
    assert len(store.asked) == 3


async def test_a_sidecar_that_does_not_open_is_fetched_again(made: Published, disk: DiskCache) -> None:
    """Nobody knows a sidecar's hash, so whoever finds that it does not open has it dropped from memory and disk."""
    store = origin(made)
    name = names(PATH, made.photo.version)[1]
    store.files[name] = b"damaged"
    found = over(store, disk)
    assert await found.sidecar(made.photo, NOW) == b"damaged"
    store.files[name] = made.sidecar
    assert await found.sidecar(made.photo, NOW) == b"damaged"
    await found.distrust_sidecar(made.photo)
    assert await found.sidecar(made.photo, NOW) == made.sidecar
