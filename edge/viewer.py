"""Who is looking: the bearer token of a request as a ``Viewer``.

Credentials come from ``Authorization: Bearer`` (RFC 6750 section 2.1) or, without that header, from one cookie.
Credentials that prove nothing make their bearer a stranger; nothing about them is logged, answered or kept. Verified tokens are
remembered by digest until they expire.
"""

import hashlib
import math
from dataclasses import dataclass
from typing import Self

from multidict import CIMultiDictProxy

from edge import config
from edge.cache.memory import Memory
from edge.errors import TokenRefused
from edge.friends import NO_FRIENDS
from edge.friends import Friends
from edge.friends.pointer import Pointer
from edge.issuer import Issuer
from edge.token import Door

VIEWER_OVERHEAD_BYTES = 600  # measured: two objects, the digest, the id and the memory's own entry
POINTER_BYTES = 750  # measured, at its longest
CREDENTIAL_BYTES = 100  # measured, without the token's characters


@dataclass(frozen=True, slots=True, repr=False)
class Credential:
    """The token itself, kept only for a source of friends that must be asked with it; its ``repr`` tells nothing."""

    _token: str
    digest: bytes

    def __repr__(self) -> str:
        return "<Credential>"

    def reveal(self) -> str:
        """The token, for the one request that needs it; never to be kept or logged."""
        return self._token


@dataclass(frozen=True, slots=True, repr=False)
class Viewer:
    """Whoever looks; ``id`` is None for a stranger. Its ``repr`` tells nobody who it is or whose friend.

    ``digest``: of the token that says all this, so that what follows from it can be remembered; None: it cannot.
    """

    id: str | None
    expires: float
    friends: Friends
    pointer: Pointer | None = None
    credential: Credential | None = None
    digest: bytes | None = None

    def __repr__(self) -> str:
        return "<Viewer>"


STRANGER = Viewer(None, math.inf, NO_FRIENDS, digest=b"")
REFUSED = Viewer(None, math.inf, NO_FRIENDS, digest=b"")
"""A stranger that came with credentials that prove nothing.

Told apart from ``STRANGER`` by identity, for the headers.
"""
HOLDER = Viewer(None, math.inf, NO_FRIENDS)
"""Whoever holds a signed URL: nobody looks who that is. Told apart by identity, for the log of reveals."""


class Viewers:
    """Identifies the viewers of requests, remembering the tokens that were good.

    ``keep_token`` leaves the token with its viewer, for a source of friends that must be asked with it.
    """

    def __init__(
        self, door: Door, keys: Issuer, cookie: str, remembered: "Memory[bytes, Viewer]", *, keep_token: bool = False
    ) -> None:
        self._door = door
        self._keys = keys
        self._cookie = cookie
        self._remembered = remembered
        self._keep_token = keep_token

    @classmethod
    def of(cls, settings: config.Token, keys: Issuer, *, keep_token: bool = False) -> Self:
        """As a table of tokens describes them."""
        remembered: Memory[bytes, Viewer] = Memory(items=settings.remembered_tokens, size=settings.remembered_bytes)
        return cls(Door.of(settings), keys, settings.cookie, remembered, keep_token=keep_token)

    async def identify(self, headers: CIMultiDictProxy[str], now: float) -> Viewer:
        """The viewer at ``now``: ``STRANGER`` without credentials, ``REFUSED`` with bad ones; never raises."""
        known = self.known(headers, now)
        if known is not None:
            return known
        try:
            return await self._verified(_credentials(headers, self._cookie) or "", now)
        except TokenRefused:
            return REFUSED

    def known(self, headers: CIMultiDictProxy[str], now: float) -> Viewer | None:
        """The same, where nothing has to be verified for it; else None."""
        try:
            token = _credentials(headers, self._cookie)
            return STRANGER if token is None else self._remembered.get(self._digest(token), now)
        except TokenRefused:
            return REFUSED

    def purge(self, now: float) -> None:
        """Let go of viewers whose tokens have expired."""
        self._remembered.purge(now)

    async def _verified(self, token: str, now: float) -> Viewer:
        digest = self._digest(token)
        proof = await self._door.verify(token, self._keys, now)
        credential = Credential(token, digest) if self._keep_token else None
        viewer = Viewer(proof.user, proof.expires, proof.friends, proof.pointer, credential, digest)
        self._remembered.put(digest, viewer, size=_size(viewer, token), now=now, expires=viewer.expires)
        return viewer

    def _digest(self, token: str) -> bytes:
        """What a token is remembered by; raises ``TokenRefused`` for what cannot be one."""
        if len(token) > self._door.max_bytes or not token.isascii():
            raise TokenRefused
        return hashlib.sha256(token.encode()).digest()


def _size(viewer: Viewer, token: str) -> int:
    size = VIEWER_OVERHEAD_BYTES + viewer.friends.size
    size += 0 if viewer.pointer is None else POINTER_BYTES
    return size + (0 if viewer.credential is None else CREDENTIAL_BYTES + len(token))


def _credentials(headers: CIMultiDictProxy[str], cookie: str) -> str | None:
    """The one token a request carries, None without any; raises ``TokenRefused`` for two, or for another scheme."""
    if "Authorization" in headers:
        values = headers.getall("Authorization")
        if len(values) != 1 or values[0][:7].lower() != "bearer ":
            raise TokenRefused
        return values[0][7:]
    if "Cookie" not in headers:
        return None
    return _cookie(headers.getall("Cookie"), cookie + "=")


def _cookie(lines: list[str], prefix: str) -> str | None:
    """The named cookie of RFC 6265 section 4.2; a second one of the name could be planted, so both are refused."""
    pairs = (pair.strip(" \t") for line in lines for pair in line.split(";"))
    values = [pair.removeprefix(prefix) for pair in pairs if pair.startswith(prefix)]
    if len(values) > 1:
        raise TokenRefused
    return values[0] if values else None
