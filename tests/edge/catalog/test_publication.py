"""Publishing: what is published is all there or not at all, and what nobody may see stays so."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import insert
from sqlalchemy import select
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.ext.asyncio import create_async_engine

from edge.catalog import Catalog
from edge.catalog import Face
from edge.catalog import Photo
from edge.catalog import tables
from edge.catalog.database import Database
from edge.catalog.database import put
from edge.catalog.publication import Naming
from edge.catalog.publication import publish
from edge.catalog.publication import publish_in
from edge.catalog.publication import remove
from edge.catalog.publication import removed
from edge.errors import Unavailable
from tests.control.offline import desk
from tests.fakes import NOW

FACES = (
    Face(1, (10, 10, 20, 20), "u-red", None, b"wrapped-1"),
    Face(4, (60, 10, 20, 20), None, None, b"wrapped-4"),
)
PHOTO = Photo("/t1.jpg", b"i" * 16, b"v" * 16, b"h" * 32, 1_000, 100, 80, b"wrapped", NOW, FACES, "u-up")


@pytest.fixture
async def embedded(tmp_path: Path) -> AsyncIterator[Catalog]:
    """An empty catalog in a file."""
    async with Catalog.open(f"sqlite+aiosqlite:///{tmp_path}/c.sqlite3") as opened:
        yield opened


def again(photo: Photo, **changes: object) -> Photo:
    """The next version of a photo."""
    return replace(photo, version=b"w" * 16, **changes)  # type: ignore[arg-type]


async def read(catalog: Catalog, path: str = "/t1.jpg") -> Photo:
    """The photo that must be there."""
    photo = await catalog.photo(path)
    assert photo is not None
    return photo


async def set_face(catalog: Catalog, slot: int, **columns: object) -> None:
    """Set columns of a face of the photo."""
    async with catalog.database.writing() as connection:
        await connection.execute(update(tables.FACE).filter_by(path="/t1.jpg", slot=slot).values(**columns))


async def say(catalog: Catalog, owner: str, rule: str | None, **columns: object) -> None:
    """What an owner said on this photo."""
    async with catalog.database.writing() as connection:
        await put(connection, tables.PHOTO_RULE, {"path": "/t1.jpg", "owner": owner}, {"rule": rule, **columns})


async def enrol(catalog: Catalog, person: str) -> None:
    """Somebody asks to be found."""
    row = {"model": "m", "salt": b"s" * 32, "wrapped_key": b"k", "sealed": b"t"}
    async with catalog.database.writing() as connection:
        await put(connection, tables.TEMPLATE, {"person": person}, row)


async def test_suggestions_for_those_who_can_use_them(catalog: Catalog) -> None:
    """Nobody is suggested a face who is not enrolled any more, nor one that is locked or erased already."""
    await enrol(catalog, "u-blue")
    await publish(catalog, replace(PHOTO, faces=(replace(FACES[0], locked=True), FACES[1])))
    namings = [Naming(slot, person, proposed=False) for slot, person in ((1, "u-blue"), (4, "u-gone"), (4, "u-blue"))]
    await publish(catalog, again(PHOTO), namings=namings)
    async with catalog.database.reading() as connection:
        found = (await connection.execute(select(tables.SUGGESTION.c.slot, tables.SUGGESTION.c.person))).all()
    assert [tuple(row) for row in found] == [(4, "u-blue")]


async def test_nobody_is_asked_about_a_face_of_somebody_else(catalog: Catalog) -> None:
    """A face that is published with an owner is proposed to nobody."""
    await publish(catalog, PHOTO, namings=[Naming(slot, "u-eve", proposed=True) for slot in (1, 4)])
    async with catalog.database.reading() as connection:
        assert (await connection.scalars(select(tables.TAG.c.slot))).all() == [4]


async def test_forgotten_while_publishing(catalog: Catalog) -> None:
    """Whoever asks to be forgotten while a photo is being published is suggested no face of it."""
    await enrol(catalog, "u-blue")
    async with desk(catalog) as at:
        await at.control.changes.book.log()
        async with catalog.database.writing() as connection:
            await publish_in(connection, PHOTO, "", [Naming(4, "u-blue", proposed=False)])
            forgetting = asyncio.create_task(at.do("unenrol", "u-blue", person="u-blue"))
            await asyncio.wait([forgetting], timeout=0.5)
        await forgetting
    async with catalog.database.reading() as connection:
        for table in (tables.TEMPLATE, tables.SUGGESTION):
            assert (await connection.execute(select(table))).all() == []


async def test_round_trip(catalog: Catalog) -> None:
    """What was published reads back equal, and nothing reads where nothing was published."""
    assert await publish(catalog, PHOTO) is None
    assert await catalog.photo("/t1.jpg") == PHOTO
    for path in ("/t2.jpg", "/T1.jpg", "t1.jpg", "/t1.jpg ", "/t1%", "", "%"):
        assert await catalog.photo(path) is None


async def test_photo_without_faces(catalog: Catalog) -> None:
    """A photo that shows nobody is published as it is."""
    bare = replace(PHOTO, faces=(), uploader=None)
    await publish(catalog, bare)
    assert await catalog.photo("/t1.jpg") == bare


async def test_publishing_again_replaces_everything(catalog: Catalog) -> None:
    """The version before is named for sweeping, and none of its faces stays."""
    await publish(catalog, PHOTO)
    fresh = again(PHOTO, faces=(Face(9, (1, 1, 1, 1), "u-blue", None, b"k", epoch=1),))
    assert await publish(catalog, fresh) == PHOTO.version
    assert await catalog.photo("/t1.jpg") == fresh


async def test_failed_publication_leaves_the_old_one(catalog: Catalog) -> None:
    """A publication is one transaction: a face that cannot be stored takes the whole of it back."""
    await publish(catalog, PHOTO)
    with pytest.raises(Unavailable):
        await publish(catalog, again(PHOTO, faces=(FACES[0], FACES[0])))
    assert await catalog.photo("/t1.jpg") == PHOTO


@pytest.mark.parametrize(
    "change",
    [{"version": b"short"}, {"photo_id": b""}, {"base_sha256": b"x" * 31}, {"base_size": 0}, {"width": 0}],
    ids=str,
)
async def test_half_records_are_refused(catalog: Catalog, change: dict[str, object]) -> None:
    """The database itself refuses identifiers and hashes of the wrong length."""
    with pytest.raises(Unavailable):
        await publish(catalog, replace(PHOTO, **change))  # type: ignore[arg-type]
    assert await catalog.photo("/t1.jpg") is None


async def test_rules_in_force(catalog: Catalog) -> None:
    """An override beats the owner's rule, and without one that holds; nobody's face has nobody's rule."""
    await publish(catalog, PHOTO)
    async with catalog.database.writing() as connection:
        await connection.execute(insert(tables.ACCOUNT), {"person": "u-red", "rule": "friends", "tied": True, "epoch": 7})
    red, nobodys = (await read(catalog)).faces
    assert (red.rule, red.tied, red.owner_epoch, red.vetoed) == ("friends", True, 7, False)
    assert (nobodys.rule, nobodys.tied, nobodys.owner_epoch) == (None, False, 0)
    await say(catalog, "u-red", "nobody")
    assert (await read(catalog)).faces[0].rule == "nobody"
    await say(catalog, "u-red", None, vetoed=True)
    assert ((await read(catalog)).faces[0].rule, (await read(catalog)).faces[0].vetoed) == ("friends", True)


async def test_what_owners_said_outlives_everything(catalog: Catalog) -> None:
    """Publishing with other slots, without claims, removing the photo and claiming again: overrides and vetoes still hold."""
    await publish(catalog, PHOTO)
    await say(catalog, "u-red", "nobody", vetoed=True)
    await publish(catalog, again(PHOTO, faces=tuple(replace(face, owner=None) for face in FACES)))
    await remove(catalog, "/t1.jpg")
    await publish(catalog, replace(PHOTO, faces=(replace(FACES[0], slot=7), FACES[1])))
    moved = {face.slot: face for face in (await read(catalog)).faces}[7]
    assert (moved.rule, moved.vetoed) == ("nobody", True)


async def test_nothing_shown_outlives_publishing(catalog: Catalog) -> None:
    """Tags, owners and unlocked faces end with the version: another picture may lie where the old one lay."""
    await enrol(catalog, "u-blue")
    await publish(catalog, PHOTO, namings=[Naming(4, "u-eve", proposed=True), Naming(4, "u-blue", proposed=False)])
    await set_face(catalog, 1, shown=True)
    await publish(catalog, again(PHOTO, faces=tuple(replace(face, owner=None) for face in FACES)))
    assert [(face.owner, face.shown) for face in (await read(catalog)).faces] == [(None, False), (None, False)]
    async with catalog.database.reading() as connection:
        for table in (tables.TAG, tables.SUGGESTION):
            assert (await connection.execute(select(table))).all() == []


async def test_an_erased_face_is_not_kept(catalog: Catalog) -> None:
    """The key of a face that replaces an erased one is dropped, and epochs are above all old ones."""
    await publish(catalog, PHOTO)
    await set_face(catalog, 1, wrapped_key=None, epoch=5)
    boxes = {0: (14, 12, 20, 20), 2: (5, 5, 90, 60), 3: (85, 60, 5, 5)}
    there = tuple(Face(slot, box, None, None, b"k3") for slot, box in boxes.items())
    await publish(catalog, again(PHOTO, faces=there))
    assert [(face.wrapped_key, face.epoch) for face in (await read(catalog)).faces] == [(None, 6), (None, 6), (b"k3", 6)]


async def test_a_no_outlives_publishing(catalog: Catalog) -> None:
    """Who said that a face is not theirs is not made its owner by sealing the photo again, nor by a tag after it."""
    async with desk(catalog, access_model="tag", tag_needs_consent=False) as at:
        await at.publish(None, None)
        await at.do("tag", "u-up", face=0, person="u-red")
        await at.do("withdraw", "u-red", face=0, person="u-red")
        await at.publish("u-red", "u-red")
        assert [face.owner for face in (await at.photo()).faces] == [None, "u-red"]
        await at.do("tag", "u-up", face=0, person="u-red")
        assert await at.sees() == frozenset()
        await at.do("claim", "u-red", face=0, person="u-red")
        assert await at.sees() == {0}


async def test_writers_wait_for_each_other(catalog: Catalog) -> None:
    """A change made while a photo is published comes before or after it, and is never lost."""
    await publish(catalog, PHOTO)
    await asyncio.gather(
        *(publish(catalog, again(PHOTO, faces=PHOTO.faces)) for _ in range(5)),
        *(say(catalog, "u-red", "nobody") for _ in range(5)),
    )
    assert (await read(catalog)).faces[0].rule == "nobody"


async def test_remove(catalog: Catalog) -> None:
    """Removing a photo takes every face and key of it along."""
    await publish(catalog, PHOTO)
    assert await remove(catalog, "/t1.jpg") == PHOTO.version
    assert await remove(catalog, "/t1.jpg") is None
    assert await catalog.photo("/t1.jpg") is None
    async with catalog.database.reading() as connection:
        assert (await connection.execute(select(tables.FACE))).all() == []


async def test_certificate_is_kept(catalog: Catalog) -> None:
    """The certificate is stored as it was given."""
    await publish(catalog, PHOTO, '{"recognisers": []}')
    async with catalog.database.reading() as connection:
        assert (await connection.execute(select(tables.PHOTO.c.certificate))).scalar_one() == '{"recognisers": []}'


async def test_shown_as(catalog: Catalog) -> None:
    """A base's hash finds the photo that shows it."""
    await publish(catalog, PHOTO)
    assert await catalog.shown_as(PHOTO.base_sha256) == "/t1.jpg"
    assert await catalog.shown_as(b"x" * 32) is None


def on_disk(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


async def test_deleted_keys_leave_the_disk(embedded: Catalog, tmp_path: Path) -> None:
    """After a photo is removed, its wrapped keys are in no file of an embedded catalog, while it is still open."""
    await publish(embedded, replace(PHOTO, wrapped_key=b"key of the directory"))
    assert b"key of the directory" in on_disk(tmp_path)
    await remove(embedded, "/t1.jpg")
    assert b"key of the directory" not in on_disk(tmp_path)
    assert not any(face.wrapped_key in on_disk(tmp_path) for face in FACES if face.wrapped_key)


async def test_overwriting_is_put_off(embedded: Catalog, tmp_path: Path) -> None:
    """While somebody else reads, deleted keys cannot be overwritten; the change is made all the same, and later they are."""
    await publish(embedded, replace(PHOTO, wrapped_key=b"key of the directory"))
    with sqlite3.connect(tmp_path / "c.sqlite3") as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM photo").fetchall()
        async with embedded.database.reading() as connection:
            await connection.exec_driver_sql("PRAGMA busy_timeout = 1")
        await remove(embedded, "/t1.jpg")
        assert await embedded.photo("/t1.jpg") is None
        assert b"key of the directory" in on_disk(tmp_path)
        reader.execute("ROLLBACK")
    reader.close()
    await embedded.database.tidy()
    assert b"key of the directory" not in on_disk(tmp_path)


async def test_a_kill_before_overwriting(embedded: Catalog, tmp_path: Path) -> None:
    """What a killed process had deleted and not overwritten yet is overwritten by the next one."""
    await publish(embedded, replace(PHOTO, wrapped_key=b"key of the directory"))
    async with embedded.database.writing() as connection:
        await removed(connection, "/t1.jpg")
    left = tmp_path / "left"
    left.mkdir()
    for file in ("c.sqlite3", "c.sqlite3-wal"):
        (left / file).write_bytes((tmp_path / file).read_bytes())
    assert b"key of the directory" in on_disk(left)
    async with Catalog.open(f"sqlite+aiosqlite:///{left}/c.sqlite3") as catalog:
        await catalog.database.tidy()
        assert b"key of the directory" not in on_disk(left)


class Busy(Database):
    """A database where each overwriting waits for its gate, and then does what it is told."""

    def __init__(self) -> None:
        engine = create_async_engine("sqlite+aiosqlite://")
        super().__init__(engine, engine)
        self.gates: list[asyncio.Future[bool]] = []

    async def _overwritten(self, connection: AsyncConnection) -> bool:
        self.gates.append(asyncio.get_running_loop().create_future())
        return await self.gates[-1]


@pytest.mark.parametrize("first", [0, 1], ids=["the-earlier-ends-first", "the-later-ends-first"])
async def test_what_is_deleted_during_an_overwriting(first: int) -> None:
    """An overwriting that began before a deletion does not count for it, whenever it ends."""
    database = Busy()
    tasks = []
    for number in (1, 2):
        tasks.append(asyncio.create_task(database.forget_deleted()))
        await gated(database, number)
    for which in (first, 1 - first):
        database.gates[which].set_result(which == 0)
        await tasks[which]
    tasks.append(asyncio.create_task(database.tidy()))
    try:
        await gated(database, 3)
        database.gates[2].set_result(True)
        await tasks[2]
        await database.tidy()
    finally:
        await database.close()


async def gated(database: Busy, number: int) -> None:
    """Wait until so many overwritings were begun."""
    async with asyncio.timeout(20):
        while len(database.gates) < number:  # noqa: ASYNC110 - the fake counts
            await asyncio.sleep(0.001)


async def test_files_are_private(embedded: Catalog, tmp_path: Path) -> None:
    """Neither the embedded database nor its log can be read by others."""
    await publish(embedded, PHOTO)
    files = list(tmp_path.iterdir())  # noqa: ASYNC240
    assert len(files) >= 2
    assert all(file.stat().st_mode & 0o177 == 0 for file in files)


async def test_not_a_database(tmp_path: Path) -> None:
    """A catalog that cannot be read is Unavailable, and says nothing of what is in it."""
    (tmp_path / "c.sqlite3").write_bytes(b"secret" * 1_000)
    for url in (f"sqlite+aiosqlite:///{tmp_path}/c.sqlite3", f"sqlite+aiosqlite:///{tmp_path}/none/c.sqlite3"):
        with pytest.raises(Unavailable) as refused:
            async with Catalog.open(url):
                pass
        assert "secret" not in str(refused.value)


async def test_a_store_that_breaks(catalog: Catalog) -> None:
    """A catalog that fails while it is open is Unavailable for a read, and as good as new when it is back."""
    await publish(catalog, PHOTO)
    async with catalog.database.writing() as connection:
        await connection.exec_driver_sql("ALTER TABLE photo RENAME TO away")
    with pytest.raises(Unavailable):
        await catalog.photo("/t1.jpg")
    async with catalog.database.writing() as connection:
        await connection.exec_driver_sql("ALTER TABLE away RENAME TO photo")
    assert await catalog.photo("/t1.jpg") == PHOTO


async def test_no_server() -> None:
    """A PostgreSQL that does not answer is Unavailable, and its address is not told."""
    with pytest.raises(Unavailable) as refused:
        async with Catalog.open("postgresql+asyncpg://u:canary@127.0.0.1:9/x"):
            pass
    assert "canary" not in f"{refused.value!r} {refused.value.__cause__!r}"


async def test_an_older_program_fills_an_older_catalog(tmp_path: Path) -> None:
    """The file of an embedded catalog is plain SQLite, which other programs can read."""
    async with Catalog.open(f"sqlite+aiosqlite:///{tmp_path}/c.sqlite3") as catalog:
        await publish(catalog, PHOTO)
    with sqlite3.connect(tmp_path / "c.sqlite3") as plain:
        assert plain.execute("SELECT path FROM photo").fetchall() == [("/t1.jpg",)]
    plain.close()
