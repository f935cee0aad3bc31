"""temporary"""
from collections.abc import Sequence
from typing import Protocol


class KeyService(Protocol):
    async def wrap(self, keys: Sequence[tuple[bytes, bytes]]) -> list[bytes]: ...
    async def unwrap(self, wrapped: Sequence[tuple[bytes, bytes]]) -> list[bytes]: ...
