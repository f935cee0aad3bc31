"""Erasing a face: an attacker with everything that is left, and every key at hand, gets the original from none of it."""

import asyncio
import gc
import itertools
import os
import sqlite3
import types
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from edge.catalog import Catalog
from edge.catalog import Face
from edge.catalog import Photo
from edge.catalog.publication import publish
from edge.errors import Damaged
from edge.keys import ring as rings
from edge.keys.envelope import Box
from edge.keys.envelope import wrap_context
from edge.keys.rewrap import rewrap
from edge.keys.ring_service import RingService
from edge.origin import names
from edge.render import sealed
from tests import postgresql
from tests.fakes import NOW
from tests.fakes import PATH
from tests.fakes import Seen
from tests.fakes import World

ERASED, KEPT = 1, 2
MARK = b"ORIGINAL-FACE-1"
FACES = "/-/api/v1/photos/photos~2024~t1.jpg/faces"
OWNERS = {ERASED: "u-red", KEPT: "u-blue"}
WIDTH = 300  # bytes of each stretch


def stretch(kind: str, who: str) -> bytes:
    """The bytes of one stretch of the picture."""
    return f"{kind}-FACE-{who}-".encode().ljust(WIDTH, b".")


def picture(*real: int) -> bytes:
    """The picture: a stretch of each face's own, and one that both touch, which has a variant for every set of real faces."""
    alone = [stretch("ORIGINAL" if slot in real else "synthetic", str(slot)) for slot in OWNERS]
    both = stretch("ORIGINAL" if real else "synthetic", "+".join(map(str, real)) or "none")
    return b"".join([b"\xff\xd8", alone[0], b"-" * WIDTH, both, b"-" * WIDTH, alone[1], b"\xff\xd9"])


class Stage:
    """A whole edge with one photo of two faces that share a stretch; everybody is let in, and all caches are warm."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.photo_id, self.version, self.directory_key = os.urandom(16), os.urandom(16), os.urandom(32)
        self.face_keys = {slot: os.urandom(32) for slot in OWNERS}
        self.base = picture()
        self.sidecar = sealed.write(
            self._drafts(), tuple((slot,) for slot in OWNERS), self.face_keys, self.directory_key,
            photo_id=self.photo_id, version=self.version, base=self.base, salt=os.urandom(32),
        )  # fmt: skip

    def _drafts(self) -> list[sealed.Draft]:
        def cut(needle: bytes) -> sealed.Cut:
            start = self.base.index(needle)
            return sealed.Cut(start, start + WIDTH, WIDTH)

        own = [
            sealed.Draft((unit,), (unit,), (cut(stretch("synthetic", str(slot))),), stretch("ORIGINAL", str(slot)))
            for unit, slot in enumerate(OWNERS)
        ]
        shared = cut(stretch("synthetic", "none"))
        variants = {(0,): "1", (1,): "2", (0, 1): "1+2"}
        return own + [sealed.Draft((0, 1), shown, (shared,), stretch("ORIGINAL", who)) for shown, who in variants.items()]

    def record(self) -> Photo:
        """The catalog's record."""
        wrap = self.world.keys.wrap

        def wrapped(key: bytes, slot: int | None) -> bytes:
            return wrap(key, wrap_context(self.photo_id, self.version, slot))

        faces = tuple(
            Face(slot, (40 * slot, 5, 30, 30), owner, None, wrapped(self.face_keys[slot], slot)) for slot, owner in OWNERS.items()
        )
        directory = wrapped(self.directory_key, None)
        digest, size = sha256(self.base).digest(), len(self.base)
        return Photo(PATH, self.photo_id, self.version, digest, size, 400, 300, directory, NOW, faces, "u-up")

    async def start(self, **tables: Any) -> Photo:
        """Publish, listen, and show everything to everybody once."""
        self.world.configure({"policy": {"default_rule": "everyone"}, "cache": {"disk_folder": "cache"}} | tables)
        for name, content in zip(names(PATH, self.version), (self.base, self.sidecar), strict=True):
            file = self.world.folder / "origin" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        photo = self.record()
        async with Catalog.open(self.world.settings.catalog.url) as catalog:
            await publish(catalog, photo)
        await self.world.start()
        for who in (None, "u-red", "u-blue"):
            assert (await self.look(who)).body == picture(*OWNERS)
        return photo

    async def look(self, who: str | None = None) -> Seen:
        """The photo as somebody gets it."""
        return await self.world.get(token=None if who is None else self.world.issuer.token(who))

    async def erase(self) -> None:
        """The owner erases the face over the API."""
        answer = await self.world.get(f"{FACES}/{ERASED}/key", token=self.world.issuer.token("u-red"), method="DELETE")
        assert answer.status == 200, answer.body


@pytest.fixture
def stage(world: World) -> Stage:
    """The photo, not published yet."""
    return Stage(world)


async def test_everybody_sees_the_fake_at_once(stage: Stage) -> None:
    """With the next request the face is synthetic for all, its owner included; the other face is as it was."""
    before = await stage.start()
    tag = (await stage.look()).headers["ETag"]
    await stage.erase()
    for who in (None, "u-red", "u-blue", "u-up"):
        assert (await stage.look(who)).body == picture(KEPT)
    assert (await stage.world.get(If_None_Match=tag)).status == 200
    await stage.erase()
    async with Catalog.open(stage.world.settings.catalog.url) as catalog:
        photo = await catalog.photo(PATH)
    assert photo is not None
    assert [face.wrapped_key for face in photo.faces] == [None, before.faces[1].wrapped_key]


async def test_backups_made_later(stage: Stage, tmp_path: Path) -> None:
    """Neither the files of an embedded catalog nor a backup of it hold the wrapped key any more, while it is still open."""
    photo = await stage.start()
    wrapped = photo.faces[0].wrapped_key
    assert wrapped is not None
    files = [file for file in tmp_path.iterdir() if file.name.startswith("catalog.sqlite3")]  # noqa: ASYNC240
    assert any(wrapped in file.read_bytes() for file in files)
    await stage.erase()
    assert not any(wrapped in file.read_bytes() for file in files)
    with sqlite3.connect(tmp_path / "catalog.sqlite3") as plain, sqlite3.connect(tmp_path / "backup") as backup:
        plain.backup(backup)
    plain.close()
    backup.close()
    assert wrapped not in (tmp_path / "backup").read_bytes()
    other = photo.faces[1].wrapped_key
    assert other is not None
    assert other in (tmp_path / "backup").read_bytes()


async def test_postgresql(stage: Stage, postgresql_server: postgresql.Server) -> None:
    """A logical backup made later does not hold the wrapped key; what the server's files still hold opens under no key of a
    ring that was rotated, rewrapped and from which the old key was retired."""
    url = await postgresql_server.create("erasure")
    photo = await stage.start(catalog={"url": url})
    wrapped, other = photo.faces[0].wrapped_key, photo.faces[1].wrapped_key
    assert wrapped is not None
    assert other is not None
    await stage.erase()
    assert (await stage.look("u-red")).body == picture(KEPT)
    dump = await asyncio.to_thread(postgresql_server.dump, "erasure")
    assert wrapped.hex() not in dump
    assert other.hex() in dump
    file = stage.world.folder / "ring.toml"
    old = rings.read(file).primary
    rings.rotate(file)
    await moved(stage, file)
    context = wrap_context(stage.photo_id, stage.version, ERASED)
    assert rings.read(file).unwrap(wrapped, context) == stage.face_keys[ERASED]  # whoever kept it from before still can
    with pytest.raises(rings.KeyRingError):
        rings.retire(file, old).unwrap(wrapped, context)


async def moved(stage: Stage, file: Path) -> None:
    """Wrap everything in the catalog by the ring's primary."""
    from edge.catalog.rewrapping import WrappedKeys
    from edge.catalog.rewrapping import count

    keys = await RingService.open(file, lambda: 0.0)
    async with Catalog.open(stage.world.settings.catalog.url) as catalog:
        await rewrap(WrappedKeys(catalog.database, keys.primary), keys, keys, lambda _: None)
        assert await count(catalog.database, other_than=keys.primary) == 0


async def test_every_key_that_is_left(stage: Stage) -> None:
    """Every combination of the keys that can still be opened, tried on every group of the sidecar, opens what shows the other
    face alone, and nothing of the erased one."""
    await stage.start()
    await stage.erase()
    async with Catalog.open(stage.world.settings.catalog.url) as catalog:
        photo = await catalog.photo(PATH)
    assert photo is not None
    keys = [stage.world.keys.unwrap(photo.wrapped_key, wrap_context(photo.photo_id, photo.version, None))]
    for face in photo.faces:
        if face.wrapped_key is not None:
            keys.append(stage.world.keys.unwrap(face.wrapped_key, wrap_context(photo.photo_id, photo.version, face.slot)))
    assert stage.face_keys[ERASED] not in keys
    file = stage.world.folder / "origin" / names(PATH, stage.version)[1]
    opened = sealed.parse(
        file.read_bytes(), keys[0], photo_id=photo.photo_id, version=photo.version,
        base_sha256=photo.base_sha256, base_size=photo.base_size,
    )  # fmt: skip
    assert MARK in (tried(opened.salt, opened.groups[0], [stage.face_keys[ERASED]]) or b"")  # the erased key itself would do
    secrets = [b"".join(some) for count in (1, 2, 3) for some in itertools.product([*keys, bytes(32)], repeat=count)]
    shown = {unit: tried(opened.salt, group, secrets) for unit, group in enumerate(opened.groups)}
    assert [group.shown for unit, group in enumerate(opened.groups) if shown[unit] is not None] == [(1,), (1,)]
    assert not any(MARK in plain for plain in shown.values() if plain is not None)


def tried(salt: bytes, group: sealed.Group, secrets: list[bytes]) -> bytes | None:
    """The group's plaintext, under whichever secret opens it, the commitment looked at or not."""
    for secret in secrets:
        try:
            return Box(secret, salt, group.label).open(group.ciphertext, group.context)
        except Damaged:
            continue
    return None


async def test_caches_and_memory(stage: Stage) -> None:
    """No cache, on disk or in memory, and nothing else that the process can reach, holds the face key or the face any more."""
    await stage.start()
    app = stage.world.app
    assert app is not None
    secret = stage.face_keys[ERASED]
    assert any(secret in held for held in reachable(app))  # the walk finds what is there
    await stage.erase()
    stage.world.clock.now += stage.world.settings.edge.cache.key_cache_seconds
    await stage.look("u-red")
    for purge in (app.view.plans.purge, app.view.acquaintance.purge):
        purge(stage.world.clock.now)
    purged = next(held for held in walked(app) if type(held).__name__ == "Remembered")
    purged.purge(stage.world.clock.now)
    gc.collect()
    assert not any(secret in held or MARK in held for held in reachable(app))
    disk = app.view.files._cache
    entries = [(key, disk._open(key, disk._disk.get(key))) for key in disk._disk.iterkeys()]  # type: ignore[attr-defined]
    assert len(entries) == 2
    assert not any(content is None or MARK in content or secret in content for _, content in entries)


def walked(start: object) -> list[Any]:
    """Everything that can be reached from an object, but for code."""
    seen: dict[int, Any] = {}
    waiting: list[Any] = [start]
    while waiting:
        held = waiting.pop()
        code = (types.ModuleType, types.FrameType, types.CodeType, type)
        if id(held) in seen or isinstance(held, code):
            continue
        seen[id(held)] = held
        waiting += gc.get_referents(held) if not isinstance(held, types.FunctionType) else list(held.__closure__ or ())
    return list(seen.values())


def reachable(start: object) -> list[bytes]:
    """All bytes that can be reached."""
    return [bytes(held) for held in walked(start) if isinstance(held, bytes | bytearray)]


async def test_published_again(stage: Stage) -> None:
    """Whoever seals the same photo anew does not bring the face back: its place is erased."""
    photo = await stage.start()
    await stage.erase()
    async with Catalog.open(stage.world.settings.catalog.url) as catalog:
        await publish(catalog, replace(photo, faces=tuple(replace(face, wrapped_key=b"new") for face in photo.faces)))
        again = await catalog.photo(PATH)
    assert again is not None
    assert [face.wrapped_key for face in again.faces] == [None, b"new"]
