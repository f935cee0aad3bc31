"""One call of an operation: what it is about, and what it needs to do its work."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edge.catalog import Face
from edge.catalog import Photo
from edge.config import Policy
from edge.control.caller import Caller
from edge.control.change import Change
from edge.control.state import State
from edge.control.state import Tag
from edge.errors import Forbidden


@dataclass(frozen=True, slots=True)
class Act:
    """``place`` has what the route names (``photo``, ``face``, ``person``, ``group``, ``member``), ``body`` the parsed body."""

    change: Change
    policy: Policy
    place: Mapping[str, str]
    body: Any = None
    state: State | None = None

    @property
    def caller(self) -> Caller:
        """Who acts."""
        return self.change.caller

    @property
    def photo(self) -> Photo:
        """The photo that the route names."""
        assert self.state is not None  # noqa: S101 - the operation's route names a photo
        return self.state.photo

    @property
    def face(self) -> Face:
        """The face that the route names."""
        assert self.state is not None  # noqa: S101 - the operation's route names a face
        return self.state.face(int(self.place["face"]))

    @property
    def person(self) -> str:
        """The person that the route names."""
        return self.place["person"]

    @property
    def tag(self) -> Tag:
        """What is said of the person and the face that the route names."""
        assert self.state is not None  # noqa: S101 - the operation's route names a face
        return self.state.tag(self.face.slot, self.person)

    def require_self(self) -> None:
        """Only the person that the route names, or a service; raises ``Forbidden``."""
        if not self.caller.is_service and self.person != self.caller.id:
            raise Forbidden

    async def set_face(self, **columns: Any) -> None:
        """Set columns of the face; its epoch grows."""
        await self.change.face(self.photo, self.face.slot, **columns)

    def note(self, action: str, subject: str | None = None) -> None:
        """Leave an entry about the face."""
        self.change.note(action, self.photo, [self.face.slot], subject)
