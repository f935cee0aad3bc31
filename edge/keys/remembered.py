"""A key service that remembers opened keys for seconds, so that serving does not wait for a slow one again and again."""

import asyncio
import hashlib
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence

from edge.cache import key
from edge.cache.memory import Memory
from edge.cache.tally import Tally
from edge.errors import Damaged
from edge.errors import KeyRingError
from edge.errors import KeyServiceFailed
from edge.keys.service import KeyService
from edge.keys.service import Pair

ITEM_BYTES = 64

_Call = asyncio.Task[dict[bytes, bytes]]


class Remembered:
    """A ``KeyService`` around another one.

    Opened keys stay in memory for ``seconds``, under a digest of wrapped key and context; failures are never kept. What
    is not known goes to the service as one batch, and whoever asks for a key that is on its way waits for that batch.
    """

    def __init__(
        self, service: KeyService, clock: Callable[[], float], *, seconds: float, items: int, tally: Tally | None = None
    ) -> None:
        self._service = service
        self._clock = clock
        self._seconds = seconds
        self._memory: Memory[bytes, bytes] = Memory(items=items, size=items * ITEM_BYTES, tally=tally)
        self._calls: dict[bytes, _Call] = {}

    def __repr__(self) -> str:
        return f"<Remembered {self._service!r}>"

    def __len__(self) -> int:
        return len(self._memory)

    @property
    def primary(self) -> str:
        """The service's primary."""
        return self._service.primary

    async def wrap(self, keys: Sequence[Pair]) -> list[bytes]:
        """As the service does."""
        return await self._service.wrap(keys)

    async def unwrap(self, wrapped: Sequence[Pair]) -> list[bytes]:
        """Each key, from memory where it is there."""
        names = [_name(pair) for pair in wrapped]
        found = await self._found(dict(zip(names, wrapped, strict=True)), again=True)
        return [found[name] for name in names]

    def purge(self, now: float) -> None:
        """Let go of keys whose time is over."""
        self._memory.purge(now)

    async def _found(self, wanted: Mapping[bytes, Pair], *, again: bool) -> dict[bytes, bytes]:
        now = self._clock()
        kept = {name: self._memory.get(name, now) for name in wanted}
        found = {name: opened for name, opened in kept.items() if opened is not None}
        missing = {name: pair for name, pair in wanted.items() if name not in found}
        joined = {name: self._calls[name] for name in missing if name in self._calls}
        own = self._call({name: pair for name, pair in missing.items() if name not in joined})
        failed: dict[bytes, Pair] = {}
        for name, call in joined.items():
            try:
                found[name] = (await asyncio.shield(call))[name]
            except (Damaged, KeyRingError) as error:  # perhaps for the sake of another key in that batch
                if isinstance(error, KeyServiceFailed) or not again:
                    raise
                failed[name] = wanted[name]
        if own is not None:
            found |= await asyncio.shield(own)
        return found | await self._found(failed, again=False) if failed else found

    def _call(self, missing: Mapping[bytes, Pair]) -> _Call | None:
        if not missing:
            return None
        call = asyncio.create_task(self._opened(missing))
        self._calls |= dict.fromkeys(missing, call)
        call.add_done_callback(lambda done: self._ended(missing, done))
        return call

    def _ended(self, missing: Mapping[bytes, Pair], call: _Call) -> None:
        for name in missing:
            del self._calls[name]
        if not call.cancelled():
            call.exception()  # seen here, so that an abandoned failure is not printed by asyncio with its text

    async def _opened(self, missing: Mapping[bytes, Pair]) -> dict[bytes, bytes]:
        keys = await self._service.unwrap(list(missing.values()))
        if len(keys) != len(missing):
            raise KeyServiceFailed
        now = self._clock()
        for name, opened in zip(missing, keys, strict=True):
            self._memory.put(name, opened, size=len(opened), now=now, expires=now + self._seconds)
        return dict(zip(missing, keys, strict=True))


def _name(pair: Pair) -> bytes:
    return hashlib.sha256(key.joined(b"wrapped key", *pair)).digest()
