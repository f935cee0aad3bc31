"""A control API over a temporary folder, listening on loopback, and raw requests to it."""

import asyncio
import hashlib
import json
from contextlib import AsyncExitStack
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from pathlib import Path
from typing import Any

from aiohttp import web
from sqlalchemy import delete
from sqlalchemy import insert
from sqlalchemy import select

from edge import answer
from edge import config
from edge.address import is_control
from edge.audit.log import LogBook
from edge.cache.memory import Memory
from edge.catalog import Catalog
from edge.catalog import Face
from edge.catalog import Photo
from edge.catalog import publication
from edge.catalog import tables as schema
from edge.config import Policy
from edge.control.api import Api
from edge.control.api import open_api
from edge.control.opening import control
from edge.control.perform import Control
from edge.errors import NotFound
from edge.issuer import OneKey
from edge.keys import ring
from edge.middleware import quiet_libraries
from edge.policy import NO_TIES
from edge.policy import decide
from edge.server import Server
from edge.server import require_plain
from edge.token import Door
from edge.urls.door import UrlDoor
from edge.viewer import Viewer
from edge.viewer import Viewers
from tests.fakes import AUDIENCE
from tests.fakes import ISSUER
from tests.fakes import NOW
from tests.fakes import Clock
from tests.fakes import Issuer
from tests.fakes import toml
from tests.keys import MemoryKeys

PHOTO = "/2026/t1.jpg"
FACES = "/-/api/v1/photos/2026~t1.jpg/faces"
SERVICES = "control"
SIGNER = Issuer()
NO_CHANGE: dict[str, Any] = {}
KEPT = (schema.SECRET, schema.AUDIT, schema.AUDIT_HEAD)


@dataclass
class Shown:
    """Decides like the view flow, without friends and groups."""

    catalog: Catalog
    policy: Policy
    fault: Exception | None = None

    async def __call__(self, path: str, viewer: Viewer, now: float) -> tuple[Photo, frozenset[int]]:
        if self.fault is not None:
            raise self.fault
        photo = await self.catalog.photo(path)
        if photo is None:
            raise NotFound
        return photo, decide(photo, viewer, NO_TIES, now, self.policy)

    async def tag(self, photo: Photo, granted: frozenset[int], now: float) -> str:
        return f'"{hashlib.sha256(photo.version + bytes(sorted(granted))).hexdigest()[:32]}"'


@dataclass(frozen=True)
class Seen:
    """One answer; ``raw`` is all of it but for the date."""

    status: int
    headers: dict[str, str]
    body: bytes
    raw: bytes

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)

    @property
    def problem(self) -> str:
        """The name of the problem that this is."""
        assert self.headers["content-type"] == "application/problem+json"
        told = self.json
        assert told["status"] == self.status
        assert set(told) == {"type", "title", "status"}
        return str(told["type"]).rpartition(":")[2]


def photo(faces: dict[int, str | None], path: str = PHOTO, uploader: str | None = "u-blue") -> Photo:
    """A photo with one face per slot."""
    known = tuple(Face(slot, (10 * slot, 5, 8, 9), owner, None, b"wrapped" * 9) for slot, owner in faces.items())
    version = hashlib.sha256(path.encode()).digest()
    return Photo(path, version[:16], version[16:], version, 1_000, 400, 300, b"wrapped" * 9, NOW - 60, known, uploader)


@dataclass
class Desk:
    """The API, its catalog and its callers."""

    folder: Path
    clock: Clock = field(default_factory=Clock)
    port: int = 0
    settings: config.Config = field(init=False)
    catalog: Catalog = field(init=False)
    control: Control = field(init=False)
    api: Api = field(init=False)

    def __post_init__(self) -> None:
        quiet_libraries()
        self._stack = AsyncExitStack()
        (self.folder / "origin").mkdir()
        (self.folder / "issuer.pem").write_bytes(SIGNER.public_pem())
        self.keys = ring.create(self.folder / "ring.toml")
        self.configure({})

    def configure(
        self,
        limits: dict[str, Any],
        *,
        model: str = "tag",
        service: dict[str, Any] | None = NO_CHANGE,
        urls: dict[str, Any] | None = None,
        **policy: Any,
    ) -> None:
        """Write ``config.toml`` anew; ``service`` changes that table (a change to None leaves the key out), None is no table."""
        token = {"issuer": ISSUER, "audience": AUDIENCE, "algorithm": "EdDSA", "key_file": "issuer.pem"}
        changed = {name: value for name, value in (token | {"audience": SERVICES} | (service or {})).items() if value is not None}
        tables = {} if service is None else {"service": changed}
        signing = {} if urls is None else {"urls": urls}
        file = self.folder / "config.toml"
        file.write_text(
            toml({
                "edge": {"port": 0, "token": token, "origin": {"folder": "origin"},
                         "control": {"requests_per_minute": 100_000, "changes_per_minute": 100_000} | limits | tables} | signing,
                "catalog": {"url": "sqlite+aiosqlite:///catalog.sqlite3"},
                "keys": {"ring": "ring.toml"},
                "policy": {"access_model": model} | policy,
            })
        )  # fmt: skip
        self.settings = config.load(file)

    async def start(self) -> None:
        """Open the catalog and listen."""
        self.catalog = await self._stack.enter_async_context(Catalog.open(self.settings.catalog.url))
        book = LogBook(self.catalog, MemoryKeys(self.keys))
        await book.log()
        self.control = control(self.settings, self.catalog, book)
        await self.serve()

    async def serve(self) -> None:
        """Listen with the settings as they are now."""
        self.control = replace(self.control, policy=self.settings.policy)
        door = Door(ISSUER, AUDIENCE, "EdDSA", "JWT", 8_192, 900.0, 5.0)
        remembered: Memory[bytes, Viewer] = Memory(items=100, size=100_000)
        self.people = Viewers(door, OneKey(SIGNER.private.public_key()), "__Host-mfmc", remembered)
        self.shown = Shown(self.catalog, self.settings.policy)
        signing = self.settings.edge.urls
        self.door = None if signing is None else await UrlDoor.open(signing)
        opened = open_api(self.settings.edge.control, self.control, self.people, self.shown, self.door, self.settings.sizes)
        self.api = await self._stack.enter_async_context(opened)
        runner = web.ServerRunner(Server(self._handle, self.settings.edge), shutdown_timeout=1)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.port = site.port

    async def stop(self) -> None:
        """Stop."""
        await self._stack.aclose()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        require_plain(request)
        if is_control(request.raw_path):
            return await self.api.handle(request, self.clock())
        return answer.sentence(200, "a picture")

    async def reset(self, *photos: Photo, **rows: list[dict[str, Any]]) -> None:
        """Empty the catalog but for the audit log, put these photos there, and add these rows by table."""
        async with self.catalog.database.writing() as connection:
            for table in reversed(schema.METADATA.sorted_tables):
                if table not in KEPT:
                    await connection.execute(delete(table))
            for made in photos:
                await connection.execute(insert(schema.PHOTO), publication._photo_row(made, ""))
                await connection.execute(insert(schema.FACE), [publication._face_row(made.path, face) for face in made.faces])
            for name, several in rows.items():
                await connection.execute(insert(schema.METADATA.tables[name]), several)

    async def dump(self, *, log: bool = True) -> dict[str, list[Any]]:
        """Every row of every table, or of all but the audit log's."""
        found = {}
        async with self.catalog.database.reading() as connection:
            for name, table in schema.METADATA.tables.items():
                if log or table not in KEPT:
                    found[name] = sorted(map(repr, (await connection.execute(select(table))).all()))
        return found

    async def actions(self) -> list[str]:
        """What the audit log says was done, from the first to the last."""
        wanted = select(schema.AUDIT.c.action).order_by(schema.AUDIT.c.number)
        async with self.catalog.database.reading() as connection:
            return list((await connection.scalars(wanted)).all())

    def token(self, user: str, **changes: Any) -> str:
        """A viewer's token."""
        return SIGNER.token(user, **changes)

    def service(self, user: str = "backend", **changes: Any) -> str:
        """A service's token."""
        return SIGNER.token(user, **({"aud": SERVICES} | changes))

    async def call(
        self, method: str, target: str, token: str | None = None, body: Any = None, *headers: str, raw: bytes | None = None
    ) -> Seen:
        """One request on a connection of its own; ``body`` goes as JSON, ``raw`` as it is."""
        content = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        lines = [f"{method} {target} HTTP/1.1", "Host: x", "Connection: close", *headers]
        if token is not None:
            lines.append(f"Authorization: Bearer {token}")
        named = {line.partition(":")[0].lower() for line in headers}
        if content and "content-type" not in named:
            lines.append("Content-Type: application/json")
        if content and "content-length" not in named and "transfer-encoding" not in named:
            lines.append(f"Content-Length: {len(content)}")
        return parse(await self.raw("\r\n".join([*lines, "", ""]).encode() + content))

    async def raw(self, sent: bytes) -> bytes:
        """Bytes on a fresh connection, and everything that comes back until the edge closes it."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 24)
        try:
            writer.write(sent)
            await writer.drain()
            return await asyncio.wait_for(reader.read(), 20)
        except ConnectionError:
            return b""
        finally:
            writer.close()


def parse(answered: bytes) -> Seen:
    """An answer taken apart."""
    head, _, body = answered.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    raw = "\n".join(line for line in lines if not line.startswith("Date:")).encode() + b"\n\n" + body
    return Seen(int(lines[0].split(" ")[1]), headers, body, raw)
