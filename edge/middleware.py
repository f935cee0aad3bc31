"""Around every request: refusals and faults become fixed sentences, and logs that cannot hold a secret."""

import json
import logging
from collections.abc import Awaitable
from collections.abc import Callable

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger

from edge import answer
from edge.address import OURS
from edge.errors import BadRequest
from edge.errors import MethodNotAllowed
from edge.errors import Refusal

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

THEIRS = (
    "aiohttp.server",
    "aiohttp.client",
    "aiohttp.internal",
    "aiohttp.web",
    "aiohttp.access",
    "aiosqlite",  # at DEBUG it logs every parameter
    "asyncio",
)

_log = logging.getLogger("mfmc.edge")


def guarded(handler: Handler) -> Handler:
    """``handler`` with every ``Refusal`` as its sentence and every other exception as a 500 that tells nothing."""

    async def answered(request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await handler(request)
        except Refusal as refusal:
            return refused(refusal)
        except Exception as error:
            _log.error("a request failed: %s", type(error).__name__)  # its text or traceback could hold a secret
            return refused(Refusal())

    return answered


def refused(refusal: Refusal) -> web.Response:
    """The answer to a refused request; one that may have left a body on the wire ends the connection."""
    close = isinstance(refusal, BadRequest | MethodNotAllowed)
    allow = "GET, HEAD" if isinstance(refusal, MethodNotAllowed) else None
    return answer.sentence(refusal.status, refusal.sentence, close=close, allow=allow)


class AccessLog(AbstractAccessLogger):
    """One JSON line per request, made of an allow-list: no path, no query, no header, no address."""

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        """Write the line."""
        fields = {
            "method": request.method if request.method in ("GET", "HEAD") else "other",
            "kind": "own" if request.raw_path.startswith(OURS) else "picture",
            "status": response.status,
            "bytes": response.body_length,
            "ms": round(time * 1000, 3),
        }
        self.logger.info(json.dumps(fields))


class Redacting(logging.Filter):
    """Replaces a record's text: libraries log header values, exception texts and tracebacks."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep the fact, drop the content."""
        kind = record.exc_info[0] if record.exc_info else None
        record.msg = f"{record.name}: {kind.__name__ if kind else 'an event'}"
        record.args = record.exc_info = record.exc_text = record.stack_info = None
        return True


def quiet_libraries() -> None:
    """Make the libraries' loggers unable to print what a request held; call once per process."""
    for name in THEIRS:
        logger = logging.getLogger(name)
        if not any(isinstance(kept, Redacting) for kept in logger.filters):
            logger.addFilter(Redacting())
