"""The database under the catalog, SQLite or PostgreSQL: connections, transactions, and one error for all that goes wrong."""

import os
from collections.abc import AsyncIterator
from collections.abc import Mapping
from contextlib import asynccontextmanager
from typing import Any
from typing import Self

from sqlalchemy import Connection
from sqlalchemy import Table
from sqlalchemy import event
from sqlalchemy import make_url
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.ext.asyncio import create_async_engine

from edge.catalog import schema
from edge.errors import Unavailable

BUSY_SECONDS = 5.0
CONNECT_SECONDS = 5.0
STATEMENT_SECONDS = 10.0


class Database:
    """Transactions on one catalog; every failure of the store is ``Unavailable``, whose text holds no statement."""

    def __init__(self, writer: AsyncEngine, reader: AsyncEngine) -> None:
        self._writer = writer
        self._reader = reader

    def __repr__(self) -> str:
        return "<Database>"

    @property
    def is_shared(self) -> bool:
        """Whether several machines may have it open, and tell each other of changes."""
        return self._writer.dialect.name == "postgresql"

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str) -> AsyncIterator[Self]:
        """The database at a ``sqlite+aiosqlite`` or ``postgresql+asyncpg`` address, with this program's schema.

        Raises ``ConfigError`` for a schema that an operator must upgrade first.
        """
        writer, reader = _engine(url), _engine(url, isolation_level="AUTOCOMMIT", skip_autocommit_rollback=True)
        try:
            database = cls(writer, reader)
            await database._prepare()
            yield database
        finally:
            await writer.dispose()
            await reader.dispose()

    @classmethod
    async def upgrade(cls, url: str) -> tuple[str | None, str]:
        """Bring an older schema here, whatever kind of database it is; what it was before, and what it is now.

        Raises ``ConfigError`` for a schema of a newer program and ``Unavailable``, and then nothing has changed.
        """
        writer = _engine(url)
        try:
            async with cls(writer, writer).writing() as connection:
                before = await connection.run_sync(schema.revision)
                await connection.run_sync(schema.upgrade)
        finally:
            await writer.dispose()
        return before, schema.HEAD

    async def _prepare(self) -> None:
        async with self.reading() as connection:
            current = await connection.run_sync(schema.is_current)
        if not current:
            async with self.writing() as connection:
                await connection.run_sync(schema.open_here)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection for statements that each see what is committed."""
        try:
            async with self._reader.connect() as connection:
                yield connection
        except (SQLAlchemyError, OSError, TimeoutError):
            raise Unavailable from None

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """One transaction, committed as a whole at the end.

        On SQLite it holds the write lock from its start; on PostgreSQL whoever changes a row after reading it locks it first.
        """
        try:
            async with self._writer.begin() as connection:
                yield connection
        except (SQLAlchemyError, OSError, TimeoutError):
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
        except (SQLAlchemyError, OSError, TimeoutError):
            raise Unavailable from None

    async def forget_deleted(self) -> None:
        """Overwrite what was deleted: on SQLite in the log and the file; on PostgreSQL in the tables that hold keys.

        A server's own log and physical backups keep deleted rows until they are recycled; THREATS.md says what helps there.
        """
        async with self.reading() as connection:
            if self.is_shared:
                await connection.exec_driver_sql("VACUUM face, photo, template, secret")
            else:
                await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


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
        _make_private(make_url(url).database)
        engine = create_async_engine(url, pool_size=2, max_overflow=2, hide_parameters=True, **options)
        event.listen(engine.sync_engine, "connect", _set_up)
        if not options:
            event.listen(engine.sync_engine, "begin", _begin)
        return engine
    timeouts = {"timeout": CONNECT_SECONDS, "command_timeout": STATEMENT_SECONDS}
    return create_async_engine(
        url, pool_size=4, max_overflow=4, pool_pre_ping=True, pool_timeout=CONNECT_SECONDS, hide_parameters=True,
        connect_args=timeouts, **options,
    )  # fmt: skip


def _make_private(file: str | None) -> None:
    """Make the file with mode 0600 before SQLite would make it with the umask's; its WAL takes the same mode."""
    if file is None:
        raise Unavailable
    try:
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError:
        raise Unavailable from None


def _set_up(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver would begin late, at the first write; ``_begin`` does it
    cursor = connection.cursor()
    for pragma in ("journal_mode = WAL", "foreign_keys = ON", "synchronous = FULL", "secure_delete = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
    cursor.close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
