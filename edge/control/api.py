"""The control API over HTTP: who calls, how often, what for, with which body, and then the one way to carry it out."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from contextlib import asynccontextmanager
from typing import Final

import msgspec
from aiohttp import web

from edge import answer
from edge import conditions
from edge import config
from edge import issuer
from edge.control import body
from edge.control import openapi
from edge.control import routes
from edge.control.identity import Identity
from edge.control.operations import Nothing
from edge.control.perform import Control
from edge.control.perform import Reply
from edge.control.rate import READS
from edge.control.rate import Rates
from edge.control.rate import Room
from edge.control.urls import Asked
from edge.control.urls import Decide
from edge.control.urls import Urls
from edge.errors import BadRequest
from edge.errors import MethodNotAllowed
from edge.errors import NotFound
from edge.render.settings import Sizes
from edge.urls.door import UrlDoor
from edge.viewer import Viewer
from edge.viewer import Viewers

URLS: Final = "/-/urls"
LIST: Final = "list"
DOCUMENT: Final = f"{routes.ROOT}/openapi.json"
AT_ONCE: Final = 32  # reads, and as many changes, per process; a catalog in one file does them one after the other anyway


class Api:
    """Answers everything below ``/-/api/`` and at ``/-/urls``."""

    def __init__(self, settings: config.Control, control: Control, identity: Identity, decide: Decide, urls: Urls) -> None:
        self._settings = settings
        self._control = control
        self._identity = identity
        self._decide = decide
        self._urls = urls
        self._rates = Rates(settings)
        self._rooms = {reads: Room(AT_ONCE) for reads in (True, False)}  # so that no reader keeps anybody from hiding a face
        self._document = msgspec.json.encode(openapi.document())

    async def handle(self, request: web.BaseRequest, now: float) -> web.StreamResponse:
        """Answer one request; raises ``Refusal``. Nothing of a body is read before its caller and its address are known."""
        if request.raw_path == URLS:
            return await self._tell_urls(request, now)
        if not self._settings.enabled:
            raise NotFound
        if request.raw_path == DOCUMENT:
            _require_method(request, *READS)
            return answer.document(self._document)
        caller = await self._identity.caller(request.headers, now)
        reads = request.method in READS
        self._rates.spend(caller.kind, caller.id, reads=reads, now=now)
        operation, place = routes.find(request.method, request.raw_path)
        content = await body.read(request, operation.body or Nothing, self._settings)
        with self._rooms[reads].entered():
            reply = await self._control.perform(operation, caller, place, content, now, _if_match(request))
            if operation.name == LIST and caller.viewer is not None:
                reply = await self._marked(reply, caller.viewer, now)
        return _answer(request, reply)

    async def _marked(self, reply: Reply, viewer: Viewer, now: float) -> Reply:
        """A photo's faces, each with whether this viewer gets it as it is now."""
        content = reply.content or {}
        _, granted = await self._decide(content["photo"], viewer, now)
        return Reply(content | {"faces": [face | {"real": face["face"] in granted} for face in content["faces"]]})

    def purge(self, now: float) -> None:
        """Let go of services whose tokens have expired."""
        self._identity.purge(now)

    async def _tell_urls(self, request: web.BaseRequest, now: float) -> web.StreamResponse:
        _require_method(request, "POST")
        viewer = await self._identity.viewer(request.headers, now)
        self._rates.spend("stranger" if viewer.id is None else "person", viewer.id or "", reads=True, now=now)
        asked = await body.read(request, Asked, self._settings)
        with self._rooms[True].entered():
            told = await self._urls.told(asked, viewer, now)
        return answer.document(msgspec.json.encode(told))


@asynccontextmanager
async def open_api(
    settings: config.Control, control: Control, people: Viewers, decide: Decide, door: UrlDoor | None, sizes: Sizes
) -> AsyncIterator[Api]:
    """The API, ready to answer; raises ``ConfigError`` where the services' keys cannot be used."""
    async with AsyncExitStack() as stack:
        second = None
        if settings.service is not None:
            signer = await issuer.open_issuer(settings.service, "edge.control.service")
            stack.push_async_callback(signer.close)
            second = Viewers.of(settings.service, signer)
        yield Api(settings, control, Identity(people, second), decide, Urls(decide, door, sizes))


def _require_method(request: web.BaseRequest, *methods: str) -> None:
    if request.method not in methods:
        raise MethodNotAllowed(", ".join(methods))


def _if_match(request: web.BaseRequest) -> str | None:
    """The If-Match field. A change that must not happen where something is already (If-None-Match) is none of ours."""
    if request.method not in READS and "If-None-Match" in request.headers:
        raise BadRequest
    return ", ".join(request.headers.getall("If-Match")) if "If-Match" in request.headers else None


def _answer(request: web.BaseRequest, reply: Reply) -> web.StreamResponse:
    if reply.content is None:
        return answer.nothing(204)
    if request.method in READS and reply.tag is not None and conditions.unchanged(request.headers, reply.tag):
        return answer.nothing(304, reply.tag)
    return answer.document(msgspec.json.encode(reply.content), reply.tag)
