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

from sqlalchemy import Connection
from sqlalchemy import Row
from sqlalchemy import and_
from sqlalchemy import delete
from sqlalchemy import event
from sqlalchemy import func
from sqlalchemy import insert
from sqlalchemy import make_url
from sqlalchemy import select
from sqlalchemy import text
from sqlalchemy.dialects.sqlite import Insert
from sqlalchemy.dialects.sqlite import insert as upsert
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
        event.listen(engine.sync_engine, "begin", _begin)
        try:
            async with _transaction(engine, write=True) as connection:
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

        The overrides that owners set on this path stay; a face's ``rule``, where it has one, is set as its owner's override.
        """
        async with _transaction(self._engine, write=True) as connection:
            before = await connection.scalar(select(tables.PHOTO.c.version).filter_by(path=photo.path))
            await connection.execute(delete(tables.PHOTO).filter_by(path=photo.path))
            await connection.execute(insert(tables.PHOTO), _photo_row(photo, certificate))
            if photo.faces:
                await connection.execute(insert(tables.FACE), _face_rows(photo))
            for face in photo.faces:
                if face.owner is not None and face.rule is not None:
                    await connection.execute(_override(photo.path, face.owner, face.rule))
        await self._forget_deleted()
        return before

    async def set_rule(self, user: str, rule: str) -> None:
        """What ``user`` allows wherever no override says otherwise."""
        change = upsert(tables.USER_RULE).values(user=user, rule=rule)
        async with _transaction(self._engine, write=True) as connection:
            await connection.execute(change.on_conflict_do_update(index_elements=["user"], set_={"rule": rule}))

    async def set_override(self, path: str, owner: str, rule: str | None) -> bool:
        """What ``owner`` allows on this one photo (None: as everywhere); False when no face there is theirs."""
        async with _transaction(self._engine, write=True) as connection:
            if not await connection.scalar(select(func.count()).select_from(tables.FACE).filter_by(path=path, owner=owner)):
                return False
            forget = delete(tables.PHOTO_RULE).filter_by(path=path, owner=owner)
            await connection.execute(forget if rule is None else _override(path, owner, rule))
        return True

    async def remove(self, path: str) -> bytes | None:
        """Forget the photo and every key of it; returns the version whose files may then be swept."""
        async with _transaction(self._engine, write=True) as connection:
            before = await connection.scalar(select(tables.PHOTO.c.version).filter_by(path=path))
            await connection.execute(delete(tables.PHOTO).filter_by(path=path))
        await self._forget_deleted()
        return before

    async def shown_as(self, base_sha256: bytes) -> str | None:
        """The path of a photo whose base has this hash, or None."""
        wanted = select(tables.PHOTO.c.path).filter_by(base_sha256=base_sha256).limit(1)
        async with _transaction(self._engine) as connection:
            return (await connection.execute(wanted)).scalar()

    async def _forget_deleted(self) -> None:
        """Fold the log into the database, where deleted keys are overwritten; put off while somebody reads."""
        async with self._engine.connect() as connection:
            await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

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
        func.coalesce(tables.PHOTO_RULE.c.rule, tables.USER_RULE.c.rule).label("in_force"),
    )
    .select_from(tables.PHOTO)
    .outerjoin(tables.FACE)
    .outerjoin(
        tables.PHOTO_RULE,
        and_(tables.PHOTO_RULE.c.path == tables.FACE.c.path, tables.PHOTO_RULE.c.owner == tables.FACE.c.owner),
    )
    .outerjoin(tables.USER_RULE, tables.USER_RULE.c.user == tables.FACE.c.owner)
    .where(tables.PHOTO.c.path == text(":path"))
    .order_by(tables.FACE.c.slot)
)


@asynccontextmanager
async def _transaction(engine: AsyncEngine, *, write: bool = False) -> AsyncIterator[AsyncConnection]:
    """One transaction; one that writes holds the write lock from its first read on, so that nobody changes what it read."""
    try:
        async with engine.execution_options(write=write).begin() as connection:
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


def _face_rows(photo: Photo) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for face in photo.faces:
        x, y, w, h = face.box
        keep = {"path": photo.path, "slot": face.slot, "owner": face.owner, "wrapped_key": face.wrapped_key}
        rows.append(keep | {"x": x, "y": y, "w": w, "h": h})
    return rows


def _override(path: str, owner: str, rule: str) -> Insert:
    change = upsert(tables.PHOTO_RULE).values(path=path, owner=owner, rule=rule)
    return change.on_conflict_do_update(index_elements=["path", "owner"], set_={"rule": rule})


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
    write = connection.get_execution_options().get("write")
    if write is not None:  # a checkpoint cannot run inside a transaction
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
