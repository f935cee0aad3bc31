"""A control desk over one catalog, without HTTP: publish, ask for operations as anybody, look at decisions."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from edge.audit.anchor import Anchor
from edge.audit.log import LogBook
from edge.audit.log import rows
from edge.catalog import Catalog
from edge.catalog import Face
from edge.catalog import Photo
from edge.catalog.publication import Naming
from edge.catalog.publication import publish
from edge.config import Policy
from edge.control.caller import OPERATOR
from edge.control.caller import Caller
from edge.control.change import Changes
from edge.control.operations import OPERATIONS
from edge.control.perform import Control
from edge.control.perform import Reply
from edge.friends import NO_FRIENDS
from edge.policy import Ties
from edge.policy import decide
from edge.viewer import STRANGER
from edge.viewer import Viewer
from tests.fakes import NOW
from tests.keys import MemoryKeys

PATH = "/t1.jpg"
BY_NAME = {operation.name: operation for operation in OPERATIONS}


def person(name: str) -> Caller:
    """Somebody with a viewer's token."""
    return Caller("person", name, Viewer(name, NOW + 900, NO_FRIENDS))


@dataclass(frozen=True)
class Desk:
    """``do`` asks for an operation; ``sees`` tells what a viewer gets."""

    catalog: Catalog
    control: Control
    policy: Policy

    async def publish(self, *owners: str | None, path: str = PATH, namings: tuple[Naming, ...] = ()) -> None:
        """A photo by u-up with these owners in slots 0, 1, …"""
        faces = tuple(Face(slot, (40 * slot, 5, 30, 30), owner, None, b"key-%d" % slot) for slot, owner in enumerate(owners))
        photo = Photo(path, b"i" * 16, b"v" * 16, b"h" * 32, 1, 400, 300, b"wrapped", NOW, faces, "u-up")
        await publish(self.catalog, photo, namings=namings)

    async def do(
        self, name: str, who: str | None = None, *, face: int | None = None, path: str | None = None,
        body: dict[str, Any] | None = None, if_match: str | None = None, **place: str,
    ) -> Reply:  # fmt: skip
        """The operation as this person, or as the operator; about ``PATH`` where the route names a photo."""
        operation = BY_NAME[name]
        if "{photo}" in operation.route:
            place["photo"] = path or PATH
        if face is not None:
            place["face"] = str(face)
        parsed = operation.body(**(body or {})) if operation.body else None
        caller = OPERATOR if who is None else person(who)
        return await self.control.perform(operation, caller, place, parsed, NOW, if_match)

    async def photo(self, path: str = PATH) -> Photo:
        """The photo as the catalog has it."""
        photo = await self.catalog.photo(path)
        assert photo is not None
        return photo

    async def sees(self, who: str | None = None, *friends: str, path: str = PATH) -> frozenset[int]:
        """The faces this viewer gets as they are."""
        photo = await self.photo(path)
        viewer = STRANGER if who is None else Viewer(who, NOW + 900, NO_FRIENDS)
        owners = [face.owner for face in photo.faces if face.owner and face.tied]
        told = [] if who is None else await self.catalog.ties(who, owners)
        groups = frozenset((owner, group) for owner, group in told if group is not None)
        ties = Ties(frozenset(friends), groups, frozenset(owner for owner, group in told if group is None))
        return decide(photo, viewer, ties, NOW, self.policy)

    async def epochs(self, path: str = PATH) -> list[tuple[int, int]]:
        """The epochs of all faces."""
        return [(face.epoch, face.owner_epoch) for face in (await self.photo(path)).faces]

    async def actions(self) -> list[str]:
        """What the log holds."""
        async with self.catalog.database.reading() as connection:
            return [row.action async for row in rows(connection)]


@asynccontextmanager
async def desk(catalog: Catalog, **policy: Any) -> AsyncIterator[Desk]:
    """A desk with this policy."""
    settings = Policy(**policy)
    yield Desk(catalog, Control(Changes(catalog, LogBook(catalog, MemoryKeys()), Anchor(None)), settings), settings)
