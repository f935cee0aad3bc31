"""Around every request: refusals and faults become fixed sentences or problem details, and logs that cannot hold a secret."""

import logging
import time
from collections.abc import Awaitable
from collections.abc import Callable

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger

from edge import answer
from edge.address import OURS
from edge.address import is_control
from edge.address import is_signed
from edge.address import split
from edge.control import problems
from edge.errors import BadRendition
from edge.errors import BadRequest
from edge.errors import MethodNotAllowed
from edge.errors import Refusal
from edge.errors import TooLarge
from edge.errors import TooSlow
from edge.logs import METHODS
from edge.logs import OTHER
from edge.render.request import ANY
from edge.render.request import canonical
from edge.watch import Watch

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

ACCESS = "%(method)s %(kind)s: %(status)s, %(bytes)s bytes, %(ms)s ms"
ACCESS_SIZED = "%(method)s %(kind)s %(rendition)s: %(status)s, %(bytes)s bytes, %(ms)s ms"
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


def watched(handler: Handler, watch: Watch, timing: Callable[[], bool]) -> Handler:
    """``handler`` with every request counted and, where it is traced, drawn; ``timing`` says whether it is told its time."""

    async def answered(request: web.BaseRequest) -> web.StreamResponse:
        began, kind, metrics = time.perf_counter(), _kind(request.raw_path), watch.metrics
        metrics.running += 1
        try:
            with watch.spans.request(request, kind) as told:
                response = await handler(request)
                told(response.status)
        finally:
            metrics.running -= 1
        seconds = time.perf_counter() - began
        metrics.request(kind, response.status, seconds)
        if timing():
            answer.timed(response, seconds)
        return response

    return answered


def guarded(handler: Handler) -> Handler:
    """``handler`` with every ``Refusal`` as its sentence and every other exception as a 500 that tells nothing."""

    async def answered(request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await handler(request)
        except Refusal as refusal:
            return _answered(request, refusal)
        except Exception as error:
            # its text or traceback could hold a secret
            _log.error("a request failed: %(error)s", {"error": type(error).__name__})
            return _answered(request, Refusal())

    return answered


def refused(refusal: Refusal) -> web.Response:
    """The answer to a refused request; one that may have left a body on the wire ends the connection."""
    allow = refusal.allow if isinstance(refusal, MethodNotAllowed) else None
    return answer.sentence(refusal.status, refusal.sentence, close=_ends(refusal), allow=allow, retry_after=refusal.retry_after)


def _answered(request: web.BaseRequest, refusal: Refusal) -> web.Response:
    if not is_control(request.raw_path):
        return refused(refusal)
    close = _ends(refusal) or not request.content.is_eof()
    return answer.problem(refusal.status, problems.document(refusal), problems.headers(refusal), close=close)


def _ends(refusal: Refusal) -> bool:
    return isinstance(refusal, BadRequest | MethodNotAllowed | TooLarge | TooSlow)


class AccessLog(AbstractAccessLogger):
    """One line per request, made of an allow-list: no path, no header, no address, and of the query the canonical form."""

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        """Write the line."""
        fields = {
            "method": request.method if request.method in METHODS else OTHER,
            "kind": _kind(request.raw_path),
            "rendition": _rendition(request.raw_path),
            "status": response.status,
            "bytes": response.body_length,
            "ms": round(time * 1000, 3),
        }
        if fields["rendition"]:
            self.logger.info(ACCESS_SIZED, fields)
        else:
            self.logger.info(ACCESS, fields)


def _kind(raw: str) -> str:
    if not raw.startswith(OURS) or is_signed(raw):
        return "picture"
    return "control" if is_control(raw) else "own"


def _rendition(raw: str) -> str:
    """What size and format a picture was asked for in; empty for anything else, and where a signed URL has it sealed."""
    try:
        return str(canonical(split(raw)[1], ANY)) if not raw.startswith(OURS) else ""
    except BadRendition:
        return "bad"


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
    logging.getLogger("alembic").setLevel(logging.WARNING)  # each start on an empty catalog would be a dozen lines
    for name in THEIRS:
        logger = logging.getLogger(name)
        if not any(isinstance(kept, Redacting) for kept in logger.filters):
            logger.addFilter(Redacting())
