"""Photos as the view remembers them: for seconds, and not a moment longer once a change was heard of."""

import asyncio
import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from edge import photos as photos_module
from edge.catalog import Catalog
from edge.catalog import Face
from edge.catalog import Photo
from edge.catalog import changes
from edge.catalog.changes import Changes
from edge.catalog.changes import listening
from edge.catalog.database import put
from edge.catalog.publication import publish
from edge.catalog.publication import remove
from edge.catalog.tables import PHOTO_RULE
from edge.errors import NotFound
from edge.errors import Unavailable
from edge.photos import Photos
from tests import postgresql
from tests.fakes import NOW

FACES = (Face(1, (1, 2, 3, 4), "u-red", None, b"k"), Face(4, (50, 6, 7, 8), None, None, b"k"))
PHOTO = Photo("/t1.jpg", b"i" * 16, b"v" * 16, b"h" * 32, 1_000, 80, 30, b"wrapped", NOW, FACES)


class Slow:
    """A catalog whose answers wait for a gate, and which counts them."""

    def __init__(self) -> None:
        self.changes = Changes()
        self.photos: dict[str, Photo] = {PHOTO.path: PHOTO}
        self.gate: asyncio.Event | None = None
        self.asked = 0

    async def photo(self, path: str) -> Photo | None:
        self.asked += 1
        found = self.photos.get(path)
        if self.gate is not None:
            await self.gate.wait()
        return found


def looking(catalog: object, seconds: float = 5) -> Photos:
    """Photos over this catalog."""
    return Photos(catalog, seconds=seconds, items=10)  # type: ignore[arg-type]


async def override(catalog: Catalog, rule: str) -> None:
    """What u-red says on the photo, said by somebody whom this process does not hear."""
    async with catalog.database.writing() as connection:
        await put(connection, PHOTO_RULE, {"path": "/t1.jpg", "owner": "u-red"}, {"rule": rule})


async def test_unheard_changes_are_seen_within_seconds(catalog: Catalog) -> None:
    """What the edge remembers of a photo ends after the configured seconds."""
    await publish(catalog, PHOTO)
    photos = looking(catalog)
    assert (await photos.find("/t1.jpg", NOW)).faces[0].rule is None
    await override(catalog, "nobody")
    assert (await photos.find("/t1.jpg", NOW + 4.9)).faces[0].rule is None
    assert (await photos.find("/t1.jpg", NOW + 5)).faces[0].rule == "nobody"


async def test_own_publications_are_seen_at_once(catalog: Catalog) -> None:
    """What this process publishes or removes is seen with the next request."""
    await publish(catalog, PHOTO)
    photos = looking(catalog)
    await photos.find("/t1.jpg", NOW)
    await publish(catalog, replace(PHOTO, version=b"w" * 16))
    assert (await photos.find("/t1.jpg", NOW)).version == b"w" * 16
    await remove(catalog, "/t1.jpg")
    with pytest.raises(NotFound):
        await photos.find("/t1.jpg", NOW)


@pytest.mark.parametrize(
    ("topic", "again"),
    [
        pytest.param(changes.of_photo("/t1.jpg"), True, id="the-photo"),
        pytest.param(changes.of_person("u-red"), True, id="an-owner"),
        pytest.param(changes.EVERYTHING, True, id="everything"),
        pytest.param(changes.of_photo("/t2.jpg"), False, id="another-photo"),
        pytest.param(changes.of_person("u-blue"), False, id="somebody-else"),
        pytest.param("u/t1.jpg", False, id="a-person-of-that-name"),
    ],
)
async def test_what_is_heard_counts(topic: str, again: bool) -> None:
    """A change about the photo or one of its owners makes the next request look again, any other does not."""
    catalog = Slow()
    photos = looking(catalog)
    await photos.find("/t1.jpg", NOW)
    catalog.changes.tell([topic])
    for _ in range(2):
        await photos.find("/t1.jpg", NOW)
    assert catalog.asked == (2 if again else 1)


async def test_a_change_during_a_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A read that a change overtook is not shown to anybody: neither to whoever began it nor to whoever joined it."""
    catalog = Slow()
    photos = looking(catalog)
    catalog.gate = asyncio.Event()
    first = asyncio.create_task(photos.find("/t1.jpg", NOW))
    while catalog.asked == 0:  # noqa: ASYNC110 - the fake counts
        await asyncio.sleep(0)
    catalog.photos["/t1.jpg"] = replace(PHOTO, version=b"w" * 16)
    catalog.changes.tell([changes.of_person("u-red")])
    second = asyncio.create_task(photos.find("/t1.jpg", NOW))
    await asyncio.sleep(0)
    catalog.gate.set()
    assert {photo.version for photo in await asyncio.gather(first, second)} == {b"w" * 16}


async def test_changes_without_end() -> None:
    """Where every read is overtaken, nobody can tell; that ends in a refusal and not in an old answer."""
    catalog = Slow()
    photos = looking(catalog)
    read = catalog.photo

    async def overtaken(path: str) -> Photo | None:
        found = await read(path)
        catalog.changes.tell([changes.of_photo(path)])
        return found

    catalog.photo = overtaken  # type: ignore[method-assign]
    with pytest.raises(Unavailable):
        await photos.find("/t1.jpg", NOW)


async def test_many_changes_forget_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many changes are heard, memory stays bounded, at the price of looking again."""
    monkeypatch.setattr(photos_module, "MAX_CHANGES", 3)
    catalog = Slow()
    photos = looking(catalog)
    await photos.find("/t1.jpg", NOW)
    for number in range(50):
        catalog.changes.tell([changes.of_person(f"u-{number}")])
        assert len(photos._changed) <= 3
    await photos.find("/t1.jpg", NOW)
    assert catalog.asked == 2


async def until(holds: Callable[[], bool]) -> None:
    """Wait for what another connection brings."""
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110 - NOTIFY comes from outside
            await asyncio.sleep(0.01)


async def test_other_edges_are_heard(postgresql_server: postgresql.Server) -> None:
    """With PostgreSQL a change made elsewhere is heard at once: what was remembered does not count any more."""
    url = await postgresql_server.create("heard")
    async with Catalog.open(url) as here, Catalog.open(url) as there:
        heard: list[str] = []
        here.changes.hear(heard.append)
        await publish(there, PHOTO)
        async with listening(url, here.changes):
            await until(lambda: changes.EVERYTHING in heard)
            photos = looking(here, seconds=60)
            assert (await photos.find("/t1.jpg", NOW)).version == PHOTO.version
            await publish(there, replace(PHOTO, version=b"w" * 16))
            await until(lambda: "p/t1.jpg" in heard)
            assert (await photos.find("/t1.jpg", NOW)).version == b"w" * 16


async def test_a_failed_change_is_not_announced(postgresql_server: postgresql.Server) -> None:
    """Nobody hears of a transaction that was not committed."""
    url = await postgresql_server.create("heard")
    async with Catalog.open(url) as here:
        heard: list[str] = []
        here.changes.hear(heard.append)
        async with listening(url, here.changes):
            await until(lambda: bool(heard))
            with pytest.raises(Unavailable):
                await publish(here, replace(PHOTO, base_size=0))
            await publish(here, replace(PHOTO, path="/t2.jpg"))
            await until(lambda: heard.count("p/t2.jpg") >= 2)  # by itself, and over the server
        assert "p/t1.jpg" not in heard


async def test_lag_is_measured(postgresql_server: postgresql.Server) -> None:
    """How late a change elsewhere is heard is what a word takes over the server; without a line, and after it, nobody knows."""
    url = await postgresql_server.create("heard")
    async with Catalog.open(url) as here:
        assert here.changes.lag == math.inf
        heard: list[str] = []
        here.changes.hear(heard.append)
        async with listening(url, here.changes), asyncio.timeout(20):
            while here.changes.lag == math.inf:  # noqa: ASYNC110 - another task measures
                await asyncio.sleep(0.01)
            assert 0 < here.changes.lag < 10
            assert set(heard) == {changes.EVERYTHING}  # a word that only measures is no change


async def test_a_lost_line_forgets_everything(
    postgresql_server: postgresql.Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """While changes cannot be heard nothing counts as known; the line comes back by itself, and each is logged once."""
    monkeypatch.setattr(changes, "RETRY_SECONDS", 0.01)
    url = await postgresql_server.create("heard")
    async with Catalog.open(url) as here:
        heard: list[str] = []
        here.changes.hear(heard.append)
        async with listening(url, here.changes):
            await until(lambda: bool(heard))
            heard.clear()
            who = f"application_name = '{changes.LISTENER}' AND datname = 'heard'"
            kill = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {who}"  # noqa: S608 - a constant
            await postgresql_server.run("postgres", kill)
            await until(lambda: heard.count(changes.EVERYTHING) >= 2)  # lost, and back
            await publish(here, PHOTO)
            await until(lambda: heard.count("p/t1.jpg") >= 2)
    lost, back = [record.getMessage() for record in caplog.records if record.name == "mfmc.catalog"]
    assert "cannot be heard" in lost
    assert "heard again" in back


def test_a_line_that_stays_down_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """A database that is away for an hour is two lines, not one for every try."""
    line = changes._Line()
    line.up()
    for _ in range(3):
        line.down(OSError())
    line.up()
    assert [record.getMessage().split(":")[0] for record in caplog.records] == [
        "changes on other edges cannot be heard",
        "changes on other edges are heard again",
    ]


async def test_embedded_catalogs_have_no_line(tmp_path: object) -> None:
    """An embedded catalog needs nobody to listen to."""
    heard: list[str] = []
    hears = Changes()
    hears.hear(heard.append)
    async with listening(f"sqlite+aiosqlite:///{tmp_path}/c.sqlite3", hears):
        pass
    assert heard == []
