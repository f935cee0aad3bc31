"""Who calls the control API: the bearer token of a request as a ``Caller``.

Only ``Authorization: Bearer`` counts (RFC 6750 section 2.1), never a cookie: a browser sends a cookie along with whatever a page
elsewhere makes it ask for (CSRF), but no page elsewhere can make it send that header. A token is either a viewer's, through the
same door as for pictures, or a service's, through a second door that no viewer's token passes: its issuer or audience differs.
"""

from multidict import CIMultiDictProxy

from edge import config
from edge.cache.memory import Memory
from edge.control.caller import Caller
from edge.errors import Unauthorised
from edge.issuer import Issuer
from edge.token import Door
from edge.viewer import STRANGER
from edge.viewer import Viewer
from edge.viewer import Viewers

SERVICE = "service:"


class Identity:
    """Tells people and services apart; without ``services`` there are none."""

    def __init__(self, people: Viewers, services: Viewers | None) -> None:
        self._people = people
        self._services = services

    async def caller(self, headers: CIMultiDictProxy[str], now: float) -> Caller:
        """The person or service that calls at ``now``; raises ``Unauthorised``."""
        if "Authorization" not in headers:  # or its cookie would be looked at
            raise Unauthorised
        viewer = await self._people.identify(headers, now)
        if viewer.id is not None:
            return Caller("person", viewer.id, viewer)
        service = STRANGER if self._services is None else await self._services.identify(headers, now)
        if service.id is None:
            raise Unauthorised
        return Caller("service", f"{SERVICE}{service.id}")

    async def viewer(self, headers: CIMultiDictProxy[str], now: float) -> Viewer:
        """The viewer that calls at ``now``, ``STRANGER`` without a token; raises ``Unauthorised`` for one that does not hold."""
        if "Authorization" not in headers:
            return STRANGER
        viewer = await self._people.identify(headers, now)
        if viewer.id is None:
            raise Unauthorised
        return viewer

    def purge(self, now: float) -> None:
        """Let go of services whose tokens have expired; ``Viewers`` of people have an owner of their own."""
        if self._services is not None:
            self._services.purge(now)


def services(settings: config.Token, keys: Issuer) -> Viewers:
    """The second door, and a memory of its own for the tokens that passed it."""
    door = Door(
        issuer=settings.issuer,
        audience=settings.audience,
        algorithm=settings.algorithm,
        type=settings.type,
        max_bytes=settings.max_token_bytes,
        max_lifetime=settings.max_lifetime_seconds,
        leeway=settings.leeway_seconds,
    )
    remembered: Memory[bytes, Viewer] = Memory(items=settings.remembered_tokens, size=settings.remembered_bytes)
    return Viewers(door, keys, settings.cookie, remembered)
