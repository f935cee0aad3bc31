"""The signed list of one viewer's friends, byte by byte; ``docs/friends-list.md`` is its twin.

A JWS in compact form of type ``mfmc-friends+jwt``, by the issuer of the tokens, with exactly these claims:

    iss, aud            as in the token
    sub, ver            whose list it is, and of which version of the graph
    iat, exp            from when, and before when it holds; RFC 7519 NumericDate
    form                "listed": ID LF ID LF ...     "packed": id(8) id(8) ...     strictly ascending bytes
    friends_deflate     base64url, without padding, of the raw DEFLATE (RFC 1951) of that
"""

import asyncio
import zlib
from dataclasses import dataclass
from typing import Literal

import msgspec

from edge import jws
from edge.friends.listed import Friends
from edge.friends.settings import LIST_TYPE
from edge.issuer import Issuer
from edge.issuer import Key
from edge.jws import require

RAW_DEFLATE = -zlib.MAX_WBITS


class _List(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    iss: str
    aud: str | list[str]
    sub: str
    ver: str
    iat: int | float
    exp: int | float
    form: Literal["listed", "packed"]
    friends_deflate: str


@dataclass(frozen=True, slots=True)
class ListDoor:
    """The rules a list must keep, fixed by configuration."""

    issuer: str
    audience: str
    algorithm: str
    max_bytes: int
    max_list_bytes: int
    max_lifetime: float
    leeway: float

    async def open(self, text: str, keys: Issuer, *, user: str, version: str, now: float) -> tuple[Friends, float]:
        """The friends of ``user`` in ``version``, and when they end; raises ``TokenRefused`` or what a parser raises."""
        kid = jws.key_id(text, algorithm=self.algorithm, type=LIST_TYPE, max_bytes=self.max_bytes)
        key = await keys.key(kid, now)
        return await asyncio.to_thread(self._opened, text, key, user, version, now)

    def _opened(self, text: str, key: Key, user: str, version: str, now: float) -> tuple[Friends, float]:
        claims = msgspec.json.decode(jws.payload(text, key, self.algorithm), type=_List)
        require(claims.iss == self.issuer and claims.aud in (self.audience, [self.audience]))
        require(claims.sub == user and claims.ver == version)
        require(claims.iat - self.leeway <= now < claims.exp + self.leeway)
        require(0 < claims.exp - claims.iat <= self.max_lifetime)
        content = inflate(jws.canonical(claims.friends_deflate), self.max_list_bytes)
        friends = Friends.lines(content) if claims.form == "listed" else Friends.numbers(content)
        return friends, claims.exp + self.leeway


def inflate(packed: bytes, limit: int) -> bytes:
    """What one raw DEFLATE stream holds; raises ``TokenRefused`` for more than ``limit`` bytes, a part, or an appendix.

    Never makes more than one byte above the limit, whatever the stream claims.
    """
    stream = zlib.decompressobj(RAW_DEFLATE)
    try:
        content = stream.decompress(packed, limit + 1)
    except zlib.error:
        jws.require(False)
    require(len(content) <= limit and stream.eof and not stream.unused_data)
    return content
