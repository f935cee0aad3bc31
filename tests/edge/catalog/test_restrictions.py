"""Locks and erasures by place: whatever is published, deleted or left out between, whom nobody may see is shown to nobody."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from sqlalchemy import select

from edge.catalog import Catalog
from edge.catalog import Face
from edge.catalog import Photo
from edge.catalog import restrictions
from edge.catalog import tables
from edge.catalog.publication import publish
from edge.catalog.publication import remove
from edge.catalog.restrictions import Kind
from edge.catalog.restrictions import Place
from edge.catalog.restrictions import Restriction
from edge.catalog.restrictions import common
from edge.catalog.restrictions import share
from tests.control.offline import desk
from tests.edge.catalog.test_publication import FACES
from tests.edge.catalog.test_publication import PHOTO
from tests.edge.catalog.test_publication import again
from tests.edge.catalog.test_publication import read
from tests.fakes import NOW

LOCK, ERASURE = ("lock",), ("erasure",)


async def restrict(catalog: Catalog, **kinds: int) -> None:
    """Restrict the places of these faces of the photo, by slot."""
    async with catalog.database.writing() as connection:
        for kind, slot in kinds.items():
            face = next(face for face in PHOTO.faces if face.slot == slot)
            await restrictions.keep(connection, PHOTO, face, kind, NOW)  # type: ignore[arg-type]


async def kept(catalog: Catalog) -> list[Restriction]:
    """All that is kept of the photo's path."""
    async with catalog.database.reading() as connection:
        return await restrictions.kept(connection, PHOTO.path)


async def locked(catalog: Catalog) -> dict[int, bool]:
    """Which faces of the photo are locked."""
    return {face.slot: face.locked for face in (await read(catalog)).faces}


def sized(photo: Photo, across: float, down: float) -> Photo:
    """The same picture in another size, with the same faces."""
    times = (across, down, across, down)
    faces = tuple(
        replace(face, box=tuple(round(side * by) for side, by in zip(face.box, times, strict=True))) for face in photo.faces
    )
    return again(photo, faces=faces, width=round(photo.width * across), height=round(photo.height * down))


@pytest.mark.parametrize("between", ["nothing", "a-delete", "a-blank-version", "a-version-of-others"])
@pytest.mark.parametrize("kind", ["lock", "erasure"])
async def test_outlives_everything(catalog: Catalog, kind: Kind, between: str) -> None:
    """A face starts locked where a lock or an erasure is kept, whatever was published or deleted between; others do not."""
    await publish(catalog, PHOTO)
    await restrict(catalog, **{kind: 1})
    if between == "a-delete":
        await remove(catalog, PHOTO.path)
    elif between != "nothing":
        others = (Face(0, (80, 60, 9, 9), None, None, b"k"),) if between == "a-version-of-others" else ()
        await publish(catalog, again(PHOTO, faces=others))
        assert not any((await locked(catalog)).values())
    for _ in range(2):
        await publish(catalog, PHOTO)
        assert await locked(catalog) == {1: True, 4: False}


async def test_every_face_in_the_place(catalog: Catalog) -> None:
    """Whatever shares enough of the place is locked, be it larger, smaller or moved; what lies beside is not."""
    await restrict(catalog, lock=4)
    boxes = {0: (64, 12, 20, 20), 1: (65, 15, 5, 5), 2: (5, 5, 90, 60), 3: (75, 10, 20, 20), 5: (40, 10, 20, 20)}
    await publish(catalog, replace(PHOTO, faces=tuple(Face(slot, box, None, None, b"k") for slot, box in boxes.items())))
    assert await locked(catalog) == {0: True, 1: True, 2: True, 3: False, 5: False}


@pytest.mark.parametrize("times", [0.25, 0.5, 2, 4])
async def test_outlives_another_size(catalog: Catalog, times: float) -> None:
    """The same picture in another size has its locks and erasures on the same faces, and on no others."""
    await restrict(catalog, lock=1)
    await publish(catalog, sized(PHOTO, times, times))
    assert await locked(catalog) == {1: True, 4: False}


@pytest.mark.parametrize(
    "photo",
    [
        pytest.param(again(PHOTO, width=80, height=100), id="turned"),
        pytest.param(again(PHOTO, width=100, height=60), id="cut-at-one-side"),
        pytest.param(again(PHOTO, width=50, height=40, faces=(FACES[1],)), id="cut-all-around"),
        pytest.param(
            again(PHOTO, width=50, height=40, faces=(replace(FACES[0], box=(10, 22, 12, 12)), FACES[1])), id="in-its-pixels-alone"
        ),
    ],
)
async def test_doubt_locks_all(catalog: Catalog, photo: Photo) -> None:
    """Where the place cannot be found again, since the picture was cut or turned, every face is locked."""
    await restrict(catalog, erasure=1)
    await publish(catalog, photo)
    assert all((await locked(catalog)).values())
    await publish(catalog, PHOTO)
    assert await locked(catalog) == {1: True, 4: False}


async def test_small_moves_lead_nowhere(catalog: Catalog) -> None:
    """A face that moves a little with every version never leaves its lock behind, with a blank version between neither."""
    await restrict(catalog, lock=1)
    for step in range(1, 6):
        x = 10 + 10 * step
        await publish(catalog, again(PHOTO, faces=(Face(0, (x, 10, 20, 20), None, None, b"k"),)))
        assert await locked(catalog) == {0: True}, x
        await publish(catalog, again(PHOTO, faces=()))
    assert {each.since for each in await kept(catalog)} == {NOW}


async def test_the_same_again_is_kept_once(catalog: Catalog) -> None:
    """Publishing the same photo many times makes the table no longer."""
    await restrict(catalog, lock=1, erasure=4)
    for _ in range(3):
        await publish(catalog, PHOTO)
    assert [(each.number, each.kind, each.place.box) for each in await kept(catalog)] == [
        (0, "lock", FACES[0].box), (1, "erasure", FACES[1].box),
    ]  # fmt: skip


async def test_published_as_locked(catalog: Catalog) -> None:
    """A face that the upload job publishes as locked is locked in versions to come as well."""
    await publish(catalog, replace(PHOTO, faces=(replace(FACES[0], locked=True), FACES[1])))
    await remove(catalog, PHOTO.path)
    await publish(catalog, PHOTO)
    assert await locked(catalog) == {1: True, 4: False}


async def test_only_that_path(catalog: Catalog) -> None:
    """A lock is about one photo."""
    await restrict(catalog, lock=1)
    await publish(catalog, replace(PHOTO, path="/t2.jpg"))
    assert not any(face.locked for face in (await read(catalog, "/t2.jpg")).faces)


async def test_lock_until_unlock(catalog: Catalog) -> None:
    """A lock outlives versions and deletes, and once a service took it back it is kept no more."""
    async with desk(catalog, default_rule="everyone") as at:
        await at.publish("u-red", "u-blue")
        await at.do("lock", face=0)
        await at.do("delete-photo", "u-up")
        await at.publish("u-red", "u-blue")
        assert await at.sees() == await at.sees("u-red") == {1}
        await at.do("unlock", face=0)
        await at.publish("u-red", "u-blue")
        assert await at.sees() == {0, 1}
        assert await at.actions() == ["lock", "delete-photo", "unlock"]


async def test_erasure_until_somebody_looks(catalog: Catalog) -> None:
    """After a delete an erased face starts locked; a service may show it in that version, and in the next it is locked."""
    async with desk(catalog, default_rule="everyone") as at:
        await at.publish("u-red", "u-blue")
        await at.do("erase", "u-red", face=0)
        await at.do("delete-photo", "u-up")
        for _ in range(2):
            await at.publish("u-red", "u-blue")
            assert await at.sees() == await at.sees("u-red") == {1}
            await at.do("unlock", face=0)
            assert await at.sees() == {0, 1}


async def test_reason_is_for_services(catalog: Catalog) -> None:
    """Why a face is locked is told to services alone; its owner sees that it is, and everybody else nothing."""
    async with desk(catalog) as at:
        await at.publish("u-red", "u-blue", None)
        await at.do("lock", face=1)
        await at.do("erase", "u-red", face=0)
        await at.do("delete-photo", "u-up")
        await at.publish("u-red", "u-blue", None)
        told = (await at.do("list")).content["faces"]  # type: ignore[index]
        assert [face["locked_by"] for face in told] == [ERASURE, LOCK, ()]
        await at.do("lock", face=0)
        assert (await at.do("look", face=0)).content["locked_by"] == ERASURE + LOCK  # type: ignore[index]
        await at.do("unlock", face=0)
        assert (await at.do("look", face=0)).content["locked_by"] == ()  # type: ignore[index]
        for who in ("u-red", "u-blue", "u-up"):
            for face in (await at.do("list", who)).content["faces"]:  # type: ignore[index]
                assert "locked_by" not in face
                assert ("locked" in face) == (face["yours"] is True)


async def test_locked_on_an_erased_place(catalog: Catalog) -> None:
    """A lock set where the face was locked for an erasure anyway is kept as one, and only that one is taken back."""
    async with desk(catalog) as at:
        await at.publish("u-red")
        await at.do("erase", "u-red", face=0)
        await at.do("delete-photo", "u-up")
        await at.publish("u-red")
        for _ in range(2):
            await at.do("lock", face=0)
        assert [each.kind for each in await kept(catalog)] == ["erasure", "lock"]
        await at.do("unlock", face=0)
        assert [each.kind for each in await kept(catalog)] == ["erasure"]
        assert await at.actions() == ["erase", "delete-photo", "lock", "unlock"]


@pytest.mark.parametrize(
    ("released", "left"),
    [
        pytest.param((20, 0, 10, 10), {"theirs"}, id="its-own-and-not-the-neighbours"),
        pytest.param((26, 0, 10, 10), {"own", "theirs"}, id="too-far-from-either"),
    ],
)
async def test_unlock_leaves_the_neighbours(catalog: Catalog, released: tuple[int, ...], left: set[str]) -> None:
    """Taking a lock back never takes back one that lies nearer on another face, or on a face that was not found this time."""
    own, theirs = Face(0, (20, 0, 10, 10), None, None, b"k"), Face(1, (15, 0, 10, 10), None, None, b"k")
    async with catalog.database.writing() as connection:
        before = replace(PHOTO, faces=(own, theirs))
        for face in before.faces:
            await restrictions.keep(connection, before, face, "lock", NOW)
        here = replace(own, box=released)
        photo = replace(PHOTO, faces=(here, theirs) if released == own.box else (here,))
        await restrictions.release(connection, photo, here)
    names: Mapping[tuple[int, ...], str] = {own.box: "own", theirs.box: "theirs"}
    assert {names[each.place.box] for each in await kept(catalog)} == left


async def test_no_half_rows(catalog: Catalog) -> None:
    """What is kept holds no person, and the time it was kept."""
    await restrict(catalog, lock=1)
    async with catalog.database.reading() as connection:
        (row,) = (await connection.execute(select(tables.RESTRICTION))).all()
    assert row._asdict() == {
        "path": "/t1.jpg", "number": 0, "kind": "lock", "x": 10, "y": 10, "w": 20, "h": 20, "width": 100, "height": 80,
        "since": NOW,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other", "shared", "both"),
    [
        pytest.param((0, 0, 10, 10), (0, 0, 10, 10), 1.0, 1.0, id="same"),
        pytest.param((0, 0, 10, 10), (10, 0, 10, 10), 0.0, 0.0, id="side-by-side"),
        pytest.param((0, 0, 10, 10), (5, 0, 10, 10), 0.5, 1 / 3, id="half"),
        pytest.param((0, 0, 100, 100), (20, 20, 10, 10), 1.0, 0.01, id="within"),
        pytest.param((0, 0, 10, 10), (30, 30, 10, 10), 0.0, 0.0, id="apart"),
        pytest.param((0, 0, 0, 0), (0, 0, 10, 10), 0.0, 0.0, id="empty"),
    ],
)
def test_shares(one: tuple[int, int, int, int], other: tuple[int, int, int, int], shared: float, both: float) -> None:
    """The share is of the smaller box, the other measure of both together; each the same both ways, in any size."""
    assert share(one, other) == share(other, one) == shared
    assert common(one, other) == common(other, one) == both
    twice = Place(tuple(2 * side for side in other), 400, 200)  # type: ignore[arg-type]
    assert Place(one, 200, 100).share(twice) >= shared
    assert Place(one, 200, 100).common(twice) >= both
