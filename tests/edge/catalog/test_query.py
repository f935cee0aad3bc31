"""Fixed queries: the same rows on both databases, over one connection on SQLite, which a failure takes with it."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy import select
from sqlalchemy import text

from edge.catalog import Catalog
from edge.catalog import tables
from edge.catalog.database import Database
from edge.catalog.database import put
from edge.catalog.query import Query
from edge.errors import Unavailable

ACCOUNT = tables.ACCOUNT.c
FOUND = Query(select(ACCOUNT.person, ACCOUNT.rule).where(ACCOUNT.tied.is_(False), ACCOUNT.epoch < 3).order_by(ACCOUNT.person))
MISSING = Query(select(text("nothing AS nothing")).select_from(tables.ACCOUNT))


@pytest.fixture
async def embedded(tmp_path: Path) -> AsyncIterator[Database]:
    """An empty catalog in a file."""
    async with Database.open(f"sqlite+aiosqlite:///{tmp_path / 'catalog.sqlite3'}") as database:
        yield database


async def keep(database: Database, person: str, epoch: int = 0) -> None:
    """One account."""
    async with database.writing() as connection:
        await put(connection, tables.ACCOUNT, {"person": person}, {"rule": "friends", "tied": False, "epoch": epoch})


async def people(database: Database) -> list[str]:
    """Those that the query finds."""
    return [row.person for row in await database.rows(FOUND, {})]


def opened(database: Database) -> list[object]:
    """The connections that are opened for reading from now on."""
    found: list[object] = []
    event.listen(database._reader.sync_engine, "connect", lambda connection, _: found.append(connection))
    return found


def files_with(folder: Path, said: bytes) -> list[str]:
    """The files that hold these bytes."""
    return [file.name for file in folder.iterdir() if said in file.read_bytes()]


async def test_rows(catalog: Catalog) -> None:
    """Columns by name; what was committed since the last time is there, and what was not is not."""
    assert await people(catalog.database) == []
    await keep(catalog.database, "u-red")
    await keep(catalog.database, "u-old", epoch=3)
    assert [tuple(row) for row in await catalog.database.rows(FOUND, {})] == [("u-red", "friends")]
    async with catalog.database.writing() as connection:
        await put(connection, tables.ACCOUNT, {"person": "u-blue"}, {"tied": False, "epoch": 0})
        assert await people(catalog.database) == ["u-red"]
    assert await people(catalog.database) == ["u-blue", "u-red"]


async def test_one_connection(embedded: Database) -> None:
    """However many ask at once, they ask over the same connection."""
    made = opened(embedded)
    await keep(embedded, "u-red")
    answers = await asyncio.gather(*(people(embedded) for _ in range(50)))
    assert answers == [["u-red"]] * 50
    assert len(made) <= 1


async def test_a_failure_takes_the_connection_with_it(embedded: Database) -> None:
    """Whoever asks next asks over a new one; those who stood in the line before are answered."""
    made = opened(embedded)
    await keep(embedded, "u-red")
    asked = [people(embedded), embedded.rows(MISSING, {}), embedded.rows(MISSING, {}), people(embedded)]
    first, *failed, last = await asyncio.gather(*asked, return_exceptions=True)
    assert (first, last) == (["u-red"], ["u-red"])
    assert [type(error) for error in failed] == [Unavailable, Unavailable]
    before = len(made)
    assert await people(embedded) == ["u-red"]
    assert len(made) == before + 1
    assert await people(embedded) == ["u-red"]
    assert len(made) == before + 1


async def test_whoever_goes_away_leaves_the_others_in_line(embedded: Database) -> None:
    """A query that nobody waits for any more harms none that stand behind it."""
    await keep(embedded, "u-red")
    asking = [asyncio.create_task(people(embedded)) for _ in range(10)]
    await asyncio.sleep(0)
    for task in asking[::2]:
        task.cancel()
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert answers[1::2] == [["u-red"]] * 5
    assert await people(embedded) == ["u-red"]


async def test_the_open_connection_keeps_nobody_from_overwriting(embedded: Database, tmp_path: Path) -> None:
    """What is deleted is overwritten at once though the connection stays open, and closing lets go of the file."""
    await keep(embedded, "u-canary")
    assert await people(embedded) == ["u-canary"]
    assert files_with(tmp_path, b"u-canary")
    async with embedded.writing() as connection:
        await connection.execute(tables.ACCOUNT.delete())
    await embedded.forget_deleted()
    assert files_with(tmp_path, b"u-canary") == []
    await embedded.close()
    with sqlite3.connect(tmp_path / "catalog.sqlite3") as other:
        assert other.execute("PRAGMA journal_mode = DELETE").fetchone() == ("delete",)
