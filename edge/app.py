"""Wiring and routes, nothing else."""

import asyncio
import time
from collections.abc import AsyncIterator
from collections.abc import Callable
from collections.abc import Sequence
from contextlib import AsyncExitStack
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from edge import answer
from edge import config
from edge import issuer
from edge import origin
from edge.address import OURS
from edge.address import is_control
from edge.address import split
from edge.answer import Answers
from edge.audit.anchor import Anchor
from edge.audit.log import LogBook
from edge.audit.reveals import Reveals
from edge.cache.memory import Memory
from edge.cache.store import Cache
from edge.cache.store import DiskCache
from edge.cache.store import NullCache
from edge.catalog import Catalog
from edge.catalog.changes import listening
from edge.control.api import Api
from edge.control.api import open_api
from edge.control.opening import control
from edge.demo import Demo
from edge.errors import NotFound
from edge.errors import OriginFailed
from edge.files import Files
from edge.friends.source import open_source
from edge.keys.opening import open_keys
from edge.keys.remembered import Remembered
from edge.photos import Photos
from edge.plans import Plans
from edge.scalers import Scalers
from edge.server import require_plain
from edge.ties import Acquaintance
from edge.view import Decided
from edge.view import View
from edge.viewer import Viewers

PURGE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class App:
    """The edge's routes: photos, and below ``/-/`` the control API and its own health, readiness and demo page."""

    view: View
    api: Api
    catalog: Catalog
    demo: Demo | None
    clock: Callable[[], float]

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request; raises ``Refusal``."""
        require_plain(request)
        if is_control(request.raw_path):
            return await self.api.handle(request, self.clock())
        if request.raw_path.startswith(OURS):
            return await self._own(request)
        now = self.clock()
        try:
            return await self.view.show(request, now)
        except OriginFailed:  # the files of the version remembered may have been swept after a new one was published
            if not await self.view.photos.renewed(split(request.raw_path)[0], now):
                raise
        return await self.view.show(request, now)

    async def _own(self, request: web.BaseRequest) -> web.StreamResponse:
        match request.raw_path.removeprefix(OURS):
            case "health":
                return answer.sentence(200, "alive")
            case "ready":
                await self.catalog.check()
                return answer.sentence(200, "ready")
        if self.demo is None:
            raise NotFound
        return await self.demo.handle(request, self.clock())


@asynccontextmanager
async def open_app(
    settings: config.Config, boot_key: bytes, clock: Callable[[], float] = time.time
) -> AsyncIterator[App]:
    """The edge, ready to answer; raises ``ConfigError`` or ``KeyRingError`` for what it cannot run with.

    ``boot_key`` seals the disk cache: random, and the same for all workers of one start.
    """
    limits = settings.edge.cache
    seconds = limits.key_cache_seconds / 2  # a key is remembered twice: by itself, and then inside a plan
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(open_keys(settings.keys))
        keys = Remembered(service, clock, seconds=seconds, items=limits.key_cache_items)
        catalog = await stack.enter_async_context(Catalog.open(settings.catalog.url))
        await stack.enter_async_context(listening(settings.catalog.url, catalog.changes))
        store = await origin.open_origin(settings.edge.origin)
        stack.push_async_callback(store.close)
        signer = await issuer.open_issuer(settings.edge.token)
        stack.push_async_callback(signer.close)
        friends = await open_source(settings.edge, signer)
        stack.push_async_callback(friends.close)
        disk = _disk(limits, boot_key, stack)
        files = Files(store, disk, Memory(items=limits.memory_items, size=limits.memory_bytes))
        book = LogBook(catalog, keys)
        reveals = Reveals(catalog, book, Anchor(settings.audit.anchor_file), settings.audit.reveal_share)
        scalers = Scalers(settings.sizes)
        stack.push_async_callback(scalers.close)
        view = View(
            viewers=Viewers.of(settings.edge.token, signer, keep_token=settings.edge.friends.source == "introspection"),
            photos=Photos(catalog, seconds=limits.revocation_seconds, items=limits.catalog_items),
            acquaintance=Acquaintance(
                catalog, friends, settings.policy, seconds=limits.revocation_seconds, items=limits.catalog_items
            ),
            files=files,
            plans=Plans(keys, files, seconds=seconds, size=limits.key_cache_bytes, items=limits.key_cache_items),
            answers=Answers(settings.edge),
            reveals=reveals,
            policy=settings.policy,
            sizes=settings.sizes,
            scalers=scalers,
        )
        desk = control(settings, catalog, book)
        api = await stack.enter_async_context(open_api(settings.edge.control, desk, view.viewers, Decided(view)))
        upkeep = (keys.purge, view.plans.purge, view.viewers.purge, view.acquaintance.purge, friends.purge, api.purge)
        stack.push_async_callback(reveals.flush, clock())
        stack.push_async_callback(_ended, asyncio.create_task(_keep_up(upkeep, reveals, catalog, clock)))
        demo = None if settings.demo is None else Demo(settings.demo, view)
        yield App(view, api, catalog, demo, clock)


async def _keep_up(
    purges: Sequence[Callable[[float], None]], reveals: Reveals, catalog: Catalog, clock: Callable[[], float]
) -> None:
    """Keys and friends leave memory in time, also when nobody asks; reveals are logged; nothing stays put off."""
    while True:
        await asyncio.sleep(PURGE_SECONDS)
        for purge in purges:
            purge(clock())
        await reveals.flush(clock())
        await catalog.database.tidy()


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _disk(limits: config.Cache, boot_key: bytes, stack: AsyncExitStack) -> Cache:
    if limits.disk_folder is None:
        return NullCache()
    disk = DiskCache(limits.disk_folder, size=limits.disk_bytes, seal_key=boot_key)
    stack.callback(disk.close)
    return disk
