"""The database under the catalog, SQLite or PostgreSQL: connections, transactions, and one error for all that goes wrong."""

import logging
import os
import sqlite3
from collections.abc import AsyncIterator
from collections.abc import Mapping
from collections.abc import Sequence
from contextlib import asynccontextmanager
from contextlib import closing
from contextlib import suppress
from importlib.util import find_spec
from typing import Any
from typing import Self

from sqlalchemy import Connection
from sqlalchemy import Table
from sqlalchemy import event
from sqlalchemy import make_url
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.ext.asyncio import create_async_engine

from edge.catalog import schema
from edge.catalog.query import Line
from edge.catalog.query import Query
from edge.errors import ConfigError
from edge.errors import Unavailable
from edge.steps import UNWATCHED
from edge.steps import Steps

BUSY_SECONDS = 5.0
CONNECT_SECONDS = 5.0
STATEMENT_SECONDS = 10.0
FAILURES = (SQLAlchemyError, sqlite3.Error, OSError, TimeoutError)

_log = logging.getLogger("mfmc.catalog")


class Database:
    """Transactions on one catalog; every failure of the store is ``Unavailable``, whose text holds no statement."""

    def __init__(self, writer: AsyncEngine, reader: AsyncEngine, steps: Steps = UNWATCHED) -> None:
        self._writer = writer
        self._reader = reader
        self._steps = steps
        self._line = Line(reader)
        self._deletions = 0 if self.is_shared else 1  # an embedded one may be left by a process that was killed before it tidied
        self._overwritten_until = 0

    def __repr__(self) -> str:
        return "<Database>"

    @property
    def is_shared(self) -> bool:
        """Whether several machines may have it open, and tell each other of changes."""
        return self._writer.dialect.name == "postgresql"

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, steps: Steps = UNWATCHED) -> AsyncIterator[Self]:
        """The database at a ``sqlite+aiosqlite`` or ``postgresql+asyncpg`` address, with this program's schema.

        Raises ``ConfigError`` for a schema that an operator must upgrade first.
        """
        database = cls.at(url, steps)
        try:
            await database._prepare()
            yield database
        finally:
            await database.close()

    @classmethod
    def at(cls, url: str, steps: Steps = UNWATCHED) -> Self:
        """The same, whatever schema it has; raises ``ConfigError`` where the server's driver is not installed."""
        reader = _engine(url, isolation_level="AUTOCOMMIT", skip_autocommit_rollback=True)
        return cls(_engine(url), reader, steps)

    async def close(self) -> None:
        """Close the connections."""
        await self.tidy()
        await self._line.close()
        await self._writer.dispose()
        await self._reader.dispose()

    async def upgrade(self) -> str | None:
        """Run the schema's missing steps, all or none; the step that it was at before, None for an empty database."""
        async with self.writing() as connection:
            before = await connection.run_sync(schema.revision)
            await connection.run_sync(schema.upgrade)
        return before

    async def _prepare(self) -> None:
        async with self.reading() as connection:
            current = await connection.run_sync(schema.is_current)
        if not current:
            async with self.writing() as connection:
                await connection.run_sync(schema.open_here)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection for statements that each see what is committed."""
        with self._steps.step("catalog"):
            try:
                async with self._reader.connect() as connection:
                    yield connection
            except FAILURES:
                raise Unavailable from None

    async def rows(self, query: Query, parameters: Mapping[str, object]) -> Sequence[Any]:
        """All rows of a fixed query, as they are committed."""
        with self._steps.step("catalog"):
            try:
                if not self.is_shared:
                    return await self._line.rows(query, parameters)
                async with self._reader.connect() as connection:
                    return (await connection.execute(query.select, parameters)).all()
            except FAILURES:
                raise Unavailable from None

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """One transaction, committed as a whole at the end.

        On SQLite it holds the write lock from its start; on PostgreSQL whoever reads before changing holds the photo (``hold``).
        """
        with self._steps.step("catalog"):
            try:
                async with self._writer.begin() as connection:
                    yield connection
            except FAILURES:
                raise Unavailable from None

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncConnection]:
        """A connection that sees one state of the catalog for as long as it is open, and changes nothing."""
        try:
            async with self._reader.connect() as connection:
                begin = "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY" if self.is_shared else "BEGIN"
                await connection.exec_driver_sql(begin)
                try:
                    yield connection
                finally:
                    await connection.exec_driver_sql("ROLLBACK")
        except FAILURES:
            raise Unavailable from None

    async def forget_deleted(self) -> None:
        """On SQLite, overwrite what was deleted, in the log and in the file; what was deleted stays deleted if that must wait.

        PostgreSQL keeps deleted rows in its files until it needs the room; THREATS.md says what closes them for ever.
        """
        self._deletions += 1
        await self.tidy()

    async def tidy(self) -> None:
        """What ``forget_deleted`` had to put off, because somebody was reading or the store did not answer; never raises."""
        deletions = self._deletions  # what is deleted from here on may be too late for this overwriting
        if self.is_shared or self._overwritten_until == deletions:
            return
        try:
            async with self.reading() as connection:
                if await self._overwritten(connection):
                    self._overwritten_until = max(self._overwritten_until, deletions)
        except Unavailable:
            _log.warning("deleted keys could not be overwritten yet")

    async def _overwritten(self, connection: AsyncConnection) -> bool:
        return (await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")).one()[0] == 0


async def hold(connection: AsyncConnection, path: str) -> None:
    """Nobody else changes the photo at this path, published or not, until the transaction ends (SQLite has one writer anyway)."""
    if connection.dialect.name == "postgresql":
        await connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:path, 0))"), {"path": path})


async def put(
    connection: AsyncConnection, table: Table, key: Mapping[str, object], row: Mapping[str, Any], *, replace: bool = True
) -> None:
    """Insert the row; where one with this key is there already, set its columns or, unless ``replace``, leave it as it is."""
    insert = postgresql_insert if connection.dialect.name == "postgresql" else sqlite_insert
    change = insert(table).values({**key, **row})
    if row and replace:
        change = change.on_conflict_do_update(index_elements=list(key), set_=dict(row))
    else:
        change = change.on_conflict_do_nothing(index_elements=list(key))
    await connection.execute(change)


def _engine(url: str, **options: Any) -> AsyncEngine:
    if make_url(url).drivername.startswith("sqlite"):
        _make(make_url(url).database)
        engine = create_async_engine(url, pool_size=2, max_overflow=2, hide_parameters=True, **options)
        event.listen(engine.sync_engine, "connect", _set_up)
        if not options:
            event.listen(engine.sync_engine, "begin", _begin)
        return engine
    if find_spec("asyncpg") is None:
        raise ConfigError("catalog.url: PostgreSQL needs asyncpg; run: pip install 'mfmc-edge[postgresql]'")
    timeouts = {"timeout": CONNECT_SECONDS, "command_timeout": STATEMENT_SECONDS}
    return create_async_engine(
        url, pool_size=4, max_overflow=4, pool_pre_ping=True, pool_timeout=CONNECT_SECONDS, hide_parameters=True,
        connect_args=timeouts, **options,
    )  # fmt: skip


def _make(file: str | None) -> None:
    """Make an empty database with mode 0600, already in WAL mode, unless the file is there; its WAL takes the same mode.

    It appears whole, under its name, by a link: switching modes while others open the file would make them fail. An existing file
    is not opened here, since closing it again would drop the locks of this process's own connections (fcntl(2)).
    """
    if file is None:
        raise Unavailable
    if os.path.exists(file):
        return
    part = f"{file}.{os.urandom(8).hex()}"
    try:
        os.close(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        with closing(sqlite3.connect(part)) as fresh:
            fresh.execute("PRAGMA journal_mode = WAL")
        with suppress(FileExistsError):
            os.link(part, file)
    except (OSError, sqlite3.Error):
        raise Unavailable from None
    finally:
        with suppress(OSError):
            os.unlink(part)


def _set_up(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver would begin late, at the first write; ``_begin`` does it
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")  # first, since the next one may have to wait
    for pragma in ("journal_mode = WAL", "foreign_keys = ON", "synchronous = FULL", "secure_delete = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
