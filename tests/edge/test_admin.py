"""The admin port: three addresses, and nothing of what the edge itself answers."""

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from edge.admin import Admin
from edge.errors import BadRequest
from edge.errors import MethodNotAllowed
from edge.errors import NotFound
from edge.errors import Unavailable
from edge.metrics import Metrics
from tests.fakes import PATH


async def well() -> None:
    """Requests should come."""


async def unwell() -> None:
    """No request should come."""
    raise Unavailable


def asked(path: str, method: str = "GET", **headers: str) -> web.Request:
    """A request as the server hands it over."""
    return make_mocked_request(method, path, headers={"Host": "x"} | headers)


async def test_answers() -> None:
    """Health, readiness and metrics, none of them to be stored."""
    admin = Admin(Metrics(), well)
    for path, kind in (("/-/health", "text/plain"), ("/-/ready", "text/plain"), ("/metrics", "text/plain")):
        answer = await admin.handle(asked(path))
        assert (answer.status, answer.content_type, answer.headers["Cache-Control"]) == (200, kind, "no-store")
    assert b"# TYPE mfmc_requests_running gauge" in answer.body  # type: ignore[attr-defined]
    assert "version=0.0.4" in answer.headers["Content-Type"]


async def test_not_ready() -> None:
    """An edge that wants no requests says so, and is alive and measured all the same."""
    admin = Admin(Metrics(), unwell)
    with pytest.raises(Unavailable):
        await admin.handle(asked("/-/ready"))
    assert (await admin.handle(asked("/-/health"))).status == 200
    assert (await admin.handle(asked("/metrics"))).status == 200


@pytest.mark.parametrize("path", [PATH, "/", "/-/demo", "/-/api/v1/openapi.json", "/metrics?x=1", "/metrics/"])
async def test_nothing_else(path: str) -> None:
    """No picture and no control is to be had here."""
    with pytest.raises(NotFound):
        await Admin(Metrics(), well).handle(asked(path))


async def test_only_plain_requests() -> None:
    """What the edge's own port refuses is refused here as well."""
    with pytest.raises(MethodNotAllowed):
        await Admin(Metrics(), well).handle(asked("/metrics", "POST"))
    with pytest.raises(BadRequest):
        await Admin(Metrics(), well).handle(asked("/metrics", Upgrade="h2c"))
