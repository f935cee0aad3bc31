"""temporary"""
from collections.abc import AsyncIterator
from collections.abc import Sequence
from contextlib import asynccontextmanager

from edge.config import Keys
from edge.keys import ring
from edge.keys.service import KeyService


class _Ring:
    def __init__(self, keys: ring.KeyRing) -> None:
        self._keys = keys

    async def wrap(self, keys: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        return [self._keys.wrap(key, context) for key, context in keys]

    async def unwrap(self, wrapped: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        return [self._keys.unwrap(key, context) for key, context in wrapped]


@asynccontextmanager
async def open_keys(settings: Keys) -> AsyncIterator[KeyService]:
    yield _Ring(ring.read(settings.ring))
