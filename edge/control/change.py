"""One change in the making: its transaction, who makes it, whom it concerns, and the entry it leaves in the audit log.

Whatever can hide a face makes an epoch grow in the same transaction; edges that hear of it look again at once, others within
``revocation_seconds``, and signed URLs made before it show the base.
"""

from collections.abc import AsyncIterator
from collections.abc import Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from dataclasses import field
from typing import Any

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from edge.audit.anchor import Anchor
from edge.audit.chain import Entry
from edge.audit.chain import Link
from edge.audit.log import Log
from edge.audit.log import LogBook
from edge.catalog import Catalog
from edge.catalog import Photo
from edge.catalog import changes
from edge.catalog import tables
from edge.catalog.database import put
from edge.control.caller import Caller


@dataclass(slots=True)
class Change:
    """A change by one caller at one time; nobody sees any of it before the whole of it is committed."""

    connection: AsyncConnection
    caller: Caller
    now: float
    _log: Log
    _entries: list[Entry] = field(default_factory=list)
    _topics: set[str] = field(default_factory=set)
    erased: bool = False

    def note(self, action: str, photo: Photo | None = None, slots: Iterable[int] = (), subject: str | None = None) -> None:
        """Leave an entry in the audit log when this is committed; people in it are pseudonyms."""
        name = self._log.chain.pseudonym
        actor = self.caller.id if self.caller.is_service else name(self.caller.id)
        where = "" if photo is None else photo.photo_id.hex()
        numbers = ",".join(map(str, slots))
        self._entries.append(Entry(self.now, actor, action, where, numbers, "" if subject is None else name(subject)))

    async def face(self, photo: Photo, slot: int, **columns: Any) -> None:
        """Set columns of a face; its epoch grows."""
        faces = tables.FACE
        await self.connection.execute(
            update(faces).where(faces.c.path == photo.path, faces.c.slot == slot).values(epoch=faces.c.epoch + 1, **columns)
        )
        self._topics.add(changes.of_photo(photo.path))

    async def faces_of(self, path: str, owner: str) -> None:
        """Something about all faces of ``owner`` on this photo changed; their epochs grow."""
        faces = tables.FACE
        await self.connection.execute(
            update(faces).where(faces.c.path == path, faces.c.owner == owner).values(epoch=faces.c.epoch + 1)
        )
        self._topics.add(changes.of_photo(path))

    async def person(self, person: str, **columns: Any) -> None:
        """Set columns of a person's account; its epoch grows, and with it that of all faces of this person."""
        accounts = tables.ACCOUNT
        await put(self.connection, accounts, {"person": person}, {}, replace=False)
        await self.connection.execute(
            update(accounts).where(accounts.c.person == person).values(epoch=accounts.c.epoch + 1, **columns)
        )
        self._topics.add(changes.of_person(person))

    def photo(self, path: str) -> None:
        """Something about the whole photo changed."""
        self._topics.add(changes.of_photo(path))

    async def _finish(self) -> Link | None:
        await changes.announce(self.connection, self._topics)
        return await self._log.append(self.connection, self._entries) if self._entries else None


@dataclass(frozen=True, slots=True)
class Changes:
    """Makes changes to one catalog, each with its entry in the audit log."""

    catalog: Catalog
    book: LogBook
    anchor: Anchor

    @asynccontextmanager
    async def by(self, caller: Caller, now: float) -> AsyncIterator[Change]:
        """A change by ``caller``; committed as a whole, announced, and then what it deleted is overwritten.

        Raises ``Unavailable`` or ``LogBroken``, and then nothing has changed.
        """
        log = await self.book.log()
        async with self.catalog.database.writing() as connection:
            change = Change(connection, caller, now, log)
            yield change
            end = await change._finish()
        self.catalog.changes.tell(change._topics)
        if end is not None:
            await self.anchor.move(end, self.catalog)
        if change.erased:
            await self.catalog.database.forget_deleted()
