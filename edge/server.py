"""The HTTP side: aiohttp's low-level server with everything off that a picture does not need."""

import asyncio
import logging
from typing import Any

from aiohttp import web
from aiohttp.http_parser import HttpRequestParser
from aiohttp.http_parser import HttpRequestParserPy

from edge import config
from edge.address import is_control
from edge.errors import BadRequest
from edge.errors import ConfigError
from edge.errors import MethodNotAllowed
from edge.errors import Refusal
from edge.middleware import AccessLog
from edge.middleware import Handler
from edge.middleware import guarded
from edge.middleware import refused
from edge.middleware import watched
from edge.watch import Watch

HEADER_ROOM_BYTES = 4_096  # besides the token: other cookies, a browser's own headers
MAX_HEADERS = 64
VERSIONS = ((1, 0), (1, 1))

_log = logging.getLogger("mfmc.server")
_access_log = logging.getLogger("mfmc.access")


class Request(web.BaseRequest):
    """A request whose answer does not say which software gave it."""

    async def _prepare_hook(self, response: web.StreamResponse) -> None:
        response.headers.popall("Server", None)


class Connection(web.RequestHandler):
    """One client; what aiohttp itself cannot parse gets our sentence, where aiohttp would echo and log the bytes."""

    __slots__ = ()

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """The fixed answer to bytes that are no request, or to a failure below the handler."""
        _log.info("a connection failed: %(error)s", {"error": type(exc).__name__})
        if request.writer.output_size > 0:
            raise ConnectionError
        answer = refused(BadRequest() if status < 500 else Refusal())
        answer.force_close()
        return answer


class Server(web.Server):
    """Makes connections of our kind; to be run by ``aiohttp.web.ServerRunner``. New ``settings`` hold for new connections."""

    def __init__(self, handler: Handler, settings: config.Edge, watch: Watch | None = None) -> None:
        loop, answered = asyncio.get_running_loop(), guarded(handler)
        if watch is not None:
            answered = watched(answered, watch, lambda: self.settings.server_timing)
        super().__init__(answered, request_factory=self._request, loop=loop)
        self.settings = settings
        self._on = loop

    def __call__(self) -> web.RequestHandler:
        return Connection(self, loop=self._on, **_connection_options(self.settings))

    def _request(self, message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
        return Request(message, payload, protocol, writer, task, self._on, client_max_size=1)


def require_plain(request: web.BaseRequest) -> None:
    """Refuse what the edge is never asked with: other versions, upgrades, expectations, and bodies with GET, HEAD or OPTIONS.

    Other methods are for the control API alone, which knows for each address what it takes.
    """
    reads = request.method in ("GET", "HEAD", "OPTIONS")
    if not reads and not is_control(request.raw_path):
        raise MethodNotAllowed
    headers = request.headers
    if (reads and request.body_exists) or request.version not in VERSIONS or "Upgrade" in headers or "Expect" in headers:
        raise BadRequest
    if "Host" not in headers and request.version == VERSIONS[1]:  # RFC 9112 section 3.2
        raise BadRequest


def require_fast_parser() -> None:
    """Refuse to start on aiohttp's fallback parser, which accepts requests that other servers read differently."""
    if HttpRequestParser is HttpRequestParserPy:
        raise ConfigError("aiohttp runs without its C parser; install a wheel, and unset AIOHTTP_NO_EXTENSIONS")


def _connection_options(settings: config.Edge) -> dict[str, Any]:
    room = settings.token.max_token_bytes + HEADER_ROOM_BYTES
    return {
        "keepalive_timeout": settings.keepalive_seconds,
        "lingering_time": 0,  # a refused body is not read
        "max_line_size": room,
        "max_field_size": room,
        "max_headers": MAX_HEADERS,
        "access_log": _access_log if settings.access_log else None,
        "access_log_class": AccessLog,
        "auto_decompress": False,
    }
