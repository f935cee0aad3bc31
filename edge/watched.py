"""The seams of whatever a request may wait for, each watched: the same answers, and a step around each question."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from types import SimpleNamespace

import aiohttp

from edge.cache.store import Cache
from edge.cache.tally import Tally
from edge.errors import OriginFailed
from edge.keys.service import KeyService
from edge.keys.service import Pair
from edge.origin import Origin
from edge.steps import Name
from edge.steps import Steps


class WatchedOrigin:
    """An ``Origin``."""

    def __init__(self, origin: Origin, steps: Steps) -> None:
        self._origin = origin
        self._steps = steps

    async def fetch(self, name: str) -> bytes:
        """As the origin does."""
        with self._steps.step("origin"):
            return await self._origin.fetch(name)

    async def close(self) -> None:
        """As the origin does."""
        await self._origin.close()


class WatchedKeys:
    """A ``KeyService``."""

    def __init__(self, service: KeyService, steps: Steps) -> None:
        self._service = service
        self._steps = steps

    def __repr__(self) -> str:
        return f"<WatchedKeys {self._service!r}>"

    @property
    def primary(self) -> str:
        """The service's primary."""
        return self._service.primary

    async def wrap(self, keys: Sequence[Pair]) -> list[bytes]:
        """As the service does."""
        with self._steps.step("keys"):
            return await self._service.wrap(keys)

    async def unwrap(self, wrapped: Sequence[Pair]) -> list[bytes]:
        """As the service does."""
        with self._steps.step("keys"):
            return await self._service.unwrap(wrapped)


class WatchedCache:
    """A ``Cache`` that also counts what it had."""

    def __init__(self, cache: Cache, steps: Steps, tally: Tally) -> None:
        self._cache = cache
        self._steps = steps
        self._tally = tally

    async def get(self, key: bytes) -> bytes | None:
        """As the cache does."""
        with self._steps.step("disk"):
            found = await self._cache.get(key)
        self._tally.count(found is not None)
        return found

    async def put(self, key: bytes, value: bytes) -> None:
        """As the cache does."""
        with self._steps.step("disk"):
            await self._cache.put(key, value)

    async def drop(self, key: bytes) -> None:
        """As the cache does."""
        with self._steps.step("disk"):
            await self._cache.drop(key)

    async def size(self) -> int:
        """As the cache does."""
        return await self._cache.size()


def watching(steps: Steps, name: Name) -> aiohttp.TraceConfig:
    """What makes a step of each request of an aiohttp client, until its answer's head is there; an error status is a failure."""
    config = aiohttp.TraceConfig()

    async def start(_: aiohttp.ClientSession, about: SimpleNamespace, __: object) -> None:
        about.step = steps.step(name)
        about.step.__enter__()

    async def end(_: aiohttp.ClientSession, about: SimpleNamespace, told: aiohttp.TraceRequestEndParams) -> None:
        _end(about.step, OriginFailed() if told.response.status >= 400 else None)

    async def broke(_: aiohttp.ClientSession, about: SimpleNamespace, told: aiohttp.TraceRequestExceptionParams) -> None:
        _end(about.step, told.exception)

    config.on_request_start.append(start)
    config.on_request_end.append(end)
    config.on_request_exception.append(broke)
    return config


def _end(step: AbstractContextManager[None], error: BaseException | None) -> None:
    step.__exit__(None if error is None else type(error), error, None)
