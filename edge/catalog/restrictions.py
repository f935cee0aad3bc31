"""Locks and erasures by place: kept with a photo's path, whatever is published there next, or nothing, and so never forgotten.

A restriction lies on a face that shares enough of its place, in pixels or in parts of the picture. In a picture of another size
where it lies on no face nobody can tell whom it is about (somebody cropped or turned the picture), and then it is about everyone.
"""

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from typing import Literal

from sqlalchemy import delete
from sqlalchemy import func
from sqlalchemy import insert
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from edge.catalog import tables
from edge.catalog.records import Face
from edge.catalog.records import Photo

SAME_PLACE_SHARE = 0.3  # of the smaller box; two faces of one picture seldom share so much
NEAR_SHARE = 0.6  # below that a face has moved, and the restriction is kept at its new place as well

Box = tuple[int, int, int, int]
Kind = Literal["erasure", "lock"]


@dataclass(frozen=True, slots=True)
class Place:
    """A box (x, y, w, h) in an upright picture of ``width`` x ``height``; pixels."""

    box: Box
    width: int
    height: int

    def share(self, other: "Place") -> float:
        """How much of the smaller box lies in the other one, in pixels or, where the sizes differ, in parts of the picture."""
        return max(share(self.box, other.box), share(self.box, other.in_size_of(self)))

    def common(self, other: "Place") -> float:
        """Intersection over union, likewise."""
        return max(common(self.box, other.box), common(self.box, other.in_size_of(self)))

    def is_scaled(self, other: "Place") -> bool:
        """Whether both pictures have one shape, but for rounding: then the one may be the other in another size."""
        return abs(self.width * other.height - self.height * other.width) <= other.width + other.height

    def in_size_of(self, other: "Place") -> Box:
        """The box where it lies once this picture has the other one's size."""
        across, down = other.width / self.width, other.height / self.height
        x, y, w, h = self.box
        return round(x * across), round(y * down), round(w * across), round(h * down)


@dataclass(frozen=True, slots=True)
class Restriction:
    """What is kept of one lock or erasure: ``since`` (unix seconds), and where the face was."""

    number: int
    kind: Kind
    place: Place
    since: float

    def on(self, photo: Photo) -> list[Face]:
        """The faces of ``photo`` that this is about: those it lies on, or in doubt all of them."""
        return [face for face in photo.faces if self.lies_on(face, photo)] if self._is_placed(photo) else list(photo.faces)

    def lies_on(self, face: Face, photo: Photo) -> bool:
        """Whether the face is in this place."""
        return place(face, photo).share(self.place) >= SAME_PLACE_SHARE

    def _is_placed(self, photo: Photo) -> bool:
        """Whether the picture is as large as it was, or the same one in another size with a face where one must be."""
        if (photo.width, photo.height) == (self.place.width, self.place.height):
            return True
        here = [place(face, photo) for face in photo.faces]
        return any(
            at.is_scaled(self.place) and share(at.box, self.place.in_size_of(at)) >= SAME_PLACE_SHARE for at in here
        )


def place(face: Face, photo: Photo) -> Place:
    """Where the face is."""
    return Place(face.box, photo.width, photo.height)


async def kept(connection: AsyncConnection, path: str) -> list[Restriction]:
    """All restrictions of this path, the oldest first."""
    rows = await connection.execute(select(tables.RESTRICTION).filter_by(path=path).order_by(tables.RESTRICTION.c.number))
    return [
        Restriction(row.number, row.kind, Place((row.x, row.y, row.w, row.h), row.width, row.height), row.since) for row in rows
    ]


def reasons(restrictions: Sequence[Restriction], photo: Photo) -> Mapping[int, tuple[Kind, ...]]:
    """By slot, why faces of ``photo`` may not be shown; slots without a reason are left out."""
    found: dict[int, set[Kind]] = {}
    for each in restrictions:
        for face in each.on(photo):
            found.setdefault(face.slot, set()).add(each.kind)
    return {slot: tuple(sorted(kinds)) for slot, kinds in found.items()}


async def keep(connection: AsyncConnection, photo: Photo, face: Face, kind: Kind, since: float) -> bool:
    """Keep a restriction of this very place, unless there is one; whether that changed anything. The path must be held."""
    x, y, w, h = face.box
    row: dict[str, Any] = {"path": photo.path, "kind": kind, "x": x, "y": y, "w": w, "h": h}
    row |= {"width": photo.width, "height": photo.height}
    table = tables.RESTRICTION
    if await connection.scalar(select(func.count()).select_from(table).filter_by(**row)):
        return False
    last = await connection.scalar(select(func.max(table.c.number)).filter_by(path=photo.path))
    await connection.execute(insert(table), row | {"number": 0 if last is None else last + 1, "since": since})
    return True


async def follow(connection: AsyncConnection, restrictions: Sequence[Restriction], photo: Photo) -> None:
    """Keep what lies on a face that has moved, at its new place as well, so that no number of small moves leads away from it."""
    for face in photo.faces:
        at = place(face, photo)
        for kind in ("erasure", "lock"):
            below = [each for each in restrictions if each.kind == kind and each.lies_on(face, photo)]
            if below and max(at.share(each.place) for each in below) < NEAR_SHARE:
                await keep(connection, photo, face, kind, min(each.since for each in below))


async def release(connection: AsyncConnection, photo: Photo, face: Face) -> None:
    """Forget the locks of this face: where it lies, and no other one nearer. Erasures stay, since nobody takes them back."""
    for each in await kept(connection, photo.path):
        here = place(face, photo).common(each.place)
        nearest = max(place(other, photo).common(each.place) for other in photo.faces)
        if each.kind == "lock" and here >= max(nearest, SAME_PLACE_SHARE):
            await connection.execute(delete(tables.RESTRICTION).filter_by(path=photo.path, number=each.number))


def share(one: Box, other: Box) -> float:
    """How much of the smaller box (x, y, w, h; pixels) lies in the other one: 0 to 1."""
    smaller = min(one[2] * one[3], other[2] * other[3])
    return _both(one, other) / smaller if smaller > 0 else 0.0


def common(one: Box, other: Box) -> float:
    """Intersection over union of two boxes (x, y, w, h; pixels): 0 to 1."""
    both = _both(one, other)
    return both / (one[2] * one[3] + other[2] * other[3] - both) if both else 0.0


def _both(one: Box, other: Box) -> int:
    width = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    height = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    return max(0, width) * max(0, height)
