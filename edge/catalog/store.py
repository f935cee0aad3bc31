"""What the edge asks of the catalog: a photo by its path, a viewer's ties to owners, and whether anyone answers."""

from collections.abc import AsyncIterator
from collections.abc import Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from typing import Self

from sqlalchemy import and_
from sqlalchemy import bindparam
from sqlalchemy import false
from sqlalchemy import func
from sqlalchemy import literal
from sqlalchemy import select
from sqlalchemy import text
from sqlalchemy import union_all

from edge.catalog import renditions
from edge.catalog import tables
from edge.catalog.changes import Changes
from edge.catalog.database import Database
from edge.catalog.query import Query
from edge.catalog.records import Face
from edge.catalog.records import Photo
from edge.steps import UNWATCHED
from edge.steps import Steps

_FACE, _RULE, _ACCOUNT = tables.FACE.c, tables.PHOTO_RULE.c, tables.ACCOUNT.c


@dataclass(frozen=True, slots=True)
class Catalog:
    """One open catalog; ``changes`` tells what others and we changed."""

    database: Database
    changes: Changes

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, steps: Steps = UNWATCHED) -> AsyncIterator[Self]:
        """The catalog at a ``sqlite+aiosqlite`` or ``postgresql+asyncpg`` address; raises ``Unavailable`` or ``ConfigError``."""
        async with Database.open(url, steps) as database:
            yield cls(database, Changes())

    async def photo(self, path: str) -> Photo | None:
        """The published photo at ``path`` with its faces and all that is in force on them now, or None; one query."""
        rows = await self.database.rows(_PHOTO, {"path": path})
        return photo_of(rows) if rows else None

    async def ties(self, person: str, owners: Sequence[str]) -> list[tuple[str, str | None]]:
        """What these owners said of ``person``: (owner, group) for every group it is in, (owner, None) for a block; one query."""
        async with self.database.reading() as connection:
            rows = (await connection.execute(_TIES, {"person": person, "owners": list(owners)})).all()
        return [(row.owner, row.circle) for row in rows]

    async def shown_as(self, base_sha256: bytes) -> str | None:
        """The path of a photo whose base has this hash, or None."""
        wanted = select(tables.PHOTO.c.path).filter_by(base_sha256=base_sha256).limit(1)
        async with self.database.reading() as connection:
            return (await connection.execute(wanted)).scalar()

    async def check(self) -> None:
        """Raises ``Unavailable`` unless the catalog can be read."""
        async with self.database.reading() as connection:
            await connection.execute(text("SELECT 1 FROM photo LIMIT 1"))


PHOTO = (
    select(
        tables.PHOTO,
        *(_FACE[name] for name in ("slot", "x", "y", "w", "h", "owner", "locked", "shown", "epoch")),
        _FACE.wrapped_key.label("face_key"),
        func.coalesce(_RULE.rule, _ACCOUNT.rule).label("in_force"),
        func.coalesce(_RULE.vetoed, false()).label("vetoed"),
        func.coalesce(_RULE.granted, "").label("granted"),
        func.coalesce(_RULE.declined, "").label("declined"),
        func.coalesce(_ACCOUNT.tied, false()).label("tied"),
        func.coalesce(_ACCOUNT.epoch, 0).label("owner_epoch"),
    )
    .select_from(tables.PHOTO)
    .outerjoin(tables.FACE, _FACE.path == tables.PHOTO.c.path)
    .outerjoin(tables.PHOTO_RULE, and_(_RULE.path == _FACE.path, _RULE.owner == _FACE.owner))
    .outerjoin(tables.ACCOUNT, _ACCOUNT.person == _FACE.owner)
    .where(tables.PHOTO.c.path == bindparam("path"))
    .order_by(_FACE.slot)
)

_PHOTO = Query(PHOTO)

_TIES = union_all(
    select(tables.MEMBER.c.owner, tables.MEMBER.c.circle).where(
        tables.MEMBER.c.person == bindparam("person"), tables.MEMBER.c.owner.in_(bindparam("owners", expanding=True))
    ),
    select(tables.BLOCK.c.owner, literal(None).label("circle")).where(
        tables.BLOCK.c.person == bindparam("person"), tables.BLOCK.c.owner.in_(bindparam("owners", expanding=True))
    ),
)


def photo_of(rows: Sequence[Any]) -> Photo:
    """The rows of one photo as a record."""
    row = rows[0]
    return Photo(
        path=row.path,
        photo_id=row.photo_id,
        version=row.version,
        base_sha256=row.base_sha256,
        base_size=row.base_size,
        width=row.width,
        height=row.height,
        wrapped_key=row.wrapped_key,
        published=row.published,
        faces=tuple(_face(face) for face in rows if face.slot is not None),
        uploader=row.uploader,
        renditions=renditions.read(row.renditions),
    )


def _face(row: Any) -> Face:
    return Face(
        slot=row.slot,
        box=(row.x, row.y, row.w, row.h),
        owner=row.owner,
        rule=row.in_force,
        wrapped_key=row.face_key,
        locked=bool(row.locked),
        shown=bool(row.shown),
        vetoed=bool(row.vetoed),
        tied=bool(row.tied),
        epoch=row.epoch,
        owner_epoch=row.owner_epoch,
        granted=frozenset(row.granted.split()),
        declined=frozenset(row.declined.split()),
    )
