"""Who calls the control API: the bearer token of a request as a ``Caller``.

Only ``Authorization: Bearer`` counts (RFC 6750 section 2.1), never a cookie: a browser sends a cookie along with whatever a page
elsewhere makes it ask for (CSRF), but no page elsewhere can make it send that header. A token is either a viewer's, through the
same door as for pictures, or a service's, through a second door that no viewer's token passes: its issuer or audience differs.
"""

from multidict import CIMultiDictProxy

from edge.control.caller import Caller
from edge.errors import Unauthorised
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
