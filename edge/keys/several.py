"""Several key services as one: the primary wraps, and each opens what it wrapped, while keys move from one to the other."""

import asyncio
from collections.abc import Mapping
from collections.abc import Sequence

from edge.errors import KeyRingError
from edge.keys.service import KeyService
from edge.keys.service import Pair
from edge.keys.wrapped import wrapped_by


class Several:
    """A ``KeyService`` over others: those ``named`` open what bears their name, the ``ring`` (if any) all else."""

    def __init__(self, primary: KeyService, named: Mapping[str, KeyService], ring: KeyService | None) -> None:
        self._primary = primary
        self._named = named
        self._ring = ring

    def __repr__(self) -> str:
        return f"<Several, primary {self._primary!r}>"

    @property
    def primary(self) -> str:
        """The primary service's own primary."""
        return self._primary.primary

    async def wrap(self, keys: Sequence[Pair]) -> list[bytes]:
        """As the primary service does."""
        return await self._primary.wrap(keys)

    async def unwrap(self, wrapped: Sequence[Pair]) -> list[bytes]:
        """Each key by the service that wrapped it; one batch for each, at the same time."""
        shares: dict[KeyService, list[int]] = {}
        for place, (sealed, _) in enumerate(wrapped):
            shares.setdefault(self._holder(wrapped_by(sealed)), []).append(place)
        calls = (service.unwrap([wrapped[place] for place in places]) for service, places in shares.items())
        opened: dict[int, bytes] = {}
        for places, keys in zip(shares.values(), await asyncio.gather(*calls), strict=True):
            opened |= zip(places, keys, strict=True)
        return [opened[place] for place in range(len(wrapped))]

    def _holder(self, key_id: str) -> KeyService:
        service = self._named.get(key_id, self._ring)
        if service is None:
            raise KeyRingError("no key service holds the key that wrapped this")
        return service
