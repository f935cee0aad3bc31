"""The seam to whoever holds the wrapping keys: a ring in a file, or a service that never gives them away."""

from collections.abc import Sequence
from typing import Protocol

Pair = tuple[bytes, bytes]  # a key or a wrapped key, and the context it is bound to


class KeyService(Protocol):
    """Wraps and opens small keys in batches; a wrapped key opens under its own context and nowhere else.

    A batch comes back whole and in order, or as an exception: ``Damaged`` where anything was altered or moved,
    ``KeyRingError`` where a wrapping key is missing, and its kind ``KeyServiceFailed`` where a later try may work.
    Every call ends within a bound of time, and no exception holds anything of a key.
    """

    @property
    def primary(self) -> str:
        """The id of the wrapping key that ``wrap`` uses now."""

    async def wrap(self, keys: Sequence[Pair]) -> list[bytes]:
        """Each key, wrapped by the primary for its context; ``edge.keys.wrapped.wrapped_by`` reads which that was."""

    async def unwrap(self, wrapped: Sequence[Pair]) -> list[bytes]:
        """Each key, as it was before it was wrapped for the same context."""
