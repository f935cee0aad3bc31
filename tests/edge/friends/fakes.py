"""Services that know friends, as real servers on loopback: a host of signed lists, an introspection endpoint, OpenFGA."""

import asyncio
import base64
import json
import zlib
from collections.abc import AsyncIterator
from collections.abc import Awaitable
from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from dataclasses import field
from hashlib import sha256
from pathlib import Path
from typing import Any

import jwt
from aiohttp import web

from edge import config
from edge.friends import NO_FRIENDS
from edge.friends import Friends
from edge.friends import settings
from edge.friends.pointer import Pointer
from edge.friends.source import FriendSource
from edge.friends.source import open_source
from edge.issuer import OneKey
from edge.viewer import Credential
from edge.viewer import Viewer
from tests.fakes import AUDIENCE
from tests.fakes import ISSUER
from tests.fakes import NOW
from tests.fakes import Issuer
from tests.fakes import spell

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]

SIGNER = Issuer()
STORE = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
SECRET = "client-secret-canary"
BEARER = "bearer-canary"
REMOTE = ("reference", "introspection", "openfga")


def deflated(content: bytes) -> bytes:
    """One raw DEFLATE stream."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(content) + packer.flush()


def lines(*friends: str) -> bytes:
    """The content of a list."""
    return "".join(f"{name}\n" for name in sorted(friends)).encode()


def signed(user: str, content: bytes, key: Any = SIGNER.private, headers: Any = None, **changes: Any) -> str:
    """A good list, changed; a change to None leaves the claim out."""
    good: dict[str, Any] = {
        "iss": ISSUER, "aud": AUDIENCE, "sub": user, "ver": "v1", "iat": int(NOW), "exp": int(NOW) + 3_600,
        "form": "listed", "friends_deflate": spell(deflated(content)),
    }  # fmt: skip
    claims = {name: value for name, value in (good | changes).items() if value is not None}
    return jwt.encode(claims, key, "EdDSA", headers={"typ": "mfmc-friends+jwt"} | (headers or {}))


def viewer(user: str | None = "u-eve", *friends: str, version: str = "v1", token: str = "", expires: float = NOW + 600) -> Viewer:
    """A viewer as the door would make one, with everything that any source needs."""
    secret = token or f"token.of.{user}"
    credential = Credential(secret, sha256(secret.encode()).digest())
    held = Friends.listed(list(friends)) if friends else NO_FRIENDS
    return Viewer(user, expires, held, Pointer(f"{user}/{version}.jws", version), credential)


@dataclass
class Service:
    """What the three services share: the graph, what was asked, and an answer that takes the place of the true one."""

    friends: dict[str, list[str]] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)
    instead: Answer | None = None
    gate: asyncio.Event | None = None
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.asked.append({
            "method": request.method, "path": request.raw_path, "headers": dict(request.headers), "body": body,
        })  # fmt: skip
        self.arrived.set()
        if self.gate is not None:
            await self.gate.wait()
        if self.instead is not None:
            return await self.instead(request)
        return await self.truth(request, body)

    async def truth(self, request: web.Request, body: bytes) -> web.StreamResponse:
        raise NotImplementedError


@dataclass
class ListHost(Service):
    """Serves ``/friends/<user>/<version>.jws`` with an entity tag."""

    not_modified: int = 0

    async def truth(self, request: web.Request, body: bytes) -> web.StreamResponse:
        user, _, file = request.raw_path.removeprefix("/friends/").partition("/")
        if user not in self.friends:
            return web.Response(status=404)
        content = lines(*self.friends[user])
        tag = f'"{sha256(content).hexdigest()}"'
        if request.headers.get("If-None-Match") == tag:
            self.not_modified += 1
            return web.Response(status=304, headers={"ETag": tag})
        text = signed(user, content, ver=file.removesuffix(".jws"))
        return web.Response(text=text, headers={"ETag": tag})


def told(content: Any) -> Answer:
    """A service that answers this, whatever it is asked."""

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.json_response(content)

    return answer


class Introspector(Service):
    """Tells about tokens of the form ``token.of.<user>``, and about no other."""

    async def truth(self, request: web.Request, body: bytes) -> web.StreamResponse:
        user = (await request.post())["token"].removeprefix("token.of.")
        if user not in self.friends:
            return web.json_response({"active": False})
        return web.json_response({"active": True, "sub": user, "friends": self.friends[user], "scope": "photos"})


class Fga(Service):
    """Checks relations between users, and answers in another order than it was asked."""

    async def truth(self, request: web.Request, body: bytes) -> web.StreamResponse:
        result = {}
        for check in reversed(json.loads(body)["checks"]):
            asked = check["tuple_key"]
            user, owner = (unspelled(asked[side].removeprefix("user:")) for side in ("user", "object"))
            result[check["correlation_id"]] = {"allowed": owner in self.friends.get(user, [])}
        return web.json_response({"result": result})


def unspelled(name: str) -> str:
    """A name, or the name that it spells in base64url."""
    return base64.urlsafe_b64decode(name[4:] + "==").decode() if name.startswith("b64.") else name


SERVICES: dict[str, type[Service]] = {"reference": ListHost, "introspection": Introspector, "openfga": Fga}


@asynccontextmanager
async def listening(service: Service) -> AsyncIterator[Service]:
    """The service on a port of its own."""
    app = web.Application(client_max_size=1 << 26)
    app.router.add_route("*", "/{path:.*}", service.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    service.url = f"http://127.0.0.1:{site.port}"
    try:
        yield service
    finally:
        await runner.cleanup()


def configured(kind: str, url: str, folder: Path, **changes: Any) -> config.Edge:
    """``[edge]`` with one source of friends at ``url``."""
    for name, secret in (("client.secret", SECRET), ("bearer", BEARER)):
        (folder / name).write_text(secret + "\n")
        (folder / name).chmod(0o600)
    tables: dict[str, Any] = {
        "token": lambda: None,
        "reference": lambda: settings.Reference(
            **{"url": f"{url}/friends/", "bearer_file": folder / "bearer", "timeout_seconds": 10} | changes
        ),
        "introspection": lambda: settings.Introspection(
            **{"url": f"{url}/introspect", "client_id": "edge", "secret_file": folder / "client.secret",
               "timeout_seconds": 10} | changes
        ),
        "openfga": lambda: settings.OpenFga(
            **{"url": url, "store": STORE, "bearer_file": folder / "bearer", "timeout_seconds": 10} | changes
        ),
    }  # fmt: skip
    table = tables[kind]()
    friends = settings.Friends(source=kind, **({} if table is None else {kind: table}))  # type: ignore[arg-type]
    token = config.Token(issuer=ISSUER, audience=AUDIENCE, algorithm="EdDSA", key_file=folder / "none.pem")
    return config.Edge(token=token, origin=config.Origin(folder=folder), friends=friends)


@asynccontextmanager
async def opened(kind: str, service: Service, folder: Path, **changes: Any) -> AsyncIterator[FriendSource]:
    """A source of friends that asks ``service``, which is listening for as long."""
    async with listening(service):
        edge = configured(kind, service.url, folder, **changes)
        source = await open_source(edge, OneKey(SIGNER.private.public_key()))
        try:
            yield source
        finally:
            await source.close()
