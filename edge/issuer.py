"""The issuer's keys: one from a file, or a set (RFC 7517) from a file or an address.

Which algorithm a key is for is decided by configuration, never by the token: a key of another kind is not even loaded.
"""

import asyncio
import logging
from pathlib import Path
from typing import Annotated
from typing import Any
from typing import Protocol

import jwt
import msgspec
from aiohttp import ClientSession
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from yarl import URL

from edge import config
from edge import download
from edge.cache.flight import Flight
from edge.errors import ConfigError
from edge.errors import TokenRefused
from edge.keys import secret_file

MAX_SET_BYTES = 1 << 20
MAX_KEYS = 100
MIN_SECRET_BYTES = 32
MIN_RSA_BITS = 2_048
MIN_REFETCH_SECONDS = 10.0
FETCH_SECONDS = 5.0

Key = ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey | rsa.RSAPublicKey | bytes

_log = logging.getLogger("mfmc.issuer")


class _Set(msgspec.Struct, frozen=True):
    keys: Annotated[list[dict[str, Any]], msgspec.Meta(max_length=MAX_KEYS)]


class Issuer(Protocol):
    """Whoever signs the tokens."""

    async def key(self, kid: str | None, now: float) -> Key:
        """The key that a token names, or the only one there is; raises ``TokenRefused`` when there is no such key."""

    async def close(self) -> None:
        """Stop what runs in the background."""


class OneKey:
    """A single key; the token's ``kid`` is not looked at."""

    def __init__(self, key: Key) -> None:
        self._key = key

    async def key(self, kid: str | None, now: float) -> Key:
        """Always the same key."""
        return self._key

    async def close(self) -> None:
        """Nothing runs."""


class KeySet:
    """Keys by id; a token without ``kid`` is accepted only where there is no choice."""

    def __init__(self, keys: dict[str, Key]) -> None:
        self._keys = keys

    def __len__(self) -> int:
        return len(self._keys)

    async def key(self, kid: str | None, now: float) -> Key:
        """The named key, or the only one."""
        return self.find(kid)

    async def close(self) -> None:
        """Nothing runs."""

    def find(self, kid: str | None) -> Key:
        """The named key, or the only one; raises ``TokenRefused``."""
        if kid is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        key = None if kid is None else self._keys.get(kid)
        if key is None:
            raise TokenRefused
        return key


class RemoteKeySet:
    """A key set behind an address, fetched now and then; while the issuer is down, the keys known so far stay good."""

    def __init__(self, session: ClientSession, url: URL, algorithm: str, refresh_seconds: float) -> None:
        self._session = session
        self._url = url
        self._algorithm = algorithm
        self._keys = KeySet({})
        self._fetched_at = -MIN_REFETCH_SECONDS
        self._flight: Flight[URL, None] = Flight()
        self._refreshing = asyncio.create_task(self._refresh(refresh_seconds))

    async def key(self, kid: str | None, now: float) -> Key:
        """The named key.

        An unknown name causes at most one fetch per ``MIN_REFETCH_SECONDS``, shared by all who ask.
        """
        try:
            return self._keys.find(kid)
        except TokenRefused:
            await self._flight.run(self._url, self._fetch_if_due)
            return self._keys.find(kid)

    async def close(self) -> None:
        """Stop refreshing."""
        self._refreshing.cancel()
        await asyncio.gather(self._refreshing, return_exceptions=True)
        await self._session.close()

    async def _refresh(self, seconds: float) -> None:
        while True:
            await self._flight.run(self._url, self._fetch_if_due)
            await asyncio.sleep(seconds if self._keys else MIN_REFETCH_SECONDS)

    async def _fetch_if_due(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._fetched_at < MIN_REFETCH_SECONDS:
            return
        self._fetched_at = now
        try:
            text = await download.whole(self._session, self._url, MAX_SET_BYTES)
            self._keys = KeySet(parse_set(text, self._algorithm))
        except Exception as error:  # whatever it was, the next refresh must come
            _log.warning("the issuer's keys cannot be fetched: %(error)s", {"error": type(error).__name__})


async def open_issuer(settings: config.Token, table: str = "edge.token") -> Issuer:
    """The issuer that this table of the configuration names; raises ``ConfigError`` when its keys cannot be used."""
    if settings.jwks_url is not None:
        client = download.session(timeout_seconds=FETCH_SECONDS, connect_seconds=FETCH_SECONDS, connections=1)
        return RemoteKeySet(client, URL(settings.jwks_url), settings.algorithm, settings.jwks_refresh_seconds)
    if settings.jwks_file is not None:
        return KeySet(parse_set(_public_bytes(f"{table}.jwks_file", settings.jwks_file), settings.algorithm))
    assert settings.key_file is not None  # noqa: S101 - config.validate saw to it
    if settings.algorithm == "HS256":
        return OneKey(_secret(f"{table}.key_file", settings.key_file))
    return OneKey(_public_key(f"{table}.key_file", settings.key_file, settings.algorithm))


def parse_set(text: bytes, algorithm: str) -> dict[str, Key]:
    """The keys of a JSON Web Key Set that fit ``algorithm``, by id; raises ``ConfigError`` when it is no key set."""
    try:
        entries = msgspec.json.decode(text, type=_Set).keys
    except (ValueError, RecursionError):  # a DecodeError is one, and so is text that is not UTF-8
        raise ConfigError("the issuer's key set is not one (RFC 7517 section 5)") from None
    found: dict[str, Key] = {}
    for entry in entries:
        key, kid = _jwk(entry, algorithm), entry.get("kid", "")
        if key is not None and isinstance(kid, str):
            found.setdefault(kid, key)
    return found


def _jwk(entry: dict[str, Any], algorithm: str) -> Key | None:
    """One entry's public key, or None when it is for something else."""
    if entry.get("use", "sig") != "sig" or entry.get("alg", algorithm) != algorithm:
        return None
    try:
        key = jwt.PyJWK(entry, algorithm=algorithm).key
    except Exception:  # one odd entry must not take the others away
        return None
    return key if _fits(key, algorithm) else None


def _fits(key: object, algorithm: str) -> bool:
    """Whether ``key`` is a public key of the one kind and strength that ``algorithm`` takes."""
    match algorithm:
        case "EdDSA":
            return isinstance(key, ed25519.Ed25519PublicKey)
        case "ES256":
            return isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)
        case "RS256":
            return isinstance(key, rsa.RSAPublicKey) and key.key_size >= MIN_RSA_BITS
        case _:
            return False


def _public_key(name: str, file: Path, algorithm: str) -> Key:
    try:
        key = load_pem_public_key(_public_bytes(name, file))
    except ValueError:
        raise ConfigError(f"{name}: {file} is not a public key in PEM form") from None
    if not _fits(key, algorithm):
        raise ConfigError(f"{name}: {file} is not a key for {algorithm}, or too short a one")
    return key  # type: ignore[return-value]


def _secret(name: str, file: Path) -> bytes:
    secret = secret_file.read(file, MAX_SET_BYTES)
    if len(secret) < MIN_SECRET_BYTES:
        raise ConfigError(f"{name}: {file} holds fewer than {MIN_SECRET_BYTES} bytes (RFC 7518 3.2)")
    return secret


def _public_bytes(key: str, file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigError(f"{key}: {file} cannot be read ({error.strerror})") from None
