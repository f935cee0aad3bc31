"""SIGHUP: the edge as a new configuration describes it takes over, and the old one ends with the requests that it has begun.

What only a start can change is kept, and said. A configuration that does not work changes nothing.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from contextlib import AsyncExitStack
from contextlib import asynccontextmanager
from typing import Final
from typing import Self

import msgspec
from aiohttp import web

from edge import config
from edge import logs
from edge.app import App
from edge.errors import ConfigError
from edge.errors import KeyRingError
from edge.errors import Unavailable
from edge.metrics import Metrics

READY: Final = "/-/ready"
KEPT: Final = ("host", "port", "workers", "admin", "trace", "unready_seconds", "drain_seconds")

Open = Callable[[config.Config], AbstractAsyncContextManager[App]]

_log = logging.getLogger("mfmc.reload")


def kept(old: config.Config, new: config.Config) -> config.Config:
    """``new`` with all that only a start can change as in ``old``; raises ``ConfigError`` where the two do not go together."""
    for name in KEPT:
        if getattr(old.edge, name) != getattr(new.edge, name):
            _log.warning("%(key)s stays as it was until the edge is started again", {"key": f"edge.{name}"})
    same = {name: getattr(old.edge, name) for name in KEPT}
    merged = msgspec.structs.replace(new, edge=msgspec.structs.replace(new.edge, **same))
    config.validate(merged)
    return merged


class _Edition:
    """One configuration's edge, and how many requests it is answering."""

    def __init__(self, app: App, stack: AsyncExitStack) -> None:
        self.app = app
        self._stack = stack
        self._running = 0
        self._idle: asyncio.Event | None = None  # somebody waits for it

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self._running += 1
        try:
            return await self.app.handle(request)
        finally:
            self._running -= 1
            if self._idle is not None and self._running == 0:
                self._idle.set()

    async def end(self) -> None:
        """After the last request; whoever took over gets all that come now."""
        if self._running:
            self._idle = asyncio.Event()
            await self._idle.wait()
        await self._stack.aclose()


class Renewable:
    """The edge, as the configuration is now; ``leaving`` is for whoever is about to end it."""

    def __init__(
        self, settings: config.Config, read: Callable[[], config.Config], opening: Open, metrics: Metrics, first: _Edition
    ) -> None:
        self.settings = settings
        self._read = read
        self._opening = opening
        self._metrics = metrics
        self._edition = first
        self.leaving = False
        self._one_at_a_time = asyncio.Lock()
        self._ending: set[asyncio.Task[None]] = set()

    @classmethod
    @asynccontextmanager
    async def open(
        cls, settings: config.Config, read: Callable[[], config.Config], opening: Open, metrics: Metrics
    ) -> AsyncIterator[Self]:
        """The edge with ``settings``; ``read`` gives the next ones, ``opening`` makes an edge of them."""
        found = cls(settings, read, opening, metrics, await _opened(opening, settings))
        try:
            yield found
        finally:
            await found._edition.end()
            await asyncio.gather(*found._ending, return_exceptions=True)

    @property
    def app(self) -> App:
        """The edge that answers now."""
        return self._edition.app

    async def ready(self) -> None:
        """Raises ``Unavailable`` while no request should come here: the catalog does not answer, or the process is to end."""
        if self.leaving:
            raise Unavailable
        await self.app.catalog.check()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request; raises ``Refusal``."""
        if self.leaving and request.raw_path == READY:
            raise Unavailable
        return await self._edition.handle(request)

    async def renew(self) -> bool:
        """Read the configuration again and go on with it; False where it does not work, and then nothing changes."""
        async with self._one_at_a_time:
            try:
                settings = kept(self.settings, await asyncio.to_thread(self._read))
                new = await _opened(self._opening, settings)
            except (ConfigError, KeyRingError) as error:
                _log.error("the old configuration stays: %(fault)s", {"fault": error})
            except Unavailable:
                _log.error("the old configuration stays: catalog.url: the catalog cannot be read or written")
            except Exception as error:
                _log.error("the old configuration stays: %(error)s", {"error": type(error).__name__})
            else:
                self._take_over(new, settings)
                return True
            self._metrics.reloaded("refused")
            return False

    def _take_over(self, new: _Edition, settings: config.Config) -> None:
        old, self._edition, self.settings = self._edition, new, settings
        logs.set_up(settings.edge.log)
        task = asyncio.create_task(old.end())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
        self._metrics.reloaded("done")
        _log.info("the configuration was read again")


async def _opened(opening: Open, settings: config.Config) -> _Edition:
    async with AsyncExitStack() as stack:
        app = await stack.enter_async_context(opening(settings))
        return _Edition(app, stack.pop_all())
