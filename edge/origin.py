"""Where the published files come from: one folder or one fixed address, byte for byte, within bounds, or not at all."""

import asyncio
import os
import re
import stat
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from aiohttp import ClientSession
from yarl import URL

from edge import config
from edge import download
from edge.errors import ConfigError
from edge.errors import OriginFailed
from edge.errors import OriginTimeout

VERSIONED = re.compile(r"\.([0-9a-f]{32})(?:\.w[0-9]+)?\.(?:base|sealed)\Z", re.ASCII)


@lru_cache(maxsize=10_000)
def names(path: str, version: bytes, rendition: int = 0) -> tuple[str, str]:
    """The names, below the origin's root, of the base and the sidecar of one version of the photo at ``path``.

    ``rendition``: its width in px; 0 is the picture as it was uploaded.
    """
    stem = f"{path.removeprefix('/')}.{version.hex()}" + (f".w{rendition}" if rendition else "")
    return f"{stem}.base", f"{stem}.sealed"


def is_versioned(path: str) -> bool:
    """Whether a photo of this path would lie under a name that ``names`` gives to another photo's files."""
    return VERSIONED.search(path) is not None


class Origin(Protocol):
    """A store of immutable files."""

    async def fetch(self, name: str) -> bytes:
        """The whole file; raises ``OriginFailed`` or ``OriginTimeout``, and never returns a part."""

    async def close(self) -> None:
        """Let go of connections."""


class FolderOrigin:
    """Files below a folder; no symbolic link below it is followed, and only regular files are read."""

    def __init__(self, root: Path, *, max_bytes: int, timeout_seconds: float) -> None:
        self._root = root
        self._max_bytes = max_bytes
        self._timeout_seconds = timeout_seconds

    async def fetch(self, name: str) -> bytes:
        """The whole file below the root."""
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return await asyncio.to_thread(self._read, name)
        except TimeoutError:
            raise OriginTimeout from None
        except OSError:
            raise OriginFailed from None

    async def close(self) -> None:
        """Nothing is held open."""

    def _read(self, name: str) -> bytes:
        *folders, file = name.split("/")
        here = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for folder in folders:
                below = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=here)
                os.close(here)
                here = below
            # O_NONBLOCK: opening a pipe that somebody put there must not wait for a writer
            handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=here)
        finally:
            os.close(here)
        try:
            return self._whole(handle)
        finally:
            os.close(handle)

    def _whole(self, handle: int) -> bytes:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode) or about.st_size > self._max_bytes:
            raise OriginFailed
        with open(handle, "rb", closefd=False) as source:
            content = source.read(about.st_size + 1)
        if len(content) != about.st_size:
            raise OriginFailed
        return content


class HttpOrigin:
    """Files below one fixed address; redirects are refused and nothing of the viewer's request is forwarded."""

    def __init__(self, client: ClientSession, url: str, *, max_bytes: int) -> None:
        self._client = client
        self._url = url if url.endswith("/") else url + "/"
        self._max_bytes = max_bytes

    async def fetch(self, name: str) -> bytes:
        """The whole file below the address; ``name`` is of the characters ``edge.address`` allows."""
        return await download.whole(self._client, URL(self._url + name, encoded=True), self._max_bytes)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()


async def open_origin(settings: config.Origin) -> Origin:
    """The origin that the configuration names; raises ``ConfigError`` when there is none."""
    if settings.url is not None:
        client = download.session(
            timeout_seconds=settings.timeout_seconds,
            connect_seconds=settings.connect_seconds,
            connections=settings.connections,
        )
        return HttpOrigin(client, settings.url, max_bytes=settings.max_bytes)
    if settings.folder is None or not await asyncio.to_thread(settings.folder.is_dir):
        raise ConfigError(f"edge.origin.folder: {settings.folder} is not a folder")
    return FolderOrigin(settings.folder, max_bytes=settings.max_bytes, timeout_seconds=settings.timeout_seconds)
