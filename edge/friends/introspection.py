"""Friends as the issuer tells them about a token at its introspection endpoint (RFC 7662).

The answer counts only if the token is ``active``, is the viewer's, and brings the list in the configured member.
It is remembered per token. A token that is no longer active costs its viewer all friends; who the viewer is stays.
"""

import asyncio
import base64
from collections.abc import Mapping
from collections.abc import Set
from typing import Any
from urllib.parse import quote_plus
from urllib.parse import urlencode

import msgspec
from aiohttp import ClientSession
from yarl import URL

from edge import download
from edge.errors import FriendsUnknown
from edge.friends.listed import NO_FRIENDS
from edge.friends.listed import Friends
from edge.friends.lists import Listing
from edge.friends.lists import Lists
from edge.friends.settings import Introspection
from edge.viewer import Viewer


class Introspections:
    """Asks about the viewer's own token."""

    def __init__(self, client: ClientSession, settings: Introspection, headers: Mapping[str, str]) -> None:
        self._client = client
        self._settings = settings
        self._headers = {**headers, "Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
        self._lists = Lists(
            self._fetch,
            items=settings.lists,
            size=settings.lists_bytes,
            timeout_seconds=settings.timeout_seconds,
            at_once=settings.connections,
        )

    async def find(self, viewer: Viewer, owners: frozenset[str], now: float) -> Set[str]:
        """The owners on the list that comes with the viewer's token."""
        if viewer.credential is None:
            raise FriendsUnknown
        friends = await self._lists.of(viewer.credential.digest, viewer, now)
        return {owner for owner in owners if owner in friends}

    def purge(self, now: float) -> None:
        """Let go of lists whose time is over."""
        self._lists.purge(now)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _fetch(self, viewer: Viewer, known: Listing | None, now: float) -> Listing:
        if viewer.credential is None:
            raise FriendsUnknown
        form = urlencode({"token": viewer.credential.reveal(), "token_type_hint": "access_token"})
        answer = await download.posted(
            self._client, URL(self._settings.url), self._settings.max_bytes, body=form.encode(), headers=self._headers
        )
        return await asyncio.to_thread(self._read, answer, viewer.id, now)

    def _read(self, answer: bytes, user: str | None, now: float) -> Listing:
        fields = msgspec.json.decode(answer.decode(), type=dict[str, msgspec.Raw])
        until = now + self._settings.seconds
        if not _typed(fields, "active", bool):
            return Listing(NO_FRIENDS, until)
        if "exp" in fields:
            until = min(until, _typed(fields, "exp", int | float))
        if _typed(fields, "sub", str) != user or until <= now:
            raise FriendsUnknown
        return Listing(Friends.listed(_typed(fields, self._settings.member, list[str])), until)


def basic(client_id: str, secret: str) -> dict[str, str]:
    """The header by which a client proves itself (``client_secret_basic``, RFC 6749 section 2.3.1)."""
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def _typed(fields: dict[str, msgspec.Raw], name: str, kind: Any) -> Any:
    """A member of exactly this kind: 1 is not true, and what is missing is not false."""
    if name not in fields:
        raise FriendsUnknown
    return msgspec.json.decode(fields[name], type=kind)
