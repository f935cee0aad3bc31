"""Who asks for a change."""

from dataclasses import dataclass
from typing import Literal

from edge.viewer import Viewer


@dataclass(frozen=True, slots=True)
class Caller:
    """A person with a viewer's token, or a service: the network's backend, or an operator at the command line.

    A service may do everything; a person what ``edge.control.standing`` says.
    """

    kind: Literal["person", "service"]
    id: str
    viewer: Viewer | None = None

    def __repr__(self) -> str:
        return f"<Caller {self.kind}>"

    @property
    def is_service(self) -> bool:
        """Whether this is the network's backend or an operator."""
        return self.kind == "service"

    @property
    def person(self) -> str | None:
        """The person who asks, None for a service."""
        return self.id if self.kind == "person" else None


OPERATOR = Caller("service", "operator")
