"""The published files of a photo: memory first, then the sealed disk cache, then the origin.

A base is compared with the catalog's hash once, when it enters memory. A wrong file at the origin could be an
original, so one that does not match is never kept and never shown.

Names carry the version, and the files of a version never change. So nothing that is kept here can be stale, nothing is ever asked
again whether it is still good, and while the origin is down what is kept goes on being shown, for as long as the catalog names
that version. The base of an earlier version is never shown in its place: whoever published anew may have had a reason.
"""

import asyncio
import hashlib

from edge.cache import key
from edge.cache.flight import Flight
from edge.cache.memory import Memory
from edge.cache.store import Cache
from edge.catalog import Photo
from edge.errors import OriginFailed
from edge.origin import Origin
from edge.origin import names

FOREVER = float("inf")  # the files of a version never change
LARGE_BYTES = 1 << 20


class Files:
    """Fetches base and sidecar; many requests for one file make one fetch."""

    def __init__(self, origin: Origin, cache: Cache, memory: "Memory[str, bytes]") -> None:
        self._origin = origin
        self._cache = cache
        self._memory = memory
        self._flight: Flight[str, bytes] = Flight()

    async def base(self, photo: Photo, now: float) -> bytes:
        """The published base, exactly the one the catalog names; raises ``OriginFailed`` or ``OriginTimeout``."""
        name = names(photo.path, photo.version, photo.rendition)[0]
        kept = self._memory.get(name, now)
        if kept is not None:
            return kept
        digest = photo.base_sha256
        return await self._flight.run(name, lambda: self._fetch(name, digest, now))

    async def sidecar(self, photo: Photo, now: float) -> bytes:
        """The sealed patches, unchecked: whoever parses them finds out.

        Raises ``OriginFailed`` or ``OriginTimeout``.
        """
        name = names(photo.path, photo.version, photo.rendition)[1]
        kept = self._memory.get(name, now)
        return kept if kept is not None else await self._flight.run(name, lambda: self._fetch(name, None, now))

    async def distrust_sidecar(self, photo: Photo) -> None:
        """Fetch the sidecar again next time, from the origin."""
        name = names(photo.path, photo.version, photo.rendition)[1]
        self._memory.drop(name)
        await self._cache.drop(_cache_key(name, None))

    async def _fetch(self, name: str, digest: bytes | None, now: float) -> bytes:
        cache_key = _cache_key(name, digest)
        content = await self._cache.get(cache_key)
        if content is None or not await _matches(content, digest):
            content = await self._origin.fetch(name)
            if not await _matches(content, digest):
                raise OriginFailed
            await self._cache.put(cache_key, content)
        self._memory.put(name, content, size=len(content), now=now, expires=FOREVER)
        return content


def _cache_key(name: str, digest: bytes | None) -> bytes:
    return key.joined(b"file", name.encode(), digest or b"")


async def _matches(content: bytes, digest: bytes | None) -> bool:
    if digest is None:
        return True
    if len(content) < LARGE_BYTES:
        return _sha256(content) == digest
    return await asyncio.to_thread(_sha256, content) == digest  # nobody else waits for it


def _sha256(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()
