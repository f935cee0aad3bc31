"""Appending to the log, in the transaction that makes the change: both are committed, or neither is."""

import hmac
from collections.abc import AsyncIterator
from collections.abc import Sequence
from typing import Any
from typing import Self

from sqlalchemy import Row
from sqlalchemy import insert
from sqlalchemy import select
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from edge.audit.chain import START
from edge.audit.chain import Chain
from edge.audit.chain import Entry
from edge.audit.chain import Link
from edge.catalog import Catalog
from edge.catalog import secrets
from edge.catalog import tables
from edge.catalog.database import put
from edge.errors import Damaged
from edge.errors import KeyRingError
from edge.errors import LogBroken
from edge.errors import Unavailable
from edge.keys.service import KeyService

SECRET = "audit"  # noqa: S105 - the name of one
PAGE = 1_000


class Log:
    """The audit log of one catalog, its secret at hand."""

    def __init__(self, chain: Chain) -> None:
        self.chain = chain

    @classmethod
    async def open(cls, catalog: Catalog, keys: KeyService) -> Self:
        """The log of this catalog, begun if there is none; raises ``KeyRingError``, ``Damaged`` or ``Unavailable``."""
        log = cls(Chain(await secrets.get(catalog, keys, SECRET)))
        start = Link(0, START)
        async with catalog.database.reading() as connection:
            begun = (await connection.execute(select(tables.AUDIT_HEAD.c.id))).first() is not None
        if not begun:
            async with catalog.database.writing() as connection:
                await put(connection, tables.AUDIT_HEAD, {"id": 1}, log._head(start), replace=False)
        return log

    async def append(self, connection: AsyncConnection, entries: Sequence[Entry]) -> Link:
        """Add entries at the end; raises ``LogBroken`` where the end is not one that this log was given."""
        end = await self.end(connection, lock=True)
        rows = []
        for entry in entries:
            end = self.chain.next(end, entry)
            same = {name: getattr(entry, name) for name in ("at", "actor", "action", "photo", "slots", "subject")}
            rows.append({"number": end.number, "digest": end.digest} | same)
        if rows:
            await connection.execute(insert(tables.AUDIT), rows)
        await connection.execute(update(tables.AUDIT_HEAD).values(self._head(end)))
        return end

    async def end(self, connection: AsyncConnection, *, lock: bool = False) -> Link:
        """Where the log ends, as sealed; raises ``LogBroken``."""
        wanted = select(tables.AUDIT_HEAD).with_for_update() if lock else select(tables.AUDIT_HEAD)
        head = (await connection.execute(wanted)).one_or_none()
        if head is None:
            raise LogBroken
        end = Link(head.number, head.digest)
        if not hmac.compare_digest(self.chain.seal(end), head.seal):
            raise LogBroken
        return end

    def _head(self, end: Link) -> dict[str, object]:
        return {"number": end.number, "digest": end.digest, "seal": self.chain.seal(end)}


class LogBook:
    """The audit log of one catalog, opened when it is first needed, so that no picture waits for a key that only the log uses."""

    def __init__(self, catalog: Catalog, keys: KeyService) -> None:
        self._catalog = catalog
        self._keys = keys
        self._log: Log | None = None

    async def log(self) -> Log:
        """The log; raises ``Unavailable`` while its secret cannot be opened."""
        if self._log is None:
            try:
                self._log = await Log.open(self._catalog, self._keys)
            except (KeyRingError, Damaged):
                raise Unavailable from None
        return self._log


async def rows(connection: AsyncConnection) -> AsyncIterator[Row[Any]]:
    """Every entry from the first to the last, page by page."""
    after = 0
    while True:
        page = select(tables.AUDIT).where(tables.AUDIT.c.number > after).order_by(tables.AUDIT.c.number).limit(PAGE)
        found = (await connection.execute(page)).all()
        for row in found:
            yield row
        if len(found) < PAGE:
            return
        after = found[-1].number


async def verify(log: Log, connection: AsyncConnection, anchors: Sequence[Link] = ()) -> Link:
    """Walk the whole log; raises ``LogBroken`` unless every entry, its place, the end and all ``anchors`` hold."""
    end = await log.end(connection)
    here = Link(0, START)
    missing = set(anchors) - {here}
    async for row in rows(connection):
        if row.number != here.number + 1:
            raise LogBroken(here.number + 1)
        here = log.chain.next(here, Entry(row.at, row.actor, row.action, row.photo, row.slots, row.subject))
        if not hmac.compare_digest(here.digest, row.digest):
            raise LogBroken(row.number)
        missing.discard(here)
    if here != end or missing:
        raise LogBroken(here.number + 1)
    return end
