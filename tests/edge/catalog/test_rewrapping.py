"""Rewrapping the catalog: every key moves to the primary, none is lost, and whoever interrupts it goes on."""

import os

import pytest
from sqlalchemy import insert
from sqlalchemy import select
from sqlalchemy import update

from edge.audit.log import Log
from edge.catalog import Catalog
from edge.catalog import Face
from edge.catalog import Photo
from edge.catalog import tables
from edge.catalog.publication import publish
from edge.catalog.rewrapping import SHELVES
from edge.catalog.rewrapping import WrappedKeys
from edge.catalog.rewrapping import count
from edge.keys.envelope import template_context
from edge.keys.envelope import wrap_context
from edge.keys.rewrap import Change
from edge.keys.rewrap import Progress
from edge.keys.rewrap import rewrap
from edge.keys.ring import KeyRing
from tests.fakes import NOW
from tests.keys import MemoryKeys

OLD, NEW = os.urandom(32), os.urandom(32)


class Stopped(Exception):
    """The process ends here."""


def keys(primary: str) -> MemoryKeys:
    """A ring of two keys with this primary."""
    made = MemoryKeys()
    made.ring = KeyRing(primary, {"old": OLD, "new": NEW})
    return made


async def filled(catalog: Catalog, ring: KeyRing, photos: int = 4, faces: int = 3) -> dict[tuple[str, int | None], bytes]:
    """Photos whose keys the ring wraps, and the keys by path and slot."""
    secret: dict[tuple[str, int | None], bytes] = {}
    for number in range(photos):
        path, photo_id, version = f"/{number}.jpg", os.urandom(16), os.urandom(16)

        def wrapped(slot: int | None, path: str = path, photo_id: bytes = photo_id, version: bytes = version) -> bytes:
            secret[path, slot] = os.urandom(32)
            return ring.wrap(secret[path, slot], wrap_context(photo_id, version, slot))

        made = tuple(Face(slot, (0, 0, 9, 9), None, None, wrapped(slot)) for slot in range(faces))
        await publish(catalog, Photo(path, photo_id, version, b"h" * 32, 1, 9, 9, wrapped(None), NOW, made))
    return secret


async def enrol(catalog: Catalog, ring: KeyRing) -> None:
    """Somebody asked to be found."""
    row = {"model": "m", "salt": b"s" * 32, "wrapped_key": ring.wrap(b"t" * 32, template_context("u-red")), "sealed": b"t"}
    async with catalog.database.writing() as connection:
        await connection.execute(insert(tables.TEMPLATE), {"person": "u-red"} | row)


async def opened(catalog: Catalog, ring: KeyRing) -> dict[tuple[str, int | None], bytes]:
    """Every key in the catalog, as this ring opens it."""
    found: dict[tuple[str, int | None], bytes] = {}
    for number in range(4):
        photo = await catalog.photo(f"/{number}.jpg")
        assert photo is not None
        pairs = [(None, photo.wrapped_key), *((face.slot, face.wrapped_key) for face in photo.faces)]
        for slot, wrapped in pairs:
            if wrapped is not None:
                found[photo.path, slot] = ring.unwrap(wrapped, wrap_context(photo.photo_id, photo.version, slot))
    return found


async def test_everything_moves(catalog: Catalog) -> None:
    """After rewrapping, the new key alone opens every key there was, the audit log's secret included."""
    secret = await filled(catalog, keys("old").ring)
    await Log.open(catalog, keys("old"))
    await enrol(catalog, keys("old").ring)
    assert await count(catalog.database, "old") == len(secret) + 2
    done = await rewrap(WrappedKeys(catalog.database, "new"), keys("new"), keys("new"), lambda _: None, limit=3)
    assert done == Progress(len(secret) + 2)
    assert (await count(catalog.database, "old"), await count(catalog.database, "new")) == (0, len(secret) + 2)
    alone = MemoryKeys()
    alone.ring = KeyRing("new", {"new": NEW})
    assert await opened(catalog, alone.ring) == secret
    await Log.open(catalog, alone)
    async with catalog.database.reading() as connection:
        template = (await connection.execute(select(tables.TEMPLATE))).one()
    assert alone.ring.unwrap(template.wrapped_key, template_context("u-red")) == b"t" * 32


def test_every_wrapped_key_is_on_a_shelf() -> None:
    """A table that holds wrapped keys and is not gone through would lose them when the old key is retired."""
    holding = {table.name for table in tables.METADATA.tables.values() if "wrapped_key" in table.c}
    assert {shelf.table.name for shelf in SHELVES} == holding


@pytest.mark.parametrize("batches", range(5))
async def test_interrupted(catalog: Catalog, batches: int) -> None:
    """However far it came, everything opens meanwhile, and the next run does the rest and no more."""
    secret = await filled(catalog, keys("old").ring)

    def stop(done: Progress) -> None:
        if done.rewrapped >= batches * 4:
            raise Stopped

    store = WrappedKeys(catalog.database, "new")
    with pytest.raises(Stopped):
        await rewrap(store, keys("new"), keys("new"), stop, limit=4)
    assert await opened(catalog, keys("new").ring) == secret
    before = await count(catalog.database, "old")
    done = await rewrap(store, keys("new"), keys("new"), lambda _: None, limit=4)
    assert done == Progress(before)
    assert await opened(catalog, keys("new").ring) == secret


async def test_nothing_published_meanwhile_is_overwritten(catalog: Catalog) -> None:
    """A key that was replaced or erased after it was read stays as it is now."""
    await filled(catalog, keys("old").ring)
    store = WrappedKeys(catalog.database, "new")
    photos = await store.batch(None, 100)
    faces = await store.batch(photos[-1].place, 100)
    assert (len(photos), len(faces), list(await store.batch(faces[-1].place, 100))) == (4, 12, [])
    async with catalog.database.writing() as connection:
        await connection.execute(update(tables.FACE).filter_by(path="/1.jpg", slot=1).values(wrapped_key=b"published"))
        await connection.execute(update(tables.FACE).filter_by(path="/1.jpg", slot=2).values(wrapped_key=None))
    assert await store.replace([Change(row.place, row.wrapped, b"\x03newrewrapped") for row in faces]) == 10
    async with catalog.database.reading() as connection:
        found = (await connection.execute(select(tables.FACE.c.slot, tables.FACE.c.wrapped_key).filter_by(path="/1.jpg"))).all()
    assert {row.slot: row.wrapped_key for row in found} == {0: b"\x03newrewrapped", 1: b"published", 2: None}


async def test_what_does_not_open_is_told(catalog: Catalog) -> None:
    """A key that opens under nothing at hand is counted, left as it is, and stops nobody else's."""
    secret = await filled(catalog, keys("old").ring)
    async with catalog.database.writing() as connection:
        await connection.execute(update(tables.FACE).filter_by(path="/2.jpg", slot=0).values(wrapped_key=b"\x04gone" + bytes(60)))
    done = await rewrap(WrappedKeys(catalog.database, "new"), keys("new"), keys("new"), lambda _: None, limit=5)
    assert done == Progress(len(secret) - 1, 0, 1)
    assert await count(catalog.database, other_than="new") == 1


async def test_public_halves_count(catalog: Catalog) -> None:
    """What an upload machine wrapped with the public half belongs to that key too."""
    old = keys("old").ring
    wrapped = old.public().wrap(b"k" * 32, wrap_context(b"i" * 16, b"v" * 16, None))
    await publish(catalog, Photo("/0.jpg", b"i" * 16, b"v" * 16, b"h" * 32, 1, 9, 9, wrapped, NOW, ()))
    assert await count(catalog.database, "old") == 1
    assert await rewrap(WrappedKeys(catalog.database, "new"), keys("new"), keys("new"), lambda _: None) == Progress(1)
    photo = await catalog.photo("/0.jpg")
    assert photo is not None
    assert KeyRing("new", {"new": NEW}).unwrap(photo.wrapped_key, wrap_context(b"i" * 16, b"v" * 16, None)) == b"k" * 32
