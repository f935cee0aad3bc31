"""The key ring behind the seam of the key services, read again when it meets a key that it does not know."""

import asyncio
import logging
from collections.abc import Callable
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from edge.cache.flight import Flight
from edge.errors import KeyRingError
from edge.keys import ring
from edge.keys.service import Pair

REREAD_SECONDS = 1.0

_log = logging.getLogger("mfmc.keys")


class RingService:
    """A ``KeyService`` over a ring's file.

    A rotation elsewhere is noticed without a restart: at the first key that the new primary wrapped, and before this
    service itself wraps. While the file cannot be read, the keys known so far stay good.
    """

    def __init__(self, file: Path, keys: ring.KeyRing, clock: Callable[[], float]) -> None:
        """``keys`` were just read from ``file``; ``clock`` gives seconds that never go back."""
        self._file = file
        self._keys = keys
        self._clock = clock
        self._read_at = clock()
        self._flight: Flight[Path, None] = Flight()

    @classmethod
    async def open(cls, file: Path, clock: Callable[[], float]) -> Self:
        """The ring in ``file``; raises ``KeyRingError`` as ``ring.read`` does."""
        return cls(file, await asyncio.to_thread(ring.read, file), clock)

    def __repr__(self) -> str:
        return f"<RingService {self._keys!r}>"

    @property
    def primary(self) -> str:
        """The id of the primary, as last read."""
        return self._keys.primary

    async def wrap(self, keys: Sequence[Pair]) -> list[bytes]:
        """Each key under the primary of the file as it is now."""
        await self._renew()
        return [self._keys.wrap(key, context) for key, context in keys]

    async def unwrap(self, wrapped: Sequence[Pair]) -> list[bytes]:
        """Each key; an id that is not known causes at most one reading of the file in ``REREAD_SECONDS``."""
        try:
            return self._unwrapped(wrapped)
        except KeyRingError:
            await self._renew()
            return self._unwrapped(wrapped)

    def _unwrapped(self, wrapped: Sequence[Pair]) -> list[bytes]:
        return [self._keys.unwrap(sealed, context) for sealed, context in wrapped]

    async def _renew(self) -> None:
        await self._flight.run(self._file, self._read_if_due)

    async def _read_if_due(self) -> None:
        now = self._clock()
        if now - self._read_at < REREAD_SECONDS:
            return
        self._read_at = now
        try:
            self._keys = await asyncio.to_thread(ring.read, self._file)
        except KeyRingError as error:
            _log.warning("the key ring cannot be read again: %(error)s", {"error": type(error).__name__})
