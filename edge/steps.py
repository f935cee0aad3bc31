"""The seam for whoever watches: what a request may have to wait for is a step, with a name, a beginning and an end."""

from contextlib import AbstractContextManager
from contextlib import nullcontext
from typing import Literal
from typing import Protocol

Name = Literal["catalog", "origin", "keys", "friends", "disk"]


class Steps(Protocol):
    """Whoever is told of steps; it learns their names, how long they take and which kind of error ends them, never of what."""

    def step(self, name: Name) -> AbstractContextManager[None]:
        """A step for as long as this lasts; whatever is raised in it goes on."""


class Unwatched:
    """Nobody is told."""

    def step(self, name: Name) -> AbstractContextManager[None]:
        """Nothing happens."""
        return nullcontext()


UNWATCHED = Unwatched()
