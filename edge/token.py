"""The door for tokens: text in, verified claims out, or ``TokenRefused``. Nothing else leaves it, whatever the text is.

A token is a JWS in compact form (RFC 7515 section 3.1) with JWT claims (RFC 7519). Before the signature is looked at:
size, alphabet (no padding, one spelling per token), and a header of ``alg``, ``typ`` and ``kid`` alone, so ``crit``, ``jku``,
``x5u``, ``jwk`` and ``zip`` are refused. The algorithm is the configured one (RFC 8725 section 3.1). Claims are read
strictly typed: a bool is not a number, a string is not a time, and text that is not UTF-8 is not JSON.
"""

import base64
import re
from dataclasses import dataclass

import msgspec
from jwt import PyJWS

from edge.errors import TokenRefused
from edge.friends import NO_FRIENDS
from edge.friends import Friends
from edge.friends import is_user
from edge.issuer import Issuer

_SHAPE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)
_KID = re.compile(r"[A-Za-z0-9_.:@=+-]{1,128}", re.ASCII)


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    alg: str
    typ: str | msgspec.UnsetType = msgspec.UNSET
    kid: str | msgspec.UnsetType = msgspec.UNSET


class _Claims(msgspec.Struct, frozen=True):
    iss: str
    aud: str | list[str]
    exp: int | float
    sub: str
    nbf: int | float | msgspec.UnsetType = msgspec.UNSET
    iat: int | float | msgspec.UnsetType = msgspec.UNSET
    friends: list[str] | msgspec.UnsetType = msgspec.UNSET
    friends_packed: str | msgspec.UnsetType = msgspec.UNSET


@dataclass(frozen=True, slots=True, repr=False)
class Verified:
    """What a token proves: who, until when, and whose friend; its ``repr`` tells nothing."""

    user: str
    expires: float
    friends: Friends


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

    async def verify(self, token: str, keys: Issuer, now: float) -> Verified:
        """The claims of a token that is good at ``now``; raises ``TokenRefused`` and nothing else."""
        try:
            header = self._header(token)
            key = await keys.key(None if header.kid is msgspec.UNSET else header.kid, now)
            payload = PyJWS().decode(token, key, algorithms=[self.algorithm])
            return self._verified(msgspec.json.decode(payload, type=_Claims), now)
        except Exception:  # hostile input: TypeError, RecursionError and OverflowError have come out of JWT parsers
            raise TokenRefused from None

    def _header(self, token: str) -> _Header:
        _require(len(token) <= self.max_bytes and _SHAPE.fullmatch(token) is not None)
        parts = [_canonical(part) for part in token.split(".")]
        header = msgspec.json.decode(parts[0], type=_Header)
        _require(header.alg == self.algorithm)
        kind = "JWT" if header.typ is msgspec.UNSET else header.typ
        _require(kind.lower() == self.type.lower())  # RFC 7515 section 4.1.9: media types ignore case
        _require(header.kid is msgspec.UNSET or _KID.fullmatch(header.kid) is not None)
        return header

    def _verified(self, claims: _Claims, now: float) -> Verified:
        _require(claims.iss == self.issuer and claims.aud in (self.audience, [self.audience]))
        _require(is_user(claims.sub))
        self._check_times(claims, now)
        return Verified(claims.sub, claims.exp + self.leeway, _friends(claims))

    def _check_times(self, claims: _Claims, now: float) -> None:
        """RFC 7519 section 4.1.4 to 4.1.6, and a bound on the lifetime that holds even without ``iat``."""
        _require(now - self.leeway < claims.exp <= now + self.max_lifetime + self.leeway)
        if claims.nbf is not msgspec.UNSET:
            _require(claims.nbf <= now + self.leeway)
        if claims.iat is not msgspec.UNSET:
            _require(claims.iat <= now + self.leeway and 0 < claims.exp - claims.iat <= self.max_lifetime)


def _friends(claims: _Claims) -> Friends:
    if claims.friends is not msgspec.UNSET:
        _require(claims.friends_packed is msgspec.UNSET)
        return Friends.listed(claims.friends)
    if claims.friends_packed is not msgspec.UNSET:
        return Friends.packed(claims.friends_packed)
    return NO_FRIENDS


def _canonical(part: str) -> bytes:
    """The bytes of one base64url part, which must be the only spelling of them."""
    content = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    _require(base64.urlsafe_b64encode(content).decode().rstrip("=") == part)
    return content


def _require(holds: bool) -> None:
    if not holds:
        raise TokenRefused
