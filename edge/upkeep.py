"""What an edge does every second, asked or not: keys and friends leave memory, reveals are written, nothing stays put off.

Each chore runs by itself, so that a catalog which does not answer never keeps a key in memory.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from edge.audit.reveals import Reveals
from edge.cache.store import Cache
from edge.catalog import Catalog
from edge.metrics import Metrics
from edge.urls.door import UrlDoor

SECONDS = 1.0

_log = logging.getLogger("mfmc.edge")


@dataclass(frozen=True, slots=True)
class Upkeep:
    """The chores of one edge; ``slowest`` is how late a change may be seen where nobody tells of it, in seconds."""

    purges: Sequence[Callable[[float], None]]
    reveals: Reveals
    catalog: Catalog
    disk: Cache
    metrics: Metrics
    clock: Callable[[], float]
    slowest: float
    door: UrlDoor | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Does them for as long as this lasts."""
        purges = self.purges if self.door is None else (*self.purges, self.door.purge)
        chores = [*map(self._purging, purges), self._flush, self.catalog.database.tidy, self._measure]
        if self.door is not None:
            chores.append(self.door.renew)
        tasks = [asyncio.create_task(_every_second(chore)) for chore in chores]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _purging(self, purge: Callable[[float], None]) -> Callable[[], Awaitable[None]]:
        async def purged() -> None:
            purge(self.clock())

        return purged

    async def _flush(self) -> None:
        await self.reveals.flush(self.clock())

    async def _measure(self) -> None:
        self.metrics.lag(min(self.slowest, self.catalog.changes.lag))
        self.metrics.disk(await self.disk.size())
        self.metrics.settle()


async def _every_second(chore: Callable[[], Awaitable[None]]) -> None:
    while True:
        await asyncio.sleep(SECONDS)
        try:
            await chore()
        except Exception as error:  # it may work a second later
            _log.error("a chore failed: %(error)s", {"error": type(error).__name__})
