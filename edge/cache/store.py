"""Where fetched files may be kept between requests: nowhere, or sealed on a disk.

A value on disk is ``nonce(12) || AES-256-GCM(value)`` with the cache key as associated data. The sealing key is random
and lives in memory only, so what an earlier process left, what somebody swapped, and what was cut short all read as "not
there". Only base and sealed files come here; both are safe to lose and useless to steal.
"""

import asyncio
import logging
import os
import sqlite3
from pathlib import Path
from typing import Any
from typing import Protocol

import diskcache
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from diskcache.core import MODE_BINARY
from diskcache.core import MODE_RAW

from edge.errors import ConfigError

NONCE_BYTES = 12
TAG_BYTES = 16
KEY_BYTES = 32

_log = logging.getLogger("mfmc.cache")


class Cache(Protocol):
    """Bytes by key; a cache may forget anything at any time and never raises."""

    async def get(self, key: bytes) -> bytes | None:
        """The value exactly as it was put, or None."""

    async def put(self, key: bytes, value: bytes) -> None:
        """Keep the value, if there is room."""

    async def drop(self, key: bytes) -> None:
        """Forget the value."""

    async def size(self) -> int:
        """Bytes on the disk."""


class NullCache:
    """Keeps nothing."""

    async def get(self, key: bytes) -> bytes | None:
        """Never there."""
        return None

    async def put(self, key: bytes, value: bytes) -> None:
        """Forget it."""

    async def drop(self, key: bytes) -> None:
        """Nothing is there."""

    async def size(self) -> int:
        """Nothing is there."""
        return 0


class BytesDisk(diskcache.Disk):  # type: ignore[misc]
    """diskcache's storage without pickle: a file somebody planted can never be executed (CVE-2025-69872)."""

    def put(self, key: object) -> Any:
        """Bytes keys only: ``1`` and ``1.0`` would be one entry, and equal tuples two."""
        if type(key) is not bytes:
            raise TypeError("cache keys are bytes")
        return super().put(key)

    def get(self, key: Any, raw: bool) -> Any:
        """Keys that were stored as anything but bytes are refused."""
        if not raw:
            raise TypeError("cache keys are bytes")
        return super().get(key, raw)

    def store(self, value: object, read: bool, key: object = diskcache.UNKNOWN) -> Any:
        """Bytes values only."""
        if type(value) is not bytes or read:
            raise TypeError("cache values are bytes")
        return super().store(value, read, key)

    def fetch(self, mode: int, filename: Any, value: Any, read: bool) -> Any:
        """Values that were stored as anything but bytes are refused."""
        if read or mode not in (MODE_RAW, MODE_BINARY):
            raise TypeError("cache values are bytes")
        return super().fetch(mode, filename, value, read)


class DiskCache:
    """A sealed cache in a folder, shared by all processes that were given the same ``seal_key``.

    Raises ``ConfigError`` where the folder cannot be used.
    """

    def __init__(self, folder: Path, *, size: int, seal_key: bytes) -> None:
        self._seal = AESGCM(seal_key)
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._disk = diskcache.Cache(
                str(folder), disk=BytesDisk, size_limit=size, eviction_policy="least-recently-stored", timeout=1
            )
        except (OSError, sqlite3.Error, diskcache.Timeout) as error:
            why = getattr(error, "strerror", None) or type(error).__name__
            raise ConfigError(f"edge.cache.disk_folder: {folder} cannot be used as a cache's folder ({why})") from None

    def __repr__(self) -> str:
        return "<DiskCache>"

    async def get(self, key: bytes) -> bytes | None:
        """The value if this process, or one with the same key, put it and nobody touched it since."""
        try:
            return await asyncio.to_thread(self._read, key)
        except Exception as error:  # a broken cache is a slow edge, not a broken one
            _log.warning("disk cache cannot be read: %(error)s", {"error": type(error).__name__})
            return None

    async def put(self, key: bytes, value: bytes) -> None:
        """Keep the value, sealed."""
        try:
            await asyncio.to_thread(self._write, key, value)
        except Exception as error:
            _log.warning("disk cache cannot be written: %(error)s", {"error": type(error).__name__})

    async def drop(self, key: bytes) -> None:
        """Forget the value."""
        try:
            await asyncio.to_thread(self._disk.delete, key)
        except Exception as error:
            _log.warning("disk cache cannot be written: %(error)s", {"error": type(error).__name__})

    async def size(self) -> int:
        """Bytes on the disk, those of its index included; 0 where it cannot be read."""
        try:
            return int(await asyncio.to_thread(self._disk.volume))
        except Exception as error:
            _log.warning("disk cache cannot be read: %(error)s", {"error": type(error).__name__})
            return 0

    def clear(self) -> None:
        """Remove every entry; called once at start, since nobody can open what an earlier process left."""
        self._disk.clear()

    def close(self) -> None:
        """Let go of the folder."""
        self._disk.close()

    def _write(self, key: bytes, value: bytes) -> None:
        nonce = os.urandom(NONCE_BYTES)  # random per value; far fewer than 2^32 values are sealed with one boot's key
        self._disk.set(key, nonce + self._seal.encrypt(nonce, value, key))

    def _read(self, key: bytes) -> bytes | None:
        sealed = self._disk.get(key)
        if not isinstance(sealed, bytes) or len(sealed) < NONCE_BYTES + TAG_BYTES:
            return None
        try:
            return self._seal.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], key)
        except InvalidTag:
            return None
