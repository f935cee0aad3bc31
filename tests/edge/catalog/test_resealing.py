"""A version with new fakes takes the place of just the one it was made from, and nothing that was set is touched."""

from dataclasses import replace

import pytest
from sqlalchemy import insert
from sqlalchemy import select

from edge.catalog import Catalog
from edge.catalog import Face
from edge.catalog import restrictions
from edge.catalog import tables
from edge.catalog.publication import publish
from edge.catalog.resealing import reseal
from tests.edge.catalog.test_publication import PHOTO
from tests.edge.catalog.test_publication import read
from tests.edge.catalog.test_publication import set_face

NEW = replace(
    PHOTO, version=b"w" * 16, base_sha256=b"b" * 32, base_size=2_000, wrapped_key=b"wrapped-anew", published=PHOTO.published + 9,
    faces=tuple(replace(face, wrapped_key=b"anew-%d" % face.slot, owner="u-other") for face in PHOTO.faces),
)  # fmt: skip


async def test_in_place(catalog: Catalog) -> None:
    """Version, files and keys are new; owner, lock, uploader and what was said of a face stay; every epoch grows over all."""
    await publish(catalog, PHOTO, "before")
    await set_face(catalog, 1, locked=True, epoch=7)
    tag = {"path": "/t1.jpg", "slot": 4, "person": "u-x", "proposed": True, "answer": ""}
    async with catalog.database.writing() as connection:
        await connection.execute(insert(tables.TAG), tag)
    assert await reseal(catalog, NEW, PHOTO.version, "after")
    seen = await read(catalog)
    assert (seen.version, seen.base_sha256, seen.base_size, seen.wrapped_key) == (b"w" * 16, b"b" * 32, 2_000, b"wrapped-anew")
    assert (seen.published, seen.uploader, seen.photo_id) == (NEW.published, "u-up", PHOTO.photo_id)
    assert [(face.slot, face.owner, face.locked, face.wrapped_key, face.epoch) for face in seen.faces] == [
        (1, "u-red", True, b"anew-1", 8), (4, None, False, b"anew-4", 8),
    ]  # fmt: skip
    async with catalog.database.reading() as connection:
        assert [row._asdict() for row in await connection.execute(select(tables.TAG))] == [tag]
        assert (await connection.execute(select(tables.PHOTO.c.certificate))).scalar() == "after"


async def test_erased(catalog: Catalog) -> None:
    """A face that has no key gets none, and one that can never be shown again loses its own."""
    await publish(catalog, PHOTO)
    await set_face(catalog, 1, wrapped_key=None)
    gone = replace(NEW, faces=(NEW.faces[0], replace(NEW.faces[1], wrapped_key=None)))
    assert await reseal(catalog, gone, PHOTO.version, "")
    assert [face.wrapped_key for face in (await read(catalog)).faces] == [None, None]


@pytest.mark.parametrize("restricted", [True, False])
async def test_new_face(catalog: Catalog, restricted: bool) -> None:
    """A slot that is not known becomes a face of nobody's, and starts locked where a lock or an erasure is kept."""
    await publish(catalog, PHOTO)
    found = Face(9, (71, 51, 13, 14), "u-eve", None, b"new", shown=True)
    if restricted:
        async with catalog.database.writing() as connection:
            await restrictions.keep(connection, PHOTO, replace(found, box=(70, 50, 12, 12)), "erasure", 1.5)
    assert await reseal(catalog, replace(NEW, faces=(*NEW.faces, found)), PHOTO.version, "")
    face = (await read(catalog)).faces[-1]
    assert (face.slot, face.box, face.owner, face.wrapped_key, face.locked, face.shown, face.epoch) == (
        9, (71, 51, 13, 14), None, b"new", restricted, False, 1,
    )  # fmt: skip


@pytest.mark.parametrize("published", [True, False], ids=["another-version", "removed"])
async def test_meanwhile(catalog: Catalog, published: bool) -> None:
    """Where another version is shown by now, or none, nothing changes."""
    if published:
        await publish(catalog, replace(PHOTO, version=b"x" * 16))
    assert not await reseal(catalog, NEW, PHOTO.version, "")
    seen = await catalog.photo("/t1.jpg")
    assert (seen and seen.version) == (b"x" * 16 if published else None)


async def test_told(catalog: Catalog) -> None:
    """Whoever listens hears of the photo."""
    heard: list[str] = []
    await publish(catalog, PHOTO)
    catalog.changes.hear(heard.append)
    await reseal(catalog, NEW, PHOTO.version, "")
    assert heard == ["p/t1.jpg"]
