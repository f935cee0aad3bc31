"""The seam: which owners count a viewer among their friends, whoever it is that knows.

A photo has few owners, so they are what is asked about. Whatever goes wrong, nobody becomes anybody's friend by it.
"""

import re
from collections.abc import Set
from pathlib import Path
from typing import Protocol

from aiohttp import ClientSession

from edge import config
from edge import download
from edge.errors import ConfigError
from edge.friends.faults import Faults
from edge.friends.introspection import Introspections
from edge.friends.introspection import basic
from edge.friends.openfga import Relations
from edge.friends.reference import References
from edge.friends.settings import Introspection
from edge.friends.settings import OpenFga
from edge.friends.settings import Reference
from edge.friends.signed import ListDoor
from edge.issuer import Issuer
from edge.keys import secret_file
from edge.steps import UNWATCHED
from edge.steps import Steps
from edge.viewer import Viewer
from edge.watched import watching

NOBODY: frozenset[str] = frozenset()
MAX_SECRET_BYTES = 4_096

_BEARER = re.compile(r"[A-Za-z0-9._~+/-]+=*", re.ASCII)  # RFC 6750 section 2.1


class FriendSource(Protocol):
    """Whoever knows the friends; nothing that it does wrong makes a friend.

    ``lasting``: what it tells of a viewer follows from the token alone, for as long as that is good.
    """

    lasting: bool

    async def among(self, viewer: Viewer, owners: frozenset[str], now: float) -> frozenset[str]:
        """The ``owners`` who count ``viewer`` among their friends at ``now``, as far as this source knows.

        Never raises and never names anyone else. A stranger, and a viewer whose token has ended, is nobody's friend, and
        nobody is asked about them.
        """

    def purge(self, now: float) -> None:
        """Let go of what is no longer valid at ``now``."""

    async def close(self) -> None:
        """Let go of connections."""


class Directory(Protocol):
    """A service that knows friends, as it is: it may raise, and answer what was not asked."""

    async def find(self, viewer: Viewer, owners: frozenset[str], now: float) -> Set[str]:
        """The owners who count the viewer, who is no stranger, among their friends."""

    def purge(self, now: float) -> None:
        """Let go of what is no longer valid."""

    async def close(self) -> None:
        """Let go of connections."""


class InToken:
    """The friends that the token itself lists; asks nobody."""

    lasting = True

    async def among(self, viewer: Viewer, owners: frozenset[str], now: float) -> frozenset[str]:
        """The owners that the token lists."""
        if not owners or not _is_somebody(viewer, now):
            return NOBODY
        return frozenset([owner for owner in owners if owner in viewer.friends])

    def purge(self, now: float) -> None:
        """Nothing is kept."""

    async def close(self) -> None:
        """Nothing is held open."""


class Guarded:
    """A directory that may be asked by anybody and at any time, and can do no harm."""

    lasting = False

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._faults = Faults()

    async def among(self, viewer: Viewer, owners: frozenset[str], now: float) -> frozenset[str]:
        """The owners that the directory names, unless it fails."""
        if not owners or not _is_somebody(viewer, now):
            return NOBODY
        try:
            return owners & await self._directory.find(viewer, owners, now)
        except Exception as error:  # by contract nothing leaves, least of all an error that could end in a picture
            self._faults.tell(error, now)
            return NOBODY

    def purge(self, now: float) -> None:
        """Let go of what is no longer valid."""
        self._directory.purge(now)

    async def close(self) -> None:
        """Let go of connections."""
        await self._directory.close()


async def open_source(settings: config.Edge, keys: Issuer, steps: Steps = UNWATCHED) -> FriendSource:
    """The source that the configuration names; raises ``ConfigError`` when its secret cannot be used.

    ``keys`` are the issuer's, and stay the caller's to close.
    """
    friends = settings.friends
    match friends.source:
        case "reference" if friends.reference is not None:
            return Guarded(_references(friends.reference, settings.token, keys, steps))
        case "introspection" if friends.introspection is not None:
            return Guarded(_introspections(friends.introspection, steps))
        case "openfga" if friends.openfga is not None:
            return Guarded(_relations(friends.openfga, steps))
        case "token":
            return InToken()
    raise ConfigError(f"edge.friends.source: {friends.source} is not set up")


def _is_somebody(viewer: Viewer, now: float) -> bool:
    return viewer.id is not None and now < viewer.expires


def _references(settings: Reference, token: config.Token, keys: Issuer, steps: Steps) -> References:
    door = ListDoor(
        issuer=token.issuer,
        audience=token.audience,
        algorithm=token.algorithm,
        max_bytes=settings.max_bytes,
        max_list_bytes=settings.max_list_bytes,
        max_lifetime=settings.max_lifetime_seconds,
        leeway=token.leeway_seconds,
    )
    headers = _bearer("edge.friends.reference.bearer_file", settings.bearer_file)
    return References(_client(settings, steps), settings, door, keys, headers)


def _introspections(settings: Introspection, steps: Steps) -> Introspections:
    secret = _secret("edge.friends.introspection.secret_file", settings.secret_file)
    return Introspections(_client(settings, steps), settings, basic(settings.client_id, secret))


def _relations(settings: OpenFga, steps: Steps) -> Relations:
    headers = _bearer("edge.friends.openfga.bearer_file", settings.bearer_file)
    return Relations(_client(settings, steps), settings, headers)


def _client(settings: Reference | Introspection | OpenFga, steps: Steps) -> ClientSession:
    return download.session(
        timeout_seconds=settings.timeout_seconds,
        connect_seconds=settings.connect_seconds,
        connections=settings.connections,
        trace=watching(steps, "friends"),
    )


def _bearer(key: str, file: Path | None) -> dict[str, str]:
    if file is None:
        return {}
    token = _secret(key, file)
    if _BEARER.fullmatch(token) is None:
        raise ConfigError(f"{key}: {file} does not hold one bearer token (RFC 6750 section 2.1)")
    return {"Authorization": f"Bearer {token}"}


def _secret(key: str, file: Path) -> str:
    """The one line of a file that nobody else can touch."""
    try:
        secret = secret_file.read(file, MAX_SECRET_BYTES).decode("ascii").strip()
    except UnicodeDecodeError:
        raise ConfigError(f"{key}: {file} holds more than ASCII") from None
    if not secret.isprintable() or not secret:
        raise ConfigError(f"{key}: {file} does not hold one secret in one line")
    return secret
