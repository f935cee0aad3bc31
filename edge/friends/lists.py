"""Whole lists of friends that came from elsewhere, one per viewer: bounded in count and bytes, ended with the token.

Many requests of one viewer make one fetch. A fetch that fails leaves the viewer without friends for ``FAULT_SECONDS``,
so that a fault costs one try per while, and so that no picture waits for it longer than the deadline.
"""

import asyncio
import math
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Protocol

from edge.cache.flight import Flight
from edge.cache.memory import Memory
from edge.friends.faults import FAULT_SECONDS
from edge.friends.faults import Faults
from edge.friends.listed import NO_FRIENDS
from edge.friends.listed import Friends
from edge.viewer import Viewer

LIST_OVERHEAD_BYTES = 2_200  # measured, with the longest of places, versions and tags


@dataclass(frozen=True, slots=True, repr=False)
class Listing:
    """A list that holds until ``ends``; from ``due`` on it must be asked for again, with ``tag`` where it has one."""

    friends: Friends
    ends: float
    due: float = math.inf
    tag: str | None = None


class Fetch(Protocol):
    """Whoever has the lists."""

    async def __call__(self, viewer: Viewer, known: Listing | None, now: float) -> Listing:
        """The viewer's list, ``known`` again where it still holds; may raise anything."""


@dataclass(frozen=True, slots=True, repr=False)
class _Held:
    listing: Listing
    until: float


class Lists:
    """Remembers the lists that ``fetch`` gives."""

    def __init__(self, fetch: Fetch, *, items: int, size: int, timeout_seconds: float, at_once: int) -> None:
        self._fetch = fetch
        self._timeout_seconds = timeout_seconds
        self._gate = asyncio.Semaphore(at_once)
        self._held: Memory[Hashable, _Held] = Memory(items=items, size=size)
        self._flight: Flight[Hashable, Listing] = Flight()
        self._faults = Faults()

    async def of(self, key: Hashable, viewer: Viewer, now: float) -> Friends:
        """The friends of the viewer who alone has ``key``; none when nobody can tell."""
        held = self._held.get(key, now)
        if held is None or now >= held.listing.due:
            known = None if held is None else held.listing
            return (await self._flight.run(key, lambda: self._renewed(key, viewer, known, now))).friends
        if held.until < min(viewer.expires, held.listing.ends):  # the same list under a later token
            self._hold(key, held.listing, viewer, now)
        return held.listing.friends

    def purge(self, now: float) -> None:
        """Let go of lists whose time is over."""
        self._held.purge(now)

    async def _renewed(self, key: Hashable, viewer: Viewer, known: Listing | None, now: float) -> Listing:
        try:
            async with asyncio.timeout(self._timeout_seconds), self._gate:
                listing = await self._fetch(viewer, known, now)
        except Exception as error:  # a list that is doubtful for whatever reason is none
            self._faults.tell(error, now)
            listing = Listing(NO_FRIENDS, now + FAULT_SECONDS)
        self._hold(key, listing, viewer, now)
        return listing

    def _hold(self, key: Hashable, listing: Listing, viewer: Viewer, now: float) -> None:
        until = min(listing.ends, viewer.expires)
        size = LIST_OVERHEAD_BYTES + listing.friends.size
        self._held.put(key, _Held(listing, until), size=size, now=now, expires=until)
