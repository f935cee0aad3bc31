"""The catalog: what is published is all there or not at all."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from edge.catalog import Catalog
from edge.catalog import Face
from edge.catalog import Photo
from edge.errors import Unavailable
from edge.photos import Photos
from tests.fakes import NOW

FACES = (
    Face(1, (1, 2, 3, 4), "u-red", None, b"wrapped-1"),
    Face(4, (5, 6, 7, 8), None, None, b"wrapped-4"),
)
PHOTO = Photo("/t1.jpg", b"i" * 16, b"v" * 16, b"h" * 32, 1_000, 40, 30, b"wrapped", NOW, FACES)


@pytest.fixture
async def catalog(tmp_path: Path) -> AsyncIterator[Catalog]:
    """An empty catalog."""
    async with Catalog.open(f"sqlite+aiosqlite:///{tmp_path}/c.sqlite3") as opened:
        yield opened


def again(photo: Photo, **changes: object) -> Photo:
    """The next version of a photo."""
    return replace(photo, version=b"w" * 16, **changes)  # type: ignore[arg-type]


async def test_round_trip(catalog: Catalog) -> None:
    """What was published reads back equal, and nothing reads where nothing was published."""
    assert await catalog.publish(PHOTO) is None
    assert await catalog.photo("/t1.jpg") == PHOTO
    for path in ("/t2.jpg", "/T1.jpg", "t1.jpg", "/t1.jpg ", "/t1%", "", "%"):
        assert await catalog.photo(path) is None


async def test_photo_without_faces(catalog: Catalog) -> None:
    """A photo that shows nobody is published as it is."""
    bare = replace(PHOTO, faces=())
    await catalog.publish(bare)
    assert await catalog.photo("/t1.jpg") == bare


async def test_publishing_again_replaces_everything(catalog: Catalog) -> None:
    """The version before is named for sweeping, and none of its faces stays."""
    await catalog.publish(PHOTO)
    fresh = again(PHOTO, faces=(Face(9, (1, 1, 1, 1), "u-blue", None, b"k"),))
    assert await catalog.publish(fresh) == PHOTO.version
    assert await catalog.photo("/t1.jpg") == fresh


async def test_failed_publication_leaves_the_old_one(catalog: Catalog) -> None:
    """A publication is one transaction: a face that cannot be stored takes the whole of it back."""
    await catalog.publish(PHOTO)
    twice = (FACES[0], FACES[0])
    with pytest.raises(Unavailable):
        await catalog.publish(again(PHOTO, faces=twice))
    assert await catalog.photo("/t1.jpg") == PHOTO


@pytest.mark.parametrize(
    "change",
    [{"version": b"short"}, {"photo_id": b""}, {"base_sha256": b"x" * 31}, {"base_size": 0}, {"width": 0}],
    ids=str,
)
async def test_half_records_are_refused(catalog: Catalog, change: dict[str, object]) -> None:
    """The database itself refuses identifiers and hashes of the wrong length."""
    with pytest.raises(Unavailable):
        await catalog.publish(replace(PHOTO, **change))  # type: ignore[arg-type]
    assert await catalog.photo("/t1.jpg") is None


async def test_rules(catalog: Catalog) -> None:
    """An override beats the owner's rule, and taking it back brings that one back."""
    await catalog.publish(PHOTO)

    async def rule() -> str | None:
        photo = await catalog.photo("/t1.jpg")
        assert photo is not None
        assert photo.faces[1].rule is None  # nobody's face has nobody's rule
        return photo.faces[0].rule

    assert await rule() is None
    await catalog.set_rule("u-red", "friends")
    assert await rule() == "friends"
    assert await catalog.set_override("/t1.jpg", "u-red", "nobody")
    assert await rule() == "nobody"
    await catalog.set_rule("u-red", "everyone")
    assert await rule() == "nobody"
    assert await catalog.set_override("/t1.jpg", "u-red", None)
    assert await rule() == "everyone"
    assert not await catalog.set_override("/t1.jpg", "u-blue", "everyone")
    with pytest.raises(Unavailable):
        await catalog.set_rule("u-red", "anyone")


async def test_publishing_again_keeps_the_owners_override(catalog: Catalog) -> None:
    """A photo sealed anew never shows more than its owners had allowed on it."""
    await catalog.publish(PHOTO)
    await catalog.set_rule("u-red", "everyone")
    await catalog.set_override("/t1.jpg", "u-red", "nobody")
    moved = (replace(FACES[0], slot=7), FACES[1])
    await catalog.publish(again(PHOTO, faces=moved))
    photo = await catalog.photo("/t1.jpg")
    assert photo is not None
    assert [(face.owner, face.rule) for face in photo.faces] == [(None, None), ("u-red", "nobody")]


def on_disk(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


async def test_an_override_outlives_everything(catalog: Catalog) -> None:
    """Publishing without claims, or removing the photo, and claiming again later: the owner's override still holds."""
    await catalog.publish(PHOTO)
    await catalog.set_rule("u-red", "everyone")
    await catalog.set_override("/t1.jpg", "u-red", "nobody")
    await catalog.publish(again(PHOTO, faces=tuple(replace(face, owner=None) for face in FACES)))
    await catalog.remove("/t1.jpg")
    await catalog.publish(PHOTO)
    photo = await catalog.photo("/t1.jpg")
    assert photo is not None
    assert {face.rule for face in photo.faces if face.owner == "u-red"} == {"nobody"}


async def test_writers_wait_for_each_other(catalog: Catalog) -> None:
    """A change made while a photo is published comes before or after it, and is never lost."""
    await catalog.publish(PHOTO)
    await catalog.set_rule("u-red", "everyone")
    await asyncio.gather(
        *(catalog.publish(again(PHOTO, faces=PHOTO.faces)) for _ in range(5)),
        *(catalog.set_override("/t1.jpg", "u-red", "nobody") for _ in range(5)),
    )
    photo = await catalog.photo("/t1.jpg")
    assert photo is not None
    assert {face.rule for face in photo.faces if face.owner == "u-red"} == {"nobody"}


async def test_deleted_keys_leave_the_disk(catalog: Catalog, tmp_path: Path) -> None:
    """After a photo is removed, its wrapped keys are in no file of the catalog, while it is still open."""
    await catalog.publish(replace(PHOTO, wrapped_key=b"key of the directory"))
    assert b"key of the directory" in on_disk(tmp_path)
    await catalog.remove("/t1.jpg")
    assert b"key of the directory" not in on_disk(tmp_path)
    assert not any(face.wrapped_key in on_disk(tmp_path) for face in FACES)


async def test_remove(catalog: Catalog, tmp_path: Path) -> None:
    """Removing a photo takes every key of it along."""
    await catalog.publish(PHOTO)
    assert await catalog.remove("/t1.jpg") == PHOTO.version
    assert await catalog.remove("/t1.jpg") is None
    assert await catalog.photo("/t1.jpg") is None
    with sqlite3.connect(tmp_path / "c.sqlite3") as plain:
        assert plain.execute("SELECT count(*) FROM face").fetchone() == (0,)
    plain.close()


async def test_certificate_is_kept(catalog: Catalog, tmp_path: Path) -> None:
    """The certificate is stored as it was given."""
    await catalog.publish(PHOTO, '{"recognisers": []}')
    with sqlite3.connect(tmp_path / "c.sqlite3") as plain:
        assert plain.execute("SELECT certificate FROM photo").fetchone() == ('{"recognisers": []}',)
    plain.close()


async def test_files_are_private(catalog: Catalog, tmp_path: Path) -> None:
    """Neither the database nor its log can be read by others."""
    await catalog.publish(PHOTO)
    files = list(tmp_path.iterdir())  # noqa: ASYNC240
    assert len(files) >= 2
    assert all(file.stat().st_mode & 0o177 == 0 for file in files)


async def test_not_a_database(tmp_path: Path) -> None:
    """A catalog that cannot be read is Unavailable, and says nothing of what is in it."""
    (tmp_path / "c.sqlite3").write_bytes(b"secret" * 1_000)
    with pytest.raises(Unavailable) as refused:
        async with Catalog.open(f"sqlite+aiosqlite:///{tmp_path}/c.sqlite3"):
            pass
    assert "secret" not in str(refused.value)
    with pytest.raises(Unavailable):
        async with Catalog.open(f"sqlite+aiosqlite:///{tmp_path}/none/c.sqlite3"):
            pass


async def test_changes_are_seen_within_seconds(catalog: Catalog) -> None:
    """What the edge remembers of a photo ends after the configured seconds."""
    await catalog.publish(PHOTO)
    photos = Photos(catalog, seconds=5, items=10)
    assert (await photos.find("/t1.jpg", NOW)).faces[0].rule is None
    await catalog.set_rule("u-red", "nobody")
    assert (await photos.find("/t1.jpg", NOW + 4.9)).faces[0].rule is None
    assert (await photos.find("/t1.jpg", NOW + 5)).faces[0].rule == "nobody"
