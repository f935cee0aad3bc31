"""Real, tiny stand-ins: photos that need no camera, an issuer, a clock, an origin that misbehaves, and a whole edge."""

import asyncio
import base64
import hashlib
import json
import os
from contextlib import AsyncExitStack
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import Any

import aiohttp
import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization import PublicFormat

from edge import config
from edge.app import App
from edge.app import open_app
from edge.catalog import Catalog
from edge.catalog import Face
from edge.catalog import Photo
from edge.catalog.database import put
from edge.catalog.publication import publish
from edge.catalog.tables import ACCOUNT
from edge.errors import OriginFailed
from edge.keys import ring
from edge.keys.envelope import wrap_context
from edge.metrics import Metrics
from edge.middleware import quiet_libraries
from edge.origin import names
from edge.render import sealed
from edge.server import Server
from edge.watch import Watch

NOW = 1_800_000_000.0
PATH = "/photos/2024/t1.jpg"
ISSUER = "https://login.example"
AUDIENCE = "photos"
FACE_BYTES = 400
GAP_BYTES = 300


class Clock:
    """A time that only moves when told."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def real(slot: int) -> bytes:
    """The original bytes of a face: recognisable wherever they turn up."""
    return f"ORIGINAL-FACE-{slot}-".encode().ljust(FACE_BYTES, b"o")


def fake(slot: int) -> bytes:
    """What everybody sees instead."""
    return f"synthetic-face-{slot}-".encode().ljust(FACE_BYTES, b"s")


def picture(slots: list[int], shown: frozenset[int] | set[int] = frozenset(), mark: bytes = b"") -> bytes:
    """The bytes a viewer gets who may see ``shown``."""
    parts = [b"\xff\xd8" + mark.ljust(GAP_BYTES, b"-")]
    for slot in slots:
        parts += [real(slot) if slot in shown else fake(slot), bytes(GAP_BYTES)]
    return b"".join([*parts, b"\xff\xd9"])


@dataclass(frozen=True)
class Published:
    """A publication with all its secrets, for tests to look for."""

    photo: Photo
    base: bytes
    sidecar: bytes
    secrets: tuple[bytes, ...]
    slots: list[int]

    def seen(self, *shown: int, mark: bytes = b"") -> bytes:
        """The bytes a viewer gets who may see these slots."""
        return picture(self.slots, set(shown), mark)


def seal(keys: ring.KeyRing, path: str, owners: dict[int, str | None], mark: bytes = b"") -> Published:
    """A sealed photo with one face per slot."""
    slots = sorted(owners)
    base = picture(slots, mark=mark)
    photo_id, version, directory_key = os.urandom(16), os.urandom(16), os.urandom(32)
    face_keys = {slot: os.urandom(32) for slot in slots}
    drafts = []
    for unit, slot in enumerate(slots):
        start = base.index(fake(slot))
        cut = sealed.Cut(start, start + FACE_BYTES, FACE_BYTES)
        drafts.append(sealed.Draft((unit,), (unit,), (cut,), real(slot)))
    sidecar = sealed.write(
        drafts, tuple((slot,) for slot in slots), face_keys, directory_key,
        photo_id=photo_id, version=version, base=base, salt=os.urandom(32),
    )  # fmt: skip
    faces = tuple(
        Face(slot, (10 * slot, 5, 8, 9), owners[slot], None,
             keys.wrap(face_keys[slot], wrap_context(photo_id, version, slot)))
        for slot in slots
    )  # fmt: skip
    wrapped = keys.wrap(directory_key, wrap_context(photo_id, version, None))
    digest = hashlib.sha256(base).digest()
    photo = Photo(path, photo_id, version, digest, len(base), 400, 300, wrapped, NOW - 60, faces)
    return Published(photo, base, sidecar, (directory_key, *face_keys.values()), slots)


class Issuer:
    """Signs tokens."""

    def __init__(self) -> None:
        self.private = Ed25519PrivateKey.generate()

    def public_pem(self) -> bytes:
        """The key the edge is given."""
        return self.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def claims(self, user: str, **changes: Any) -> dict[str, Any]:
        """Good claims, changed; a change to None leaves the claim out."""
        good = {"iss": ISSUER, "aud": AUDIENCE, "exp": int(NOW) + 600, "iat": int(NOW), "sub": user}
        return {name: value for name, value in (good | changes).items() if value is not None}

    def token(self, user: str = "u-eve", **changes: Any) -> str:
        """A signed token."""
        return jwt.encode(self.claims(user, **changes), self.private, "EdDSA")

    def sign(self, header: bytes, payload: bytes) -> str:
        """A correctly signed token around any bytes."""
        signed = f"{spell(header)}.{spell(payload)}"
        return f"{signed}.{spell(self.private.sign(signed.encode()))}"


def spell(content: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


class MemoryOrigin:
    """An origin in a dictionary; a value that is an exception is raised. Counts what it is asked."""

    def __init__(self, files: dict[str, bytes | Exception] | None = None) -> None:
        self.files = files or {}
        self.asked: list[str] = []
        self.gate: asyncio.Event | None = None

    async def fetch(self, name: str) -> bytes:
        self.asked.append(name)
        if self.gate is not None:
            await self.gate.wait()
        found = self.files.get(name, OriginFailed())
        if isinstance(found, Exception):
            raise found
        return found

    async def close(self) -> None:
        """Nothing to close."""


@dataclass(frozen=True)
class Seen:
    """One answer."""

    status: int
    headers: Any
    body: bytes


@dataclass
class World:
    """A whole edge over a temporary folder: key ring, catalog, origin folder, issuer, and a server on loopback."""

    folder: Path
    clock: Clock = field(default_factory=Clock)
    issuer: Issuer = field(default_factory=Issuer)
    app: App | None = None
    port: int = 0

    def __post_init__(self) -> None:
        quiet_libraries()
        self._stack = AsyncExitStack()
        (self.folder / "origin").mkdir()
        (self.folder / "issuer.pem").write_bytes(self.issuer.public_pem())
        self.keys = ring.create(self.folder / "ring.toml")
        self.settings = self.configure({})

    def configure(self, tables: dict[str, Any], **edge: Any) -> config.Config:
        """Write ``config.toml`` anew, with changes to [edge.*] tables and to [edge] itself."""
        file = self.folder / "config.json"
        origin = {"folder": "origin"} if "origin" not in tables else tables["origin"]
        token = {"issuer": ISSUER, "audience": AUDIENCE, "algorithm": "EdDSA", "key_file": "issuer.pem"}
        table: dict[str, Any] = {
            "edge": {
                "port": 0,
                "token": token | tables.get("token", {}),
                "origin": origin,
                "cache": tables.get("cache", {}),
            } | edge,
            "catalog": {"url": "sqlite+aiosqlite:///catalog.sqlite3"},
            "keys": tables.get("keys", {"ring": "ring.toml"}),
        }
        table |= {name: tables[name] for name in ("policy", "demo", "precompute", "audit", "catalog", "sizes") if name in tables}
        file = self.folder / "config.toml"
        file.write_text(toml(table))
        self.settings = config.load(file)
        return self.settings

    async def start(self, watch: Watch | None = None) -> None:
        """Listen; ``watch`` looks on."""
        watch = Watch(Metrics()) if watch is None else watch
        self.app = await self._stack.enter_async_context(open_app(self.settings, os.urandom(32), self.clock, watch))
        runner = web.ServerRunner(Server(self.app.handle, self.settings.edge, watch), shutdown_timeout=1)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.port = site.port
        self._client = await self._stack.enter_async_context(
            aiohttp.ClientSession(auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar())
        )

    async def stop(self) -> None:
        """Stop."""
        await self._stack.aclose()

    async def publish(
        self, owners: dict[int, str | None], path: str = PATH, *, rules: dict[str, str] | None = None, mark: bytes = b""
    ) -> Published:
        """Seal and publish a photo, and set its owners' rules."""
        made = seal(self.keys, path, owners, mark)
        for name, content in zip(names(path, made.photo.version), (made.base, made.sidecar), strict=True):
            file = self.folder / "origin" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        async with Catalog.open(self.settings.catalog.url) as catalog:
            for user, rule in (rules or {}).items():
                await set_rule(catalog, user, rule)
            await publish(catalog, made.photo)
        return made

    def origin_file(self, made: Published, which: int) -> Path:
        """The base (0) or the sidecar (1) at the origin."""
        return self.folder / "origin" / names(made.photo.path, made.photo.version)[which]

    async def get(
        self, path: str = PATH, token: str | None = None, method: str = "GET", **headers: str
    ) -> Seen:
        """One request through a real client."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        return await self.send(method, path, sent)

    async def send(self, method: str, target: str, headers: dict[str, str], body: bytes | None = None) -> Seen:
        """One request with just these headers and this body."""
        url = f"http://127.0.0.1:{self.port}{target}"
        async with self._client.request(method, url, headers=headers, data=body, allow_redirects=False) as answer:
            return Seen(answer.status, answer.headers, await answer.read())

    async def raw(self, request: bytes) -> bytes:
        """Bytes on a fresh connection, and everything that comes back until the edge closes it."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 24)
        try:
            writer.write(request)
            await writer.drain()
            return await asyncio.wait_for(reader.read(), 20)
        except ConnectionError:
            return b""
        finally:
            writer.close()


async def set_rule(catalog: Catalog, user: str, rule: str) -> None:
    """What a user allows, said where this process does not hear it."""
    async with catalog.database.writing() as connection:
        await put(connection, ACCOUNT, {"person": user}, {"rule": rule})


def toml(table: dict[str, Any], name: str = "") -> str:
    """A nested dictionary as TOML; JSON's spelling of values is TOML's for strings, numbers, booleans and lists."""
    lines = [f"[{name}]"] if name else []
    lines += [f"{key} = {_value(value)}" for key, value in table.items() if not isinstance(value, dict)]
    below = [toml(value, f"{name}.{key}".lstrip(".")) for key, value in table.items() if isinstance(value, dict)]
    return "\n".join([*lines, *below])


def _value(value: Any) -> str:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        tables = (", ".join(f"{key} = {json.dumps(item)}" for key, item in entry.items()) for entry in value)
        return "[" + ", ".join(f"{{ {table} }}" for table in tables) + "]"
    return json.dumps(value)
