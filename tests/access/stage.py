"""A whole edge behind real HTTP, and what happens around it: the upload job, the operator's commands, restarts, lost caches."""

import json
import os
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import jwt
from sqlalchemy import insert

from edge.audit.log import LogBook
from edge.catalog import Catalog
from edge.catalog import tables
from edge.catalog.publication import Naming
from edge.catalog.publication import publish
from edge.catalog.rewrapping import WrappedKeys
from edge.catalog.rewrapping import count
from edge.control.caller import OPERATOR
from edge.control.opening import control
from edge.control.operations import OPERATIONS
from edge.control.routes import target
from edge.errors import Refusal
from edge.keys import ring
from edge.keys.envelope import template_context
from edge.keys.opening import open_keys
from edge.keys.public_ring import PublicRing
from edge.keys.rewrap import rewrap
from edge.origin import names
from tests.access.changes import Asked
from tests.access.operations import SERVICE
from tests.access.pictures import Edition
from tests.access.pictures import path
from tests.fakes import AUDIENCE
from tests.fakes import ISSUER
from tests.fakes import Issuer
from tests.fakes import Seen
from tests.fakes import World

SERVICES = "control"
REVOCATION_SECONDS = 5
BY_NAME = {operation.name: operation for operation in OPERATIONS}
SMALL = {  # room for about one of everything
    "memory_items": 1, "memory_bytes": 30_000, "key_cache_items": 1, "key_cache_bytes": 30_000, "catalog_items": 1,
}  # fmt: skip


class Stage:
    """``world`` is the edge; everything else reaches its catalog, key ring and origin from outside, as other processes do."""

    def __init__(self, folder: Path, policy: dict[str, Any], *, small: bool, kept: str, catalog: str | None = None) -> None:
        self.world = World(folder)
        tables_: dict[str, Any] = {"policy": policy, "cache": {"disk_folder": "cache", **(SMALL if small else {})}}
        if catalog is not None:
            tables_["catalog"] = {"url": catalog}
        service = {"issuer": ISSUER, "audience": SERVICES, "algorithm": "EdDSA", "key_file": "issuer.pem"}
        rates = dict.fromkeys(("requests_per_minute", "changes_per_minute", "stranger_requests_per_minute"), 1_000_000)
        table = {**rates, "service_requests_per_minute": 1_000_000, "service": service}
        ring.create(folder / "urls.toml")
        self.world.configure(tables_, control=table, spliced_cache=kept, urls={"key_file": "urls.toml"})
        self._other_issuer = Issuer()
        self._outside = AsyncExitStack()

    async def open(self) -> None:
        """Another process opens the catalog; the edge does not run yet."""
        settings = self.world.settings
        self.catalog = await self._outside.enter_async_context(Catalog.open(settings.catalog.url))
        keys = await self._outside.enter_async_context(open_keys(settings.keys))
        book = LogBook(self.catalog, keys)
        await book.log()
        self._control = control(settings, self.catalog, book)

    async def close(self) -> None:
        """Stop everything."""
        await self.world.stop()
        await self._outside.aclose()

    async def restart(self) -> None:
        """Another process: empty memory, another boot key, the same disk."""
        await self.world.stop()
        await self.world.start()

    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.world.clock.now += seconds

    def token(self, person: str, friends: frozenset[str], seconds: int = 600) -> str:
        """A viewer's token as the login gives it now."""
        now = int(self.world.clock.now)
        return self.world.issuer.token(person, friends=sorted(friends), iat=now, exp=now + seconds)

    def service_token(self) -> str:
        """A service's token."""
        now = int(self.world.clock.now)
        return self.world.issuer.token("backend", aud=SERVICES, iat=now, exp=now + 600)

    def forged(self, person: str, friends: frozenset[str]) -> str:
        """A token of somebody else's making."""
        now = int(self.world.clock.now)
        claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": person, "friends": sorted(friends), "exp": now + 600}
        return jwt.encode(claims, self._other_issuer.private, "EdDSA")

    async def call(self, asked: Asked, slot: int, token: str | None, **headers: str) -> Seen:
        """One call of the control API."""
        operation = BY_NAME[asked.name]
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        body = _body(asked)
        if body:
            sent["Content-Type"] = "application/json"
        content = json.dumps(body).encode() if body else None
        return await self.world.send(operation.method, target(operation, _place(asked, slot)), sent, content)

    async def by_hand(self, asked: Asked, slot: int) -> int:
        """The same as ``mfmc-edge faces`` does it, in a process of its own; the status it would be."""
        operation = BY_NAME[asked.name]
        body = operation.body(**_body(asked)) if operation.body else None
        assert asked.caller == SERVICE
        try:
            reply = await self._control.perform(operation, OPERATOR, _place(asked, slot), body, self.world.clock.now)
        except Refusal as refusal:
            return refusal.status
        return 204 if reply.content is None else 200

    async def publish(
        self, made: Edition, uploader: str, owners: list[str | None], namings: list[Naming], *, tagged: bool, public: bool
    ) -> None:
        """What the upload job does, on a machine that has the key ring or only its public half."""
        keys: ring.KeyRing | PublicRing = ring.read(self.world.folder / "ring.toml")
        keys = keys.public() if public and isinstance(keys, ring.KeyRing) else keys
        photo = made.record(keys, uploader, owners, self.world.clock.now, tagged=tagged)
        for name, content in zip(names(photo.path, photo.version), (made.sealed.base, made.sealed.sidecar), strict=True):
            file = self.world.folder / "origin" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        await publish(self.catalog, photo, namings=namings)

    def sweep(self, made: Edition) -> None:
        """Remove the files of a version."""
        for name in names(path(made.photo), made.sealed.version):
            (self.world.folder / "origin" / name).unlink()

    async def enrol(self, *people: str) -> None:
        """These people asked to be found; nothing here looks at their templates."""
        keys = ring.read(self.world.folder / "ring.toml")
        rows = [
            {"person": person, "model": "m", "salt": os.urandom(32), "sealed": b"sealed",
             "wrapped_key": keys.wrap(os.urandom(32), template_context(person))}
            for person in people
        ]  # fmt: skip
        async with self.catalog.database.writing() as connection:
            await connection.execute(insert(tables.TEMPLATE), rows)

    def rotate(self) -> None:
        """``mfmc-edge keys rotate``, and the second that must pass before the edge reads its ring again."""
        ring.rotate(self.world.folder / "ring.toml")
        assert self.world.app is not None
        self.world.app.view.plans._keys._service._service._read_at -= 1_000  # type: ignore[attr-defined]

    async def rewrap(self) -> int:
        """``mfmc-edge keys rewrap``; how many keys were wrapped anew."""
        database = self.catalog.database
        async with open_keys(self.world.settings.keys) as keys:
            done = await rewrap(WrappedKeys(database, keys.primary), keys, keys, lambda _: None, limit=7)
            await database.forget_deleted()
            assert (done.lost, await count(database, other_than=keys.primary)) == (0, 0)
        return done.rewrapped

    async def retire(self) -> int:
        """``mfmc-edge keys retire`` for every old key that wraps nothing any more; how many that were."""
        file = self.world.folder / "ring.toml"
        keys, gone = ring.read(file), 0
        for key_id in keys.ids:
            if key_id != keys.primary and not await count(self.catalog.database, key_id):
                ring.retire(file, key_id)
                gone += 1
        return gone

    def drop_disk_cache(self) -> None:
        """Somebody empties the cache's folder."""
        assert self.world.app is not None
        self.world.app.view.files._cache._cache.clear()  # type: ignore[attr-defined]


def _place(asked: Asked, slot: int) -> dict[str, str]:
    """What the operation's route names."""
    known = {
        "photo": path(asked.photo), "face": str(slot), "person": asked.person, "member": asked.member, "group": asked.group,
    }  # fmt: skip
    return {name: value for name, value in known.items() if f"{{{name}}}" in BY_NAME[asked.name].route}


def _body(asked: Asked) -> dict[str, str]:
    match asked.name:
        case "assign":
            return {"person": asked.person}
        case "answer" | "grant":
            return {"answer": asked.said}
        case "rule" | "override":
            return {"rule": asked.said}
    return {}
