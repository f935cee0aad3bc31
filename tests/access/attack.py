"""Somebody who holds all that is left after an erasure, and tries to open the face with it."""

import asyncio
import functools
import gc
import itertools
import types
from collections.abc import Iterable
from collections.abc import Iterator
from contextvars import Context
from hashlib import sha256
from typing import Any

import aiohttp

from edge.catalog import Catalog
from edge.catalog.rewrapping import WrappedKeys
from edge.errors import Damaged
from edge.keys.envelope import KEY_BYTES
from edge.keys.envelope import Box
from edge.keys.ring import KeyRing
from edge.render import sealed as form
from edge.render import splice
from edge.render.sealed import Group
from edge.render.sealed import Sealed
from tests.access.pictures import Edition

STRETCH_BYTES = 32
ELSEWHERE = (types.ModuleType, type, asyncio.AbstractEventLoop, aiohttp.ClientSession, Context)


def parsed(made: Edition) -> Sealed:
    """The edition's sidecar, as whoever has the directory key reads it."""
    sealed = made.sealed
    return form.parse(
        sealed.sidecar, sealed.directory_key, photo_id=sealed.photo_id, version=sealed.version,
        base_sha256=sha256(sealed.base).digest(), base_size=len(sealed.base),
    )  # fmt: skip


def groups_of(made: Edition, face: int) -> list[Group]:
    """The patches that show this face, also those that show a neighbour with it."""
    sidecar, slot = parsed(made), made.slots[face]
    return [group for group in sidecar.groups if any(slot in sidecar.units[unit] for unit in group.shown)]


def stretches(made: Edition, face: int) -> list[bytes]:
    """Pieces of the original that nobody may have any more: of these patches, and in no picture without the face."""
    allowed = [reveal(made, some) for count in range(4) for some in itertools.combinations(set(range(4)) - {face}, count)]
    sidecar, found = parsed(made), []
    for group in groups_of(made, face):
        secret = form.group_secret(group.shown, sidecar.units, made.sealed.face_keys)
        patch = Box(secret, sidecar.salt, group.label).open(group.ciphertext, group.context)[: group.length]
        pieces = (patch[at : at + STRETCH_BYTES] for at in range(0, len(patch) - STRETCH_BYTES, STRETCH_BYTES))
        found += [piece for piece in pieces if not any(piece in picture for picture in allowed)]
    return found


def reveal(made: Edition, faces: Iterable[int]) -> bytes:
    """What a viewer gets who may see just these faces."""
    keys = {made.slots[face]: made.sealed.face_keys[made.slots[face]] for face in faces}
    return splice.reveal(splice.plan(made.sealed.base, parsed(made), keys))


async def keys_left(catalog: Catalog, ring: KeyRing) -> set[bytes]:
    """Every key that the catalog still holds, opened with the ring."""
    store, found, after = WrappedKeys(catalog.database, "none"), set(), None
    while rows := await store.batch(after, 1_000):
        found |= {ring.unwrap(row.wrapped, row.context) for row in rows}
        after = rows[-1].place
    return found


def opened_by(keys: Iterable[bytes], made: Edition, face: int, *, together: int) -> list[Group]:
    """The patches of the face that some of these keys open, so many at a time and in any order."""
    salt, groups = parsed(made).salt, groups_of(made, face)
    secrets = {b"".join(some) for count in range(1, together + 1) for some in itertools.permutations(sorted(set(keys)), count)}
    return [group for group in groups if any(_opens(secret, salt, group) for secret in secrets)]


def _opens(secret: bytes, salt: bytes, group: Group) -> bool:
    box = Box(secret, salt, group.label)
    try:
        box.open(group.ciphertext, group.context)
    except Damaged:
        return box.commitment == group.commitment
    return True


def reachable(*roots: Any) -> Iterator[Any]:
    """Every object that can be reached from these: through attributes, closures and running coroutines; not through modules."""
    seen, waiting = set[int](), list(roots)
    while waiting:
        here = waiting.pop()
        if id(here) not in seen and not isinstance(here, ELSEWHERE):
            seen.add(id(here))
            yield here
            waiting += _next(here)


def _next(here: Any) -> Iterable[Any]:
    match here:
        case types.FunctionType():
            return (here.__closure__, here.__defaults__, here.__kwdefaults__, here.__dict__)
        case types.CoroutineType() | types.AsyncGeneratorType() | types.GeneratorType():
            frame = getattr(here, "cr_frame", None) or getattr(here, "ag_frame", None) or getattr(here, "gi_frame", None)
            return (getattr(here, "cr_await", None), *((frame,) if frame is not None else ()))
        case types.FrameType():
            return list(here.f_locals.values())
        case memoryview():
            return (here.obj,)
        case functools.partial():
            return (here.func, here.args, here.keywords)
    return gc.get_referents(here)


def holding(objects: Iterable[Any], *needles: bytes) -> list[bytes]:
    """The needles that lie in some bytes among the objects."""
    hay = [bytes(found) for found in objects if isinstance(found, bytes | bytearray)]
    return [needle for needle in needles if any(needle in found for found in hay)]


def keys_among(objects: Iterable[Any]) -> set[bytes]:
    """Whatever has the length of a key."""
    return {bytes(found) for found in objects if isinstance(found, bytes | bytearray) and len(found) == KEY_BYTES}


def boxes_among(objects: Iterable[Any]) -> set[bytes]:
    """The commitments of all derived keys that are held ready."""
    return {found.commitment for found in objects if isinstance(found, Box)}
