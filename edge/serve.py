"""``mfmc-edge serve``: a process that answers until it is told to stop, then finishes what it has begun."""

import asyncio
import logging
import os
import resource
import signal
import socket
import sys
from collections.abc import AsyncIterator
from collections.abc import Callable
from contextlib import AsyncExitStack
from contextlib import ExitStack
from contextlib import asynccontextmanager
from contextlib import suppress
from dataclasses import dataclass
from tempfile import TemporaryDirectory

import msgspec
import uvloop
from aiohttp import web

from edge import logs
from edge import metrics
from edge import sockets
from edge.admin import Admin
from edge.app import open_app
from edge.cache.store import KEY_BYTES
from edge.cache.store import DiskCache
from edge.check import require_usable
from edge.config import Config
from edge.errors import ConfigError
from edge.errors import KeyRingError
from edge.errors import Unavailable
from edge.middleware import quiet_libraries
from edge.reload import Renewable
from edge.reload import kept
from edge.server import Server
from edge.server import require_fast_parser
from edge.trace import open_spans
from edge.watch import Watch
from edge.workers import Supervisor

BACKLOG = 1_024

_log = logging.getLogger("mfmc.serve")


def serve(config: Config, workers: int, read: Callable[[], Config]) -> int:
    """Listen and answer until SIGTERM or SIGINT; 0 after an orderly stop, 1 when a worker could not start.

    ``read`` gives the configuration anew on SIGHUP.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})  # until somebody answers it: it would end the process
    harden()
    logs.set_up(config.edge.log)
    require_fast_parser()
    boot_key = os.urandom(KEY_BYTES)
    _clear_disk(config, boot_key)
    with ExitStack() as stack:
        places = [stack.enter_context(place) for place in sockets.places(config.edge, shared=workers > 1)]
        if workers == 1:
            metrics.share(None)
            return uvloop.run(_answer(config, read, boot_key, places, announce=True))
        metrics.share(stack.enter_context(TemporaryDirectory(prefix="mfmc-edge-")))
        _announce(*places)
        held = _Held(config, read)
        return Supervisor(lambda: _worker(held.config, read, boot_key, places), workers, held.renew, metrics.ended).run()


@dataclass(slots=True)
class _Held:
    """The configuration that workers start with."""

    config: Config
    read: Callable[[], Config]

    def renew(self) -> bool:
        """Take the one that is there now, if a worker could run with it."""
        try:
            new = kept(self.config, self.read())
            asyncio.run(require_usable(new))
        except (ConfigError, KeyRingError) as error:
            _log.error("the old configuration stays: %(fault)s", {"fault": error})
            return False
        except Unavailable:
            _log.error("the old configuration stays: the catalog cannot be read or written")
            return False
        self.config = new
        return True


def harden() -> None:
    """No core dumps, no files that others can read, no library that prints what a request held."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.umask(0o077)
    quiet_libraries()


def _worker(config: Config, read: Callable[[], Config], boot_key: bytes, places: "list[socket.socket]") -> int:
    """One of several processes that share the addresses which their parent holds."""
    try:
        again = [sockets.beside(place) for place in places]
        return uvloop.run(_answer(config, read, boot_key, again, announce=False))
    except Unavailable:
        print(f"mfmc-edge: catalog.url: {Unavailable.advice}", file=sys.stderr)
    except (ConfigError, KeyRingError, OSError) as error:
        print(f"mfmc-edge: {error}", file=sys.stderr)
    return 1


async def _answer(
    config: Config, read: Callable[[], Config], boot_key: bytes, places: "list[socket.socket]", *, announce: bool
) -> int:
    signals = _Signals()
    watch = Watch(metrics.Metrics(), open_spans(config.edge.trace))
    async with AsyncExitStack() as stack:
        stack.callback(watch.metrics.settle)
        stack.push_async_callback(asyncio.to_thread, watch.spans.close)
        opening = Renewable.open(config, read, lambda settings: open_app(settings, boot_key, watch=watch), watch.metrics)
        edge = await stack.enter_async_context(opening)
        server = Server(edge.handle, config.edge, watch)
        admin = Server(Admin(watch.metrics, edge.ready).handle, msgspec.structs.replace(config.edge, access_log=False))
        for place, served in reversed(list(zip(places, (server, admin), strict=False))):
            await stack.enter_async_context(_served(served, place, config.edge.drain_seconds))
        if announce:
            _announce(*places)
        while await signals.next() == signal.SIGHUP:
            if await edge.renew():
                server.settings = edge.settings.edge
        edge.leaving = True
        await signals.within(config.edge.unready_seconds)
    return 0


@asynccontextmanager
async def _served(server: Server, listener: socket.socket, drain_seconds: float) -> AsyncIterator[None]:
    """Answers at the listener; in the end it listens no more, and what was begun gets its time."""
    runner = web.ServerRunner(server, shutdown_timeout=drain_seconds)
    await runner.setup()
    try:
        await web.SockSite(runner, listener, backlog=BACKLOG).start()
        yield
    finally:
        await runner.cleanup()


class _Signals:
    """What whoever runs the process asks of it, in the order it was asked."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[int] = asyncio.Queue()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, self._queue.put_nowait, number)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})

    async def next(self) -> int:
        """The next one."""
        return await self._queue.get()

    async def within(self, seconds: float) -> None:
        """Waits so long, or until somebody asks again to stop."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while await self.next() == signal.SIGHUP:
                    pass


def _announce(listener: socket.socket, admin: socket.socket | None = None) -> None:
    """Tell whoever started the process where it answers; several workers may take a moment longer to do so."""
    print(f"listening on {sockets.address(listener)}", flush=True)
    if admin is not None:
        print(f"health, readiness and metrics on {sockets.address(admin)}", flush=True)


def _clear_disk(config: Config, boot_key: bytes) -> None:
    """What an earlier process left on disk can be opened by nobody any more; make room."""
    limits = config.edge.cache
    if limits.disk_folder is not None:
        disk = DiskCache(limits.disk_folder, size=limits.disk_bytes, seal_key=boot_key)
        disk.clear()
        disk.close()
