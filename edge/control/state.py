"""One photo as control sees it: its record, who may be on it, and who asked to see whom."""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from edge.catalog import Face
from edge.catalog import Photo
from edge.catalog import restrictions
from edge.catalog import tables
from edge.catalog.database import hold
from edge.catalog.restrictions import Kind
from edge.catalog.store import PHOTO
from edge.catalog.store import photo_of
from edge.errors import NotFound


@dataclass(frozen=True, slots=True)
class Tag:
    """Who a face may be: proposed by the uploader, and what the person says of it: "" (nothing yet), "yes" or "no"."""

    person: str
    proposed: bool
    answer: str


@dataclass(frozen=True, slots=True)
class Request:
    """Who asked to see a face, and the answer: "" (none yet), "yes" or "no"."""

    person: str
    answer: str


@dataclass(frozen=True, slots=True)
class State:
    """A photo, and by slot its tags, requests, the people it was suggested to, and what is kept of its place."""

    photo: Photo
    tags: Mapping[int, tuple[Tag, ...]] = field(default_factory=dict)
    requests: Mapping[int, tuple[Request, ...]] = field(default_factory=dict)
    suggested: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    reasons: Mapping[int, tuple[Kind, ...]] = field(default_factory=dict)

    def face(self, slot: int) -> Face:
        """The face in this slot; raises ``NotFound``."""
        for face in self.photo.faces:
            if face.slot == slot:
                return face
        raise NotFound

    def tag(self, slot: int, person: str) -> Tag:
        """What is said of this person there; an empty tag where nothing is."""
        return next((tag for tag in self.tags.get(slot, ()) if tag.person == person), Tag(person, False, ""))

    def request(self, slot: int, person: str) -> Request | None:
        """This person's request to see the face, if there is one."""
        return next((request for request in self.requests.get(slot, ()) if request.person == person), None)


async def load(connection: AsyncConnection, path: str, *, lock: bool) -> State:
    """The state of the photo at ``path``, held still until the transaction ends if ``lock``; raises ``NotFound``."""
    if lock:
        await hold(connection, path)
    rows = (await connection.execute(PHOTO, {"path": path})).all()
    if not rows:
        raise NotFound
    tags: dict[int, tuple[Tag, ...]] = {}
    for row in await connection.execute(select(tables.TAG).filter_by(path=path).order_by(tables.TAG.c.person)):
        tags[row.slot] = (*tags.get(row.slot, ()), Tag(row.person, row.proposed, row.answer))
    requests: dict[int, tuple[Request, ...]] = {}
    for row in await connection.execute(select(tables.REQUEST).filter_by(path=path).order_by(tables.REQUEST.c.person)):
        requests[row.slot] = (*requests.get(row.slot, ()), Request(row.person, row.answer))
    suggested: dict[int, tuple[str, ...]] = {}
    for row in await connection.execute(select(tables.SUGGESTION).filter_by(path=path).order_by(tables.SUGGESTION.c.person)):
        suggested[row.slot] = (*suggested.get(row.slot, ()), row.person)
    photo = photo_of(rows)
    return State(photo, tags, requests, suggested, restrictions.reasons(await restrictions.kept(connection, path), photo))
