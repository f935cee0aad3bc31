"""Friends in a signed list that the token points at: fetched once per viewer and version of the graph.

A list at hand is asked for again with its entity tag every ``revalidate_seconds``, so that one that was withdrawn stops
counting. One that cannot be had again does not count either.
"""

from collections.abc import Mapping
from collections.abc import Set

from aiohttp import ClientSession
from yarl import URL

from edge import download
from edge.errors import FriendsUnknown
from edge.friends.lists import Listing
from edge.friends.lists import Lists
from edge.friends.settings import Reference
from edge.friends.signed import ListDoor
from edge.issuer import Issuer
from edge.viewer import Viewer


class References:
    """Looks owners up in the list that the viewer's token names."""

    def __init__(
        self, client: ClientSession, settings: Reference, door: ListDoor, keys: Issuer, headers: Mapping[str, str]
    ) -> None:
        self._client = client
        self._settings = settings
        self._address = settings.url if settings.url.endswith("/") else settings.url + "/"
        self._door = door
        self._keys = keys
        self._headers = headers
        self._lists = Lists(
            self._fetch,
            items=settings.lists,
            size=settings.lists_bytes,
            timeout_seconds=settings.timeout_seconds,
            at_once=settings.connections,
        )

    async def find(self, viewer: Viewer, owners: frozenset[str], now: float) -> Set[str]:
        """The owners on the viewer's list; a token that points nowhere has none."""
        pointer = viewer.pointer
        if pointer is None:
            return frozenset()
        friends = await self._lists.of((viewer.id, pointer.below(self._address), pointer.version), viewer, now)
        return {owner for owner in owners if owner in friends}

    def purge(self, now: float) -> None:
        """Let go of lists whose time is over."""
        self._lists.purge(now)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _fetch(self, viewer: Viewer, known: Listing | None, now: float) -> Listing:
        if viewer.pointer is None or viewer.id is None:
            raise FriendsUnknown
        url = URL(viewer.pointer.below(self._address), encoded=True)
        tag = None if known is None else known.tag
        answer = await download.changed(self._client, url, self._settings.max_bytes, known=tag, headers=self._headers)
        due = now + self._settings.revalidate_seconds
        if answer is None and known is not None:
            return Listing(known.friends, known.ends, due, known.tag)
        if answer is None:
            raise FriendsUnknown
        text = answer.body.decode("ascii")
        friends, ends = await self._door.open(text, self._keys, user=viewer.id, version=viewer.pointer.version, now=now)
        return Listing(friends, ends, due, answer.tag)
