"""The door for tokens: text in, verified claims out, or ``TokenRefused``. Nothing else leaves it, whatever the text is.

A token is a JWS in compact form with JWT claims (RFC 7519); ``edge/jws.py`` keeps its shape. Claims are read strictly
typed: a bool is not a number, a string is not a time, and text that is not UTF-8 is not JSON.
"""

from dataclasses import dataclass
from typing import Self

import msgspec

from edge import config
from edge import jws
from edge.errors import TokenRefused
from edge.friends import NO_FRIENDS
from edge.friends import Friends
from edge.friends import is_user
from edge.friends.pointer import Pointer
from edge.issuer import Issuer
from edge.jws import require


class _Claims(msgspec.Struct, frozen=True):
    iss: str
    aud: str | list[str]
    exp: int | float
    sub: str
    nbf: int | float | msgspec.UnsetType = msgspec.UNSET
    iat: int | float | msgspec.UnsetType = msgspec.UNSET
    friends: list[str] | msgspec.UnsetType = msgspec.UNSET
    friends_packed: str | msgspec.UnsetType = msgspec.UNSET
    friends_ref: str | msgspec.UnsetType = msgspec.UNSET
    friends_version: str | msgspec.UnsetType = msgspec.UNSET


@dataclass(frozen=True, slots=True, repr=False)
class Verified:
    """What a token proves: who, until when, and whose friend or where that is written; its ``repr`` tells nothing."""

    user: str
    expires: float
    friends: Friends
    pointer: Pointer | None


@dataclass(frozen=True, slots=True)
class Door:
    """The rules a token must keep, fixed by configuration."""

    issuer: str
    audience: str
    algorithm: str
    type: str
    max_bytes: int
    max_lifetime: float
    leeway: float

    @classmethod
    def of(cls, settings: config.Token) -> Self:
        """The door that a table of tokens describes."""
        return cls(
            issuer=settings.issuer,
            audience=settings.audience,
            algorithm=settings.algorithm,
            type=settings.type,
            max_bytes=settings.max_token_bytes,
            max_lifetime=settings.max_lifetime_seconds,
            leeway=settings.leeway_seconds,
        )

    async def verify(self, token: str, keys: Issuer, now: float) -> Verified:
        """The claims of a token that is good at ``now``; raises ``TokenRefused`` and nothing else."""
        try:
            kid = jws.key_id(token, algorithm=self.algorithm, type=self.type, max_bytes=self.max_bytes)
            content = jws.payload(token, await keys.key(kid, now), self.algorithm)
            return self._verified(msgspec.json.decode(content, type=_Claims), now)
        except Exception:  # hostile input: TypeError, RecursionError and OverflowError have come out of JWT parsers
            raise TokenRefused from None

    def _verified(self, claims: _Claims, now: float) -> Verified:
        require(claims.iss == self.issuer and claims.aud in (self.audience, [self.audience]))
        require(is_user(claims.sub))
        self._check_times(claims, now)
        return Verified(claims.sub, claims.exp + self.leeway, _friends(claims), _pointer(claims))

    def _check_times(self, claims: _Claims, now: float) -> None:
        """RFC 7519 section 4.1.4 to 4.1.6, and a bound on the lifetime that holds even without ``iat``."""
        require(now - self.leeway < claims.exp <= now + self.max_lifetime + self.leeway)
        if claims.nbf is not msgspec.UNSET:
            require(claims.nbf <= now + self.leeway)
        if claims.iat is not msgspec.UNSET:
            require(claims.iat <= now + self.leeway and 0 < claims.exp - claims.iat <= self.max_lifetime)


def _friends(claims: _Claims) -> Friends:
    if claims.friends is not msgspec.UNSET:
        require(claims.friends_packed is msgspec.UNSET)
        return Friends.listed(claims.friends)
    if claims.friends_packed is not msgspec.UNSET:
        return Friends.packed(claims.friends_packed)
    return NO_FRIENDS


def _pointer(claims: _Claims) -> Pointer | None:
    """Where the friends are written, which takes both claims; one of them alone says nothing."""
    if claims.friends_ref is msgspec.UNSET or claims.friends_version is msgspec.UNSET:
        return None
    return Pointer.parse(claims.friends_ref, claims.friends_version)
