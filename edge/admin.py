"""What whoever runs the edge may ask it, on a port of its own: is it alive, does it want requests, and its metrics."""

from collections.abc import Awaitable
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from edge import answer
from edge.errors import NotFound
from edge.metrics import CONTENT_TYPE
from edge.metrics import Metrics
from edge.server import require_plain


@dataclass(frozen=True, slots=True)
class Admin:
    """Answers ``/-/health``, ``/-/ready`` and ``/metrics``; ``ready`` raises ``Unavailable`` where no request should come."""

    metrics: Metrics
    ready: Callable[[], Awaitable[None]]

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request; raises ``Refusal``."""
        require_plain(request)
        match request.raw_path:
            case "/-/health":
                return answer.sentence(200, "alive")
            case "/-/ready":
                await self.ready()
                return answer.sentence(200, "ready")
            case "/metrics":
                return answer.metrics(self.metrics.text(), CONTENT_TYPE)
        raise NotFound
