"""Carrying one operation out: look, check, change, look again, in one transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from edge.catalog import Face
from edge.config import Policy
from edge.control import standing
from edge.control import state
from edge.control.act import Act
from edge.control.caller import Caller
from edge.control.change import Changes
from edge.control.operations import Operation
from edge.errors import Forbidden
from edge.errors import Stale
from edge.errors import WrongModel


@dataclass(frozen=True, slots=True)
class Reply:
    """What the caller is told; ``tag`` is the entity tag of one face."""

    content: dict[str, Any] | None = None
    tag: str | None = None


@dataclass(frozen=True, slots=True)
class Control:
    """Does what callers ask for, as far as they may."""

    changes: Changes
    policy: Policy

    async def perform(
        self, operation: Operation, caller: Caller, place: Mapping[str, str], body: Any, now: float, if_match: str | None = None
    ) -> Reply:
        """One operation, whole or not at all.

        ``place`` holds what the route names, each in its strict shape. ``if_match`` is an If-Match field (RFC 9110 section
        13.1.1); only a face has an entity tag that can match. Raises ``Refusal``.
        """
        if operation.run is None:
            async with self.changes.catalog.database.reading() as connection:
                reply = await self._look(operation, caller, place, connection)
            _require_match(if_match, reply.tag)
            return reply
        async with self.changes.by(caller, now) as change:
            path = place.get("photo")
            found = None if path is None else await state.load(change.connection, path, lock=True)
            act = Act(change, self.policy, place, body, found)
            self._check(operation, act, if_match)
            await operation.run(act)
            if operation.about != "face":
                return Reply()
            assert path is not None  # noqa: S101 - a face's route names its photo
            return self._seen(await state.load(change.connection, path, lock=False), caller, place)

    async def _look(self, operation: Operation, caller: Caller, place: Mapping[str, str], connection: AsyncConnection) -> Reply:
        if operation.read is not None:
            if not caller.is_service and place["person"] != caller.id:
                raise Forbidden
            return Reply(await operation.read(connection, place, self.policy))
        found = await state.load(connection, place["photo"], lock=False)
        if operation.about == "face":
            return self._seen(found, caller, place)
        photo = found.photo
        known: dict[str, Any] = {"photo": photo.path, "width": photo.width, "height": photo.height}
        if caller.is_service:
            known |= {"uploader": photo.uploader, "version": photo.version.hex()}
        else:
            known["uploaded_by_you"] = photo.uploader == caller.id
        return Reply(known | {"faces": [self._listed(found, face, caller) for face in photo.faces]})

    def _listed(self, found: state.State, face: Face, caller: Caller) -> dict[str, Any]:
        """A face as it stands in the list of a photo's: with its entity tag, and for services with what signing a URL takes."""
        known = standing.seen(found, face, caller, self.policy)
        listed = known | {"etag": standing.entity_tag(known)}
        return listed | {"epochs": (face.epoch, face.owner_epoch)} if caller.is_service else listed

    def _check(self, operation: Operation, act: Act, if_match: str | None) -> None:
        if operation.about != "face":
            _require_match(if_match, None)
            return
        assert act.state is not None  # noqa: S101 - a face's route names its photo
        if not standing.is_known(operation.name, self.policy):
            raise WrongModel
        if operation.name not in standing.rights(act.state, act.face, act.caller, self.policy):
            raise Forbidden
        _require_match(if_match, self._seen(act.state, act.caller, act.place).tag)

    def _seen(self, found: state.State, caller: Caller, place: Mapping[str, str]) -> Reply:
        known = standing.seen(found, found.face(int(place["face"])), caller, self.policy)
        return Reply(known, standing.entity_tag(known))


def _require_match(if_match: str | None, tag: str | None) -> None:
    """Raises ``Stale`` unless there is no condition, or it holds: ``*``, or a list with this very tag."""
    if if_match is None or if_match.strip() == "*":
        return
    if tag is None or tag not in [held.strip() for held in if_match.split(",")]:
        raise Stale
