"""Wiring and routes, nothing else."""

import time
from collections.abc import AsyncIterator
from collections.abc import Callable
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
from edge.address import is_signed
from edge.address import photo as photo_path
from edge.answer import Answers
from edge.audit.anchor import Anchor
from edge.audit.log import LogBook
from edge.audit.reveals import Reveals
from edge.cache.memory import Memory
from edge.cache.settings import Cache as Limits
from edge.cache.store import Cache
from edge.cache.store import DiskCache
from edge.cache.store import NullCache
from edge.catalog import Catalog
from edge.catalog.changes import listening
from edge.control.api import Api
from edge.control.api import open_api
from edge.control.opening import control
from edge.decisions import MEMORY_BYTES
from edge.decisions import Decisions
from edge.demo import Demo
from edge.errors import NotFound
from edge.errors import OriginFailed
from edge.files import Files
from edge.friends.source import open_source
from edge.keys.opening import open_keys
from edge.keys.remembered import Remembered
from edge.metrics import Metrics
from edge.photos import Photos
from edge.plans import Plans
from edge.scalers import Scalers
from edge.server import require_plain
from edge.ties import Acquaintance
from edge.upkeep import Upkeep
from edge.urls.door import UrlDoor
from edge.view import Decided
from edge.view import View
from edge.viewer import Viewers
from edge.watch import Watch
from edge.watched import WatchedCache
from edge.watched import WatchedKeys
from edge.watched import WatchedOrigin


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
        raw, now = request.raw_path, self.clock()
        ours = raw.startswith(OURS) and not is_signed(raw)
        if ours and is_control(raw):
            return await self.api.handle(request, now)
        if request.method == "OPTIONS":
            return self.view.decisions.answers.options(request.headers)
        if ours:
            return await self._own(request)
        try:
            return await self.view.show(request, now)
        except OriginFailed:  # the files of the version remembered may have been swept after a new one was published
            if not await self.view.decisions.photos.renewed(photo_path(request.raw_path), now):
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
    settings: config.Config, boot_key: bytes, clock: Callable[[], float] = time.time, watch: Watch | None = None
) -> AsyncIterator[App]:
    """The edge, ready to answer; raises ``ConfigError`` or ``KeyRingError`` for what it cannot run with.

    ``boot_key`` seals the disk cache: random, and the same for all workers of one start.
    """
    limits = settings.edge.cache
    watch = Watch(Metrics()) if watch is None else watch
    tallies = watch.metrics.tallies
    seconds = limits.key_cache_seconds / 2  # a key is remembered twice: by itself, and then inside a plan
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(open_keys(settings.keys))
        asked = WatchedKeys(service, watch)
        keys = Remembered(asked, clock, seconds=seconds, items=limits.key_cache_items, tally=tallies["keys"])
        catalog = await stack.enter_async_context(Catalog.open(settings.catalog.url, watch))
        await stack.enter_async_context(listening(settings.catalog.url, catalog.changes))
        store = WatchedOrigin(await origin.open_origin(settings.edge.origin), watch)
        stack.push_async_callback(store.close)
        signer = await issuer.open_issuer(settings.edge.token)
        stack.push_async_callback(signer.close)
        friends = await open_source(settings.edge, signer, watch)
        stack.push_async_callback(friends.close)
        disk = _disk(limits, boot_key, stack, watch)
        memory: Memory[str, bytes] = Memory(items=limits.memory_items, size=limits.memory_bytes, tally=tallies["files"])
        files = Files(store, disk, memory)
        book = LogBook(catalog, keys)
        reveals = Reveals(catalog, book, Anchor(settings.audit.anchor_file), settings.audit.reveal_share)
        door = None if settings.edge.urls is None else await UrlDoor.open(settings.edge.urls)
        scalers = Scalers(settings.sizes, watch.metrics.scaling, tallies["scaled"])
        stack.push_async_callback(scalers.close)
        decisions = Decisions(
            viewers=Viewers.of(settings.edge.token, signer, keep_token=settings.edge.friends.source == "introspection"),
            photos=Photos(
                catalog, seconds=limits.revocation_seconds, items=limits.catalog_items, tally=tallies["catalog"]
            ),
            acquaintance=Acquaintance(
                catalog, friends, settings.policy, seconds=limits.revocation_seconds, items=limits.catalog_items
            ),
            answers=Answers(settings.edge),
            policy=settings.policy,
            door=door,
            sizes=settings.sizes,
            remembered=Memory(items=limits.catalog_items, size=MEMORY_BYTES),
            seconds=limits.revocation_seconds,
        )
        plans = Plans(
            keys, files, seconds=seconds, size=limits.key_cache_bytes, items=limits.key_cache_items, tally=tallies["plans"]
        )
        view = View(decisions, files, plans, reveals, watch.metrics, scalers)
        desk = control(settings, catalog, book)
        opened = open_api(settings.edge.control, desk, decisions.viewers, Decided(decisions, plans), door, settings.sizes)
        api = await stack.enter_async_context(opened)
        parts = (keys, plans, decisions, decisions.viewers, decisions.acquaintance, friends, api)
        purges = tuple(part.purge for part in parts)
        stack.push_async_callback(lambda: reveals.flush(clock()))
        chores = Upkeep(purges, reveals, catalog, disk, watch.metrics, clock, limits.revocation_seconds, door)
        await stack.enter_async_context(chores.running())
        demo = None if settings.demo is None else Demo(settings.demo, view)
        yield App(view, api, catalog, demo, clock)


def _disk(limits: Limits, boot_key: bytes, stack: AsyncExitStack, watch: Watch) -> Cache:
    if limits.disk_folder is None:
        return NullCache()
    disk = DiskCache(limits.disk_folder, size=limits.disk_bytes, seal_key=boot_key)
    stack.callback(disk.close)
    return WatchedCache(disk, watch, watch.metrics.tallies["disk"])
