"""A key service in memory."""

import os
from collections.abc import Sequence

from edge.keys.ring import KeyRing


class MemoryKeys:
    """A ring that no file holds; counts how often it is asked."""

    def __init__(self, ring: KeyRing | None = None) -> None:
        self.ring = ring or KeyRing("k", {"k": os.urandom(32)})
        self.asked = 0

    @property
    def primary(self) -> str:
        return self.ring.primary

    async def wrap(self, keys: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        self.asked += 1
        return [self.ring.wrap(key, context) for key, context in keys]

    async def unwrap(self, wrapped: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        self.asked += 1
        return [self.ring.unwrap(key, context) for key, context in wrapped]
