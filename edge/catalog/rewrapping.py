"""The catalog's wrapped keys, one after another, for ``edge.keys.rewrap``; and how many a wrapping key still holds.

A place is the number of a table in ``SHELVES`` and the row's key in it. Tables are gone through in that order and each by its
key, so that whoever starts again goes on where the first key is that the primary did not wrap.
"""

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column
from sqlalchemy import ColumnElement
from sqlalchemy import FromClause
from sqlalchemy import Table
from sqlalchemy import func
from sqlalchemy import or_
from sqlalchemy import select
from sqlalchemy import tuple_
from sqlalchemy import update

from edge.catalog import secrets
from edge.catalog import tables
from edge.catalog.database import Database
from edge.keys.envelope import template_context
from edge.keys.envelope import wrap_context
from edge.keys.rewrap import Change
from edge.keys.rewrap import Row
from edge.keys.wrapped import heads

Place = tuple[int, tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Shelf:
    """One table of wrapped keys: the columns of its key, where its rows come from, and what each wrapped key is bound to."""

    table: Table
    key: tuple[Column[Any], ...]
    source: FromClause
    context: Callable[[Any], bytes]
    also: tuple[Column[Any], ...] = ()


_FACES = tables.FACE.join(tables.PHOTO, tables.FACE.c.path == tables.PHOTO.c.path)
_BINDING = (tables.PHOTO.c.photo_id, tables.PHOTO.c.version)

SHELVES = (
    Shelf(tables.SECRET, (tables.SECRET.c.name,), tables.SECRET, lambda row: secrets.context(row.name)),
    Shelf(tables.TEMPLATE, (tables.TEMPLATE.c.person,), tables.TEMPLATE, lambda row: template_context(row.person)),
    Shelf(
        tables.PHOTO, (tables.PHOTO.c.path,), tables.PHOTO,
        lambda row: wrap_context(row.photo_id, row.version, None), _BINDING,
    ),
    Shelf(
        tables.FACE, (tables.FACE.c.path, tables.FACE.c.slot), _FACES,
        lambda row: wrap_context(row.photo_id, row.version, row.slot), _BINDING,
    ),
)  # fmt: skip


class WrappedKeys:
    """Every wrapped key of one catalog that ``primary`` did not wrap (``edge.keys.rewrap.Rewrappable``)."""

    def __init__(self, database: Database, primary: str) -> None:
        self._database = database
        self._primary = primary

    async def batch(self, after: Place | None, limit: int) -> Sequence[Row[Place]]:
        """The next rows; an erased key is none."""
        first = 0 if after is None else after[0]
        for number in range(first, len(SHELVES)):
            known = after[1] if after is not None and number == first else None
            rows = await self._on_shelf(number, known, limit)
            if rows:
                return rows
        return []

    async def replace(self, changes: Sequence[Change[Place]]) -> int:
        """Make the changes whose place still holds what was read, in one transaction."""
        made = 0
        async with self._database.writing() as connection:
            for change in changes:
                shelf, key = SHELVES[change.place[0]], change.place[1]
                here = [column == value for column, value in zip(shelf.key, key, strict=True)]
                wrapped = shelf.table.c.wrapped_key
                done = await connection.execute(
                    update(shelf.table).where(*here, wrapped == change.before).values(wrapped_key=change.after)
                )
                made += done.rowcount
        return made

    async def _on_shelf(self, number: int, after: tuple[Any, ...] | None, limit: int) -> list[Row[Place]]:
        shelf = SHELVES[number]
        wrapped = shelf.table.c.wrapped_key
        wanted = select(*shelf.key, *shelf.also, wrapped).select_from(shelf.source)
        wanted = wanted.where(wrapped.is_not(None), ~_wrapped_by(wrapped, self._primary)).order_by(*shelf.key).limit(limit)
        if after is not None:
            wanted = wanted.where(tuple_(*shelf.key) > after)
        async with self._database.reading() as connection:
            rows = (await connection.execute(wanted)).all()
        return [
            Row((number, tuple(getattr(row, column.name) for column in shelf.key)), row.wrapped_key, shelf.context(row))
            for row in rows
        ]


async def count(database: Database, key_id: str | None = None, *, other_than: str | None = None) -> int:
    """How many keys this wrapping key wrapped, or how many any other than that one did."""
    total = 0
    async with database.reading() as connection:
        for shelf in SHELVES:
            wrapped = shelf.table.c.wrapped_key
            which = _wrapped_by(wrapped, key_id) if key_id is not None else ~_wrapped_by(wrapped, other_than or "")
            wanted = select(func.count()).select_from(shelf.table).where(wrapped.is_not(None), which)
            total += await connection.scalar(wanted) or 0
    return total


def _wrapped_by(wrapped: Column[Any], key_id: str) -> ColumnElement[bool]:
    return or_(*(func.substr(wrapped, 1, len(head)) == head for head in heads(key_id)))
