"""Publishing and removing: the commit that makes one version of a photo the one that is shown.

A photo exists once its row does. What anyone may see starts anew with every version, since another picture may lie where the old
one lay; what nobody may see stays so. A face starts locked where a lock or an erasure is kept, also after the photo was deleted;
one that replaces an erased face is erased as well; and whoever said of a face that it is not theirs is not made the owner of one
in its place.
"""

from collections.abc import Iterable
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from dataclasses import replace
from typing import Any

from sqlalchemy import Row
from sqlalchemy import delete
from sqlalchemy import insert
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from edge.catalog import changes
from edge.catalog import renditions
from edge.catalog import restrictions
from edge.catalog import tables
from edge.catalog.database import hold
from edge.catalog.records import Face
from edge.catalog.records import Photo
from edge.catalog.restrictions import SAME_PLACE_SHARE
from edge.catalog.restrictions import Place
from edge.catalog.store import Catalog


@dataclass(frozen=True, slots=True)
class Naming:
    """Who a face may be: ``proposed`` by the uploader for that person to answer, or only suggested for them to claim."""

    slot: int
    person: str
    proposed: bool


async def publish(catalog: Catalog, photo: Photo, certificate: str = "", namings: Sequence[Naming] = ()) -> bytes | None:
    """Make ``photo`` the one shown at its path; returns the version it replaces, whose files may then be swept.

    What people set on this path (rules, vetoes) and what nobody may see there stays.
    """
    topic = changes.of_photo(photo.path)
    async with catalog.database.writing() as connection:
        before = await publish_in(connection, photo, certificate, namings)
        await changes.announce(connection, {topic})
    catalog.changes.tell({topic})
    await catalog.database.forget_deleted()
    return before


async def publish_in(connection: AsyncConnection, photo: Photo, certificate: str, namings: Sequence[Naming]) -> bytes | None:
    """``publish`` within a transaction, without telling anybody."""
    await hold(connection, photo.path)
    before = await _version(connection, photo.path)
    refused = await _refused(connection, photo)
    faces = await _restricted(connection, photo, refused)
    enrolled = await _enrolled(connection, {naming.person for naming in namings if not naming.proposed})
    await connection.execute(delete(tables.PHOTO).filter_by(path=photo.path))
    await connection.execute(insert(tables.PHOTO), _photo_row(photo, certificate))
    if faces:
        await connection.execute(insert(tables.FACE), [_face_row(photo.path, face) for face in faces])
    shown = {face.slot: face.owner for face in faces if face.wrapped_key is not None and not face.locked}
    named = [
        naming for naming in namings
        if naming.slot in shown and (shown[naming.slot] is None if naming.proposed else naming.person in enrolled)
    ]  # fmt: skip
    await _name(connection, photo.path, named, refused)
    return before


async def remove(catalog: Catalog, path: str) -> bytes | None:
    """Forget the photo and every key of it, but not whom nobody may see there; returns the version to sweep."""
    async with catalog.database.writing() as connection:
        before = await removed(connection, path)
        await changes.announce(connection, {changes.of_photo(path)})
    catalog.changes.tell({changes.of_photo(path)})
    await catalog.database.forget_deleted()
    return before


async def removed(connection: AsyncConnection, path: str) -> bytes | None:
    """``remove`` within a transaction, without telling anybody."""
    await hold(connection, path)
    before = await _version(connection, path)
    await connection.execute(delete(tables.PHOTO).filter_by(path=path))
    return before


async def _version(connection: AsyncConnection, path: str) -> bytes | None:
    return (await connection.execute(select(tables.PHOTO.c.version).filter_by(path=path))).scalar()


async def _faces(connection: AsyncConnection, path: str) -> Sequence[Row[Any]]:
    size = (tables.PHOTO.c.width, tables.PHOTO.c.height)
    return (await connection.execute(select(tables.FACE, *size).join(tables.PHOTO).where(tables.FACE.c.path == path))).all()


async def _refused(connection: AsyncConnection, photo: Photo) -> set[tuple[int, str]]:
    """The new faces, by slot, and who said of their place that it is not them."""
    face, tag, size = tables.FACE.c, tables.TAG, (tables.PHOTO.c.width, tables.PHOTO.c.height)
    wanted = select(tag.c.person, face.x, face.y, face.w, face.h, *size).select_from(tag.join(tables.FACE).join(tables.PHOTO))
    said = (await connection.execute(wanted.where(tag.c.path == photo.path, tag.c.answer == "no"))).all()
    return {(new.slot, old.person) for new in photo.faces for old in said if _lies_on(new, old, photo)}


async def _enrolled(connection: AsyncConnection, people: set[str]) -> set[str]:
    """Those of ``people`` who have not asked to be forgotten; whoever asks from now on waits, and takes suggestions along."""
    template = tables.TEMPLATE.c.person
    wanted = select(template).where(template.in_(people)).order_by(template).with_for_update(read=True, key_share=True)
    return set((await connection.scalars(wanted)).all()) if people else set()


async def _name(
    connection: AsyncConnection, path: str, namings: Iterable[Naming], refused: AbstractSet[tuple[int, str]]
) -> None:
    for slot, person in refused:
        row = {"path": path, "slot": slot, "person": person}
        await connection.execute(insert(tables.TAG), row | {"proposed": False, "answer": "no"})
    for naming in namings:
        row = {"path": path, "slot": naming.slot, "person": naming.person}
        if (naming.slot, naming.person) in refused:
            continue
        if naming.proposed:
            await connection.execute(insert(tables.TAG), row | {"proposed": True, "answer": ""})
        else:
            await connection.execute(insert(tables.SUGGESTION), row)


async def _restricted(connection: AsyncConnection, photo: Photo, refused: AbstractSet[tuple[int, str]]) -> list[Face]:
    """The new faces, each with the restrictions of its place, and epochs above all old ones."""
    for face in photo.faces:
        if face.locked:
            await restrictions.keep(connection, photo, face, "lock", photo.published)
    kept = await restrictions.kept(connection, photo.path)
    await restrictions.follow(connection, kept, photo)
    reasons = restrictions.reasons(kept, photo)
    before = await _faces(connection, photo.path)
    epoch = max((old.epoch + 1 for old in before), default=0)
    faces = [replace(face, owner=None, shown=False) if (face.slot, face.owner) in refused else face for face in photo.faces]
    return [
        Face(
            face.slot, face.box, face.owner, None, None if _is_erased(face, photo, before) else face.wrapped_key,
            locked=face.slot in reasons, shown=face.shown, epoch=max(face.epoch, epoch),
        )
        for face in faces
    ]  # fmt: skip


def _is_erased(face: Face, photo: Photo, before: Sequence[Row[Any]]) -> bool:
    return any(old.wrapped_key is None and _lies_on(face, old, photo) for old in before)


def _lies_on(face: Face, old: Any, photo: Photo) -> bool:
    """Whether the face is in the old one's place."""
    known = Place((old.x, old.y, old.w, old.h), old.width, old.height)
    return restrictions.place(face, photo).share(known) >= SAME_PLACE_SHARE


def _photo_row(photo: Photo, certificate: str) -> dict[str, object]:
    made = {"certificate": certificate, "renditions": renditions.text_of(photo.renditions)}
    return {column.name: getattr(photo, column.name) for column in tables.PHOTO.c if column.name not in made} | made


def _face_row(path: str, face: Face) -> dict[str, object]:
    x, y, w, h = face.box
    same = {name: getattr(face, name) for name in ("slot", "owner", "wrapped_key", "locked", "shown", "epoch")}
    return {"path": path, "x": x, "y": y, "w": w, "h": h} | same
