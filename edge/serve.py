"""``mfmc-edge serve``: a process that answers until it is told to stop, then finishes what it has begun."""

import asyncio
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable

import uvloop
from aiohttp import web

from edge import logs
from edge.app import open_app
from edge.cache.store import KEY_BYTES
from edge.cache.store import DiskCache
from edge.config import Config
from edge.errors import ConfigError
from edge.errors import KeyRingError
from edge.errors import Unavailable
from edge.middleware import quiet_libraries
from edge.server import Server
from edge.server import require_fast_parser
from edge.workers import Supervisor

BACKLOG = 1_024


def serve(config: Config, workers: int) -> int:
    """Listen and answer until SIGTERM or SIGINT; 0 after an orderly stop, 1 when a worker could not start."""
    harden()
    logs.set_up(config.edge.log)
    require_fast_parser()
    boot_key = os.urandom(KEY_BYTES)
    _clear_disk(config, boot_key)
    port = _reserve(config, shared=workers > 1)
    with port:
        if workers == 1:
            return uvloop.run(_answer(config, boot_key, lambda: port, announce=True))
        _announce(port)
        share = _sharing(config, port.getsockname()[1])
        return Supervisor(lambda: _worker(config, boot_key, share), workers).run()


def harden() -> None:
    """No core dumps, no files that others can read, no library that prints what a request held."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.umask(0o077)
    quiet_libraries()


def _worker(config: Config, boot_key: bytes, bind: Callable[[], socket.socket]) -> int:
    try:
        return uvloop.run(_answer(config, boot_key, bind, announce=False))
    except Unavailable:
        print(f"mfmc-edge: catalog.url: {Unavailable.advice}", file=sys.stderr)
    except (ConfigError, KeyRingError, OSError) as error:
        print(f"mfmc-edge: {error}", file=sys.stderr)
    return 1


async def _answer(config: Config, boot_key: bytes, bind: Callable[[], socket.socket], *, announce: bool) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with open_app(config, boot_key) as app:
        runner = web.ServerRunner(Server(app.handle, config.edge), shutdown_timeout=config.edge.drain_seconds)
        await runner.setup()
        try:
            listener = bind()
            await web.SockSite(runner, listener, backlog=BACKLOG).start()
            if announce:
                _announce(listener)
            await stop.wait()
        finally:
            await runner.cleanup()
    return 0


def _announce(listener: socket.socket) -> None:
    """Tell whoever started the process where it answers; several workers may take a moment longer to do so."""
    host, number = listener.getsockname()[:2]
    print(f"listening on http://{f'[{host}]' if ':' in host else host}:{number}", flush=True)


def _reserve(config: Config, *, shared: bool) -> socket.socket:
    """A socket on the configured address; with several workers it only holds the port and never listens."""
    try:
        family, _, _, _, where = socket.getaddrinfo(config.edge.host, config.edge.port, type=socket.SOCK_STREAM)[0]
        return _bound(family, where, shared=shared)
    except OSError as error:
        raise ConfigError(f"edge.host, edge.port: cannot listen there ({error.strerror})") from None


def _sharing(config: Config, number: int) -> Callable[[], socket.socket]:
    family, _, _, _, where = socket.getaddrinfo(config.edge.host, number, type=socket.SOCK_STREAM)[0]
    return lambda: _bound(family, where, shared=True)


def _bound(family: int, where: object, *, shared: bool) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        listener.bind(where)  # type: ignore[arg-type]
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)
    return listener


def _clear_disk(config: Config, boot_key: bytes) -> None:
    """What an earlier process left on disk can be opened by nobody any more; make room."""
    limits = config.edge.cache
    if limits.disk_folder is not None:
        disk = DiskCache(limits.disk_folder, size=limits.disk_bytes, seal_key=boot_key)
        disk.clear()
        disk.close()
