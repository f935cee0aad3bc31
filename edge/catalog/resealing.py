"""Putting a version with new fakes in the place of another one: files, keys and certificate are new, all that anybody set stays.

Faces keep their slots, so owners, locks, tags, requests and suggestions are not touched at all. What was erased stays so. A face
that was not found before starts locked where a lock or an erasure is kept of its place.
"""

from sqlalchemy import func
from sqlalchemy import insert
from sqlalchemy import select
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from edge.catalog import changes
from edge.catalog import renditions
from edge.catalog import restrictions
from edge.catalog import tables
from edge.catalog.database import hold
from edge.catalog.records import Face
from edge.catalog.records import Photo
from edge.catalog.store import Catalog

_COLUMNS = ("version", "base_sha256", "base_size", "wrapped_key", "published")


async def reseal(catalog: Catalog, photo: Photo, before: bytes, certificate: str) -> bool:
    """Make ``photo`` the version shown at its path in the place of ``before``; False where that is shown no more.

    Of a face that is known already only the wrapped key counts; slots that are not known are new faces.
    """
    topic = changes.of_photo(photo.path)
    async with catalog.database.writing() as connection:
        await hold(connection, photo.path)
        shown = (await connection.execute(select(tables.PHOTO.c.version).filter_by(path=photo.path))).scalar()
        if shown != before:
            return False
        await _put(connection, photo, certificate)
        await changes.announce(connection, {topic})
    catalog.changes.tell({topic})
    await catalog.database.forget_deleted()
    return True


async def _put(connection: AsyncConnection, photo: Photo, certificate: str) -> None:
    made = {"certificate": certificate, "renditions": renditions.text_of(photo.renditions)}
    values = {name: getattr(photo, name) for name in _COLUMNS} | made
    await connection.execute(update(tables.PHOTO).filter_by(path=photo.path).values(values))
    here = tables.FACE.c.path == photo.path
    known = set((await connection.scalars(select(tables.FACE.c.slot).where(here))).all())
    epoch = 1 + ((await connection.scalar(select(func.max(tables.FACE.c.epoch)).where(here))) or 0)
    reasons = restrictions.reasons(await restrictions.kept(connection, photo.path), photo)
    for face in photo.faces:
        if face.slot in known:
            kept = update(tables.FACE).where(here, tables.FACE.c.slot == face.slot, tables.FACE.c.wrapped_key.is_not(None))
            await connection.execute(kept.values(wrapped_key=face.wrapped_key))
        else:
            await connection.execute(insert(tables.FACE), _new(photo.path, face, locked=face.slot in reasons))
    await connection.execute(update(tables.FACE).where(here).values(epoch=epoch))


def _new(path: str, face: Face, *, locked: bool) -> dict[str, object]:
    x, y, w, h = face.box
    row = {"path": path, "slot": face.slot, "x": x, "y": y, "w": w, "h": h}
    return row | {"wrapped_key": face.wrapped_key, "locked": locked}
