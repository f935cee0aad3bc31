"""After an erasure nothing that is left opens the face: shown by trying, with everything that is left."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import make_url

from edge.catalog.rewrapping import count
from edge.errors import KeyRingError
from edge.keys import ring
from edge.keys.envelope import wrap_context
from tests import postgresql
from tests.access import attack
from tests.access import pictures
from tests.access.changes import Asked
from tests.access.model import Model
from tests.access.operations import perform
from tests.access.pictures import Edition
from tests.access.stage import Stage
from tests.access.watch import PEOPLE
from tests.access.watch import Tally
from tests.access.watch import Watch

PHOTO, FACE, NEIGHBOUR = 3, 0, 1  # the two share restart intervals, so some patches need both keys
OWNERS = ["u-red", "u-blue", "u-green", "u-ann"]
KEY_CACHE_SECONDS = 5


class House:
    """An edge that has shown every face to everybody, all caches warm."""

    def __init__(self, folder: Path, url: str) -> None:
        self.stage = Stage(folder, {"default_rule": "everyone"}, small=False, kept="no-cache", catalog=url)
        self.model = Model("rule", default_rule="everyone")
        self.watch = Watch(self.stage, self.model, Tally(), "no-cache")
        self.wrapped = b""

    @property
    def made(self) -> Edition:
        """What is published."""
        return self.watch.editions[PHOTO]

    async def open(self) -> None:
        """Publish, start, and look."""
        await self.stage.open()
        await self.publish(0)
        await self.stage.enrol("u-red")
        await self.stage.world.start()
        await self.watch.everybody(PHOTO)
        assert self.model.sees(PHOTO, None, ()) == {0, 1, 2, 3}
        photo = await self.stage.catalog.photo(pictures.path(PHOTO))
        assert photo is not None
        self.wrapped = next(face.wrapped_key for face in photo.faces if face.slot == self.made.slots[FACE]) or b""
        assert len(self.wrapped) > 32

    async def publish(self, number: int) -> None:
        """The photo, by the same uploader, with the same owners."""
        made = pictures.edition(PHOTO, number, None if number == 0 else self.made.sealed.photo_id)
        await self.stage.publish(made, "u-tom", list(OWNERS), [], tagged=False, public=False)
        self.model.publish(PHOTO, "u-tom", list(OWNERS), {}, {})
        self.watch.published(made)

    async def erase(self) -> None:
        """The owner asks for it, over HTTP."""
        asked = Asked("erase", "u-red", PHOTO, FACE)
        answered = await self.stage.call(asked, self.made.slots[FACE], self.watch.token("u-red").text)
        assert {answered.status} == perform(self.model, asked) == {200}

    def objects(self) -> list[object]:
        """What can be reached from the app and its server."""
        return list(attack.reachable(self.stage.world.app, self.stage.world._stack))


@pytest.fixture
async def house(tmp_path: Path, catalog_url: str) -> AsyncIterator[House]:
    """An edge over each kind of catalog."""
    made = House(tmp_path, catalog_url)
    await made.open()
    yield made
    await made.stage.close()


async def test_nobody_sees_it_from_now_on(house: House) -> None:
    """The owner and everybody get the synthetic face at once, whatever they were shown before, and the others as before."""
    held = {person: house.watch.latest[PHOTO, person] for person in (None, *PEOPLE)}
    await house.erase()
    await house.watch.everybody(PHOTO)
    for person, tag in held.items():
        seen = await house.watch.look(PHOTO, house.watch.viewer(person), If_None_Match=tag)
        assert seen.status == 200
        assert pictures.shown(seen.body, PHOTO, 0) == {1, 2, 3}
    await house.stage.restart()
    await house.watch.everybody(PHOTO)


async def test_published_again_it_stays_erased(house: House) -> None:
    """Another edition in the same place shows the same face to nobody, and its key is not even kept."""
    await house.erase()
    before = house.made
    await house.publish(1)
    house.stage.wait(KEY_CACHE_SECONDS)
    await house.watch.everybody(PHOTO)
    assert house.model.sees(PHOTO, "u-red", ()) == {1, 2, 3}
    left = await attack.keys_left(house.stage.catalog, ring.read(house.stage.world.folder / "ring.toml"))
    assert house.made.sealed.face_keys[house.made.slots[NEIGHBOUR]] in left
    for made in (before, house.made):
        assert made.sealed.face_keys[made.slots[FACE]] not in left
        assert attack.opened_by(left, made, FACE, together=3) == []


async def test_no_combination_of_what_is_left_opens_it(house: House) -> None:
    """All keys of the catalog, opened, and whatever in memory could be a key: in no number or order do they open a patch."""
    keys = ring.read(house.stage.world.folder / "ring.toml")
    before = await attack.keys_left(house.stage.catalog, keys)
    assert len(attack.opened_by(before, house.made, FACE, together=2)) == len(attack.groups_of(house.made, FACE)) == 3
    await house.erase()
    house.stage.wait(KEY_CACHE_SECONDS)
    await house.watch.everybody(PHOTO)
    await forgotten(house)
    left = await attack.keys_left(house.stage.catalog, keys)
    assert before - left == {house.made.sealed.face_keys[house.made.slots[FACE]]}
    assert attack.opened_by(left, house.made, FACE, together=3) == []
    found = attack.keys_among(house.objects())
    assert left & found, "nothing was looked through"
    assert attack.opened_by(left | found, house.made, FACE, together=1) == []
    assert len(attack.opened_by(left, house.made, NEIGHBOUR, together=1)) == 2, "the neighbour's own and the one shared"


async def test_memory_forgets_it(house: House) -> None:
    """After ``key_cache_seconds`` no object of the edge holds the key or one derived from it; none keeps the original at all."""
    key = house.made.sealed.face_keys[house.made.slots[FACE]]
    original = attack.stretches(house.made, FACE)
    commitments = {group.commitment for group in attack.groups_of(house.made, FACE)}
    warm = house.objects()
    assert attack.holding(warm, key, *original) == [key]
    assert attack.boxes_among(warm) & commitments
    await house.erase()
    house.stage.wait(KEY_CACHE_SECONDS)
    await forgotten(house)
    cold = house.objects()
    assert attack.holding(cold, key, *original) == []
    assert not attack.boxes_among(cold) & commitments


async def forgotten(house: House) -> None:
    """Wait for the edge's own upkeep."""
    key = house.made.sealed.face_keys[house.made.slots[FACE]]
    for _ in range(200):
        if not attack.holding(house.objects(), key):
            return
        await asyncio.sleep(0.1)
    raise AssertionError("the key is still remembered")


async def test_disk_cache_and_origin_hold_sealed_bytes_alone(house: House) -> None:
    """Neither the files at the origin nor the disk cache, also opened with the boot key, have a byte of the original."""
    original = attack.stretches(house.made, FACE)
    key = house.made.sealed.face_keys[house.made.slots[FACE]]
    assert house.stage.world.app is not None
    cache = house.stage.world.app.view.files._cache._cache  # type: ignore[attr-defined]
    kept = [await cache.get(name) for name in cache._disk.iterkeys()]
    assert house.made.sealed.base in kept
    assert house.made.sealed.sidecar in kept
    files = [file.read_bytes() for file in house.stage.world.folder.rglob("*") if file.is_file()]
    assert house.made.sealed.sidecar in files
    assert attack.holding([attack.reveal(house.made, [FACE])], *original)
    assert attack.holding([*kept, *files], key, *original) == []


async def test_catalog_forgets_it(house: House, request: pytest.FixtureRequest) -> None:
    """The wrapped key is in no backup made later; and where a server's own files keep it, no key at hand opens it."""
    url = make_url(house.stage.world.settings.catalog.url)
    if url.drivername.startswith("sqlite"):
        file = Path(str(url.database))
        assert any(house.wrapped in content for content in _sqlite(file))
        await house.erase()
        assert not any(house.wrapped in content for content in _sqlite(file))
        return
    server: postgresql.Server = request.getfixturevalue("postgresql_server")
    assert house.wrapped.hex() in await asyncio.to_thread(server.dump, str(url.database))
    await house.erase()
    assert house.wrapped.hex() not in await asyncio.to_thread(server.dump, str(url.database))
    await _closed_for_ever(house)


async def _closed_for_ever(house: House) -> None:
    """After ``keys rotate``, ``rewrap`` and ``retire``, what a server's own files keep is bound to a key that is gone."""
    file, made = house.stage.world.folder / "ring.toml", house.made
    context = wrap_context(made.sealed.photo_id, made.sealed.version, made.slots[FACE])
    assert ring.read(file).unwrap(house.wrapped, context) == made.sealed.face_keys[made.slots[FACE]]
    house.stage.rotate()
    assert await house.stage.rewrap() > 0
    assert await house.stage.retire() == 1
    with pytest.raises(KeyRingError):
        ring.read(file).unwrap(house.wrapped, context)
    assert await count(house.stage.catalog.database, other_than=ring.read(file).primary) == 0
    house.stage.wait(KEY_CACHE_SECONDS)
    await house.watch.everybody(PHOTO)


def _sqlite(file: Path) -> list[bytes]:
    """The database as SQLite's own backup copies it, and its files as they lie on the disk."""
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(":memory:")) as copy:
        source.backup(copy)
        backup = copy.serialize()
    return [backup, *(part.read_bytes() for part in file.parent.glob(f"{file.name}*"))]
