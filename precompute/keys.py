"""The wrapping keys as the upload job uses them: one key at a time, without an event loop.

A ring, or only its public halves (``mfmc-edge keys export-public``), is read from its file. A cloud's key service is reached
through a loop of its own in a thread, so that it may be asked from anywhere.
"""

import asyncio
import atexit
import threading
from collections.abc import Coroutine
from typing import Any
from typing import Protocol
from typing import TypeVar

from edge.keys import ring
from edge.keys.opening import open_keys
from edge.keys.service import KeyService
from edge.keys.settings import Keys

T = TypeVar("T")


class Wraps(Protocol):
    """Wraps keys; whoever holds no more than this can open none."""

    def wrap(self, key: bytes, context: bytes) -> bytes:
        """``key``, so that only the same ``context`` gives it back."""


class Opens(Wraps, Protocol):
    """Wraps keys and opens them."""

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """The key; ``Damaged`` for anything altered or moved, ``KeyRingError`` where the wrapping key is not at hand."""


def read(settings: Keys) -> Wraps:
    """The keys that ``[keys]`` describes; raises ``ConfigError`` or ``KeyRingError`` where they cannot be had."""
    settings.validate()
    return ring.read_wrapping(settings.ring) if settings.service == "ring" else CloudKeys(settings)


def opens(keys: Wraps | None) -> Opens | None:
    """The keys if they can open what they wrapped, and None for public halves."""
    return keys if isinstance(keys, ring.KeyRing | CloudKeys) else None


class CloudKeys:
    """A key service, asked one key at a time; closed with the process at the latest."""

    def __init__(self, settings: Keys) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="keys", daemon=True)
        self._thread.start()
        self._opened = open_keys(settings)
        self._service: KeyService = self._run(self._opened.__aenter__())
        atexit.register(self.close)

    def __repr__(self) -> str:
        return f"<CloudKeys {self._service!r}>"

    def wrap(self, key: bytes, context: bytes) -> bytes:
        """``key``, wrapped by the service."""
        return self._run(self._service.wrap([(key, context)]))[0]

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """The key; raises ``Damaged`` or ``KeyRingError``."""
        return self._run(self._service.unwrap([(wrapped, context)]))[0]

    def close(self) -> None:
        """Let go of connections; asked again, it does nothing."""
        atexit.unregister(self.close)
        if self._thread.is_alive():
            self._run(self._opened.__aexit__(None, None, None))
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()
