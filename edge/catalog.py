"""What is published and who is on it: photos, faces, owners, rules and wrapped keys, in one SQLite file.

The catalog is the commit point of a publication: a photo exists once its row does, and the row names the one version
whose files are shown. Owners' rules live apart from photos, so that publishing again never forgets them.
"""

import os
from collections.abc import AsyncIterator
from collections.abc import Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from typing import Self

from sqlalchemy import Row
from sqlalchemy import delete
from sqlalchemy import event
from sqlalchemy import func
from sqlalchemy import insert
from sqlalchemy import make_url
from sqlalchemy import select
from sqlalchemy import text
from sqlalchemy import update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.ext.asyncio import create_async_engine

from edge import tables
from edge.errors import Unavailable

BUSY_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Face:
    """One face of a photo.

    ``box`` is x, y, width, height in the upright photo, ``rule`` the one in force (None: default).
    """

    slot: int
    box: tuple[int, int, int, int]
    owner: str | None
    rule: str | None
    wrapped_key: bytes


@dataclass(frozen=True, slots=True)
class Photo:
    """One published version of a photo; ``wrapped_key`` is the wrapped directory key of its sidecar."""

    path: str
    photo_id: bytes
    version: bytes
    base_sha256: bytes
    base_size: int
    width: int
    height: int
    wrapped_key: bytes
    published: float
    faces: tuple[Face, ...]


class Catalog:
    """The catalog's reads and writes, each one transaction; every failure of the store is ``Unavailable``."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    def __repr__(self) -> str:
        return "<Catalog>"

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str) -> AsyncIterator[Self]:
        """The catalog at a ``sqlite+aiosqlite:///FILE`` address, made with mode 0600 when it is not there yet."""
        _make_private(make_url(url).database)
        engine = create_async_engine(url, pool_size=2, max_overflow=2, hide_parameters=True)
        event.listen(engine.sync_engine, "connect", _set_up)
        try:
            async with _transaction(engine) as connection:
                await connection.run_sync(tables.METADATA.create_all)
            yield cls(engine)
        finally:
            await engine.dispose()

    async def photo(self, path: str) -> Photo | None:
        """The published photo at ``path`` with its faces and the rules in force now, or None; one query."""
        async with _transaction(self._engine) as connection:
            rows = (await connection.execute(_PHOTO, {"path": path})).all()
        return _photo(rows) if rows else None

    async def publish(self, photo: Photo, certificate: str = "") -> bytes | None:
        """Make ``photo`` the one shown at its path; returns the version it replaces, whose files may then be swept.

        A face's ``rule`` is stored as this photo's override. Where it is None, an override that the same owner set on
        the version before stays, so that publishing again never shows more than the owner allowed.
        """
        async with _transaction(self._engine) as connection:
            before = await connection.scalar(select(tables.PHOTO.c.version).filter_by(path=photo.path))
            overrides = await _overrides(connection, photo.path)
            await connection.execute(delete(tables.PHOTO).filter_by(path=photo.path))
            await connection.execute(insert(tables.PHOTO), _photo_row(photo, certificate))
            if photo.faces:
                await connection.execute(insert(tables.FACE), _face_rows(photo, overrides))
        return before

    async def set_rule(self, user: str, rule: str) -> None:
        """What ``user`` allows wherever no override says otherwise."""
        change = upsert(tables.USER_RULE).values(user=user, rule=rule)
        async with _transaction(self._engine) as connection:
            await connection.execute(change.on_conflict_do_update(index_elements=["user"], set_={"rule": rule}))

    async def set_override(self, path: str, owner: str, rule: str | None) -> bool:
        """What ``owner`` allows on this one photo (None: as everywhere); False when no face there is theirs."""
        change = update(tables.FACE).filter_by(path=path, owner=owner).values(rule=rule)
        async with _transaction(self._engine) as connection:
            return (await connection.execute(change)).rowcount > 0

    async def remove(self, path: str) -> bytes | None:
        """Forget the photo and every key of it; returns the version whose files may then be swept."""
        async with _transaction(self._engine) as connection:
            before = await connection.scalar(select(tables.PHOTO.c.version).filter_by(path=path))
            await connection.execute(delete(tables.PHOTO).filter_by(path=path))
        return before

    async def check(self) -> None:
        """Raises ``Unavailable`` unless the catalog can be read."""
        async with _transaction(self._engine) as connection:
            await connection.execute(text("SELECT 1 FROM photo LIMIT 1"))


_PHOTO = (
    select(
        tables.PHOTO,
        tables.FACE.c.slot,
        tables.FACE.c.x,
        tables.FACE.c.y,
        tables.FACE.c.w,
        tables.FACE.c.h,
        tables.FACE.c.owner,
        tables.FACE.c.wrapped_key.label("face_key"),
        func.coalesce(tables.FACE.c.rule, tables.USER_RULE.c.rule).label("in_force"),
    )
    .select_from(tables.PHOTO)
    .outerjoin(tables.FACE)
    .outerjoin(tables.USER_RULE, tables.USER_RULE.c.user == tables.FACE.c.owner)
    .where(tables.PHOTO.c.path == text(":path"))
    .order_by(tables.FACE.c.slot)
)


@asynccontextmanager
async def _transaction(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    try:
        async with engine.begin() as connection:
            yield connection
    except SQLAlchemyError:  # its text holds the statement
        raise Unavailable from None


def _photo(rows: Sequence[Row[Any]]) -> Photo:
    row = rows[0]
    faces = tuple(
        Face(face.slot, (face.x, face.y, face.w, face.h), face.owner, face.in_force, face.face_key)
        for face in rows
        if face.slot is not None
    )
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
        faces=faces,
    )


def _photo_row(photo: Photo, certificate: str) -> dict[str, object]:
    columns = ("path", "photo_id", "version", "base_sha256", "base_size", "width", "height", "wrapped_key", "published")
    return {name: getattr(photo, name) for name in columns} | {"certificate": certificate}


def _face_rows(photo: Photo, overrides: dict[str, str]) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for face in photo.faces:
        rule = overrides.get(face.owner or "") if face.rule is None else face.rule
        row = {"path": photo.path, "slot": face.slot, "owner": face.owner, "rule": rule}
        rows.append(row | {"wrapped_key": face.wrapped_key} | dict(zip("xywh", face.box, strict=True)))
    return rows


async def _overrides(connection: AsyncConnection, path: str) -> dict[str, str]:
    wanted = select(tables.FACE.c.owner, tables.FACE.c.rule).filter_by(path=path)
    rows = (await connection.execute(wanted)).all()
    return {row.owner: row.rule for row in rows if row.owner is not None and row.rule is not None}


def _make_private(file: str | None) -> None:
    """Make the file with mode 0600 before SQLite would make it with the umask's; its WAL takes the same mode."""
    if file is None:
        raise Unavailable
    try:
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError:
        raise Unavailable from None


def _set_up(connection: DBAPIConnection, _record: object) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode = WAL", "foreign_keys = ON", "synchronous = FULL", "secure_delete = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
    cursor.close()
