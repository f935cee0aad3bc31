"""Conditions and posts: what is sent, and which answers are whole. (Plain fetches are in ``test_faults.py``.)"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from yarl import URL

from edge import download
from edge.errors import OriginFailed
from edge.errors import OriginTimeout
from tests.edge.friends.fakes import Service
from tests.edge.friends.fakes import listening

LIMIT = 1_000


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    """A server that answers as told."""
    async with listening(Service()) as made:
        yield made


def answering(service: Service, **answer: Any) -> None:
    async def given(request: web.Request) -> web.StreamResponse:
        return web.Response(**answer)

    service.instead = given


async def changed(service: Service, known: str | None) -> download.Tagged | None:
    client = download.session(timeout_seconds=5, connect_seconds=5, connections=1)
    async with client:
        return await download.changed(client, URL(service.url), LIMIT, known=known, headers={"X-Ours": "1"})


async def posted(service: Service, *, timeout_seconds: float = 5) -> bytes:
    client = download.session(timeout_seconds=timeout_seconds, connect_seconds=5, connections=1)
    async with client:
        headers = {"Content-Type": "text/plain"}
        return await download.posted(client, URL(f"{service.url}/here"), LIMIT, body=b"question", headers=headers)


async def test_changed(service: Service) -> None:
    """A tagged answer comes with its tag; one that did not change comes as nothing."""
    answering(service, body=b"x" * LIMIT, headers={"ETag": '"a"'})
    found = await changed(service, None)
    assert found is not None
    assert (found.body, found.tag) == (b"x" * LIMIT, '"a"')
    assert "If-None-Match" not in service.asked[0]["headers"]
    answering(service, status=304)
    assert await changed(service, '"a"') is None
    assert service.asked[1]["headers"]["If-None-Match"] == '"a"'
    assert service.asked[1]["headers"]["X-Ours"] == "1"


async def test_not_modified_unasked(service: Service) -> None:
    """304 to a question without a condition is a fault."""
    answering(service, status=304)
    with pytest.raises(OriginFailed):
        await changed(service, None)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({"status": 500}, id="error"),
        pytest.param({"status": 201, "body": b"x"}, id="created"),
        pytest.param({"status": 302, "headers": {"Location": "/"}}, id="redirect"),
        pytest.param({"status": 307, "headers": {"Location": "/"}}, id="redirect-of-posts"),
        pytest.param({"body": b"x" * (LIMIT + 1)}, id="large"),
        pytest.param({"body": b"x", "headers": {"Content-Encoding": "gzip"}}, id="coded"),
    ],
)
async def test_faults(service: Service, answer: dict[str, Any]) -> None:
    """Only a whole 200 is an answer, and nothing is sent a second time."""
    answering(service, **answer)
    with pytest.raises(OriginFailed):
        await posted(service)
    with pytest.raises(OriginFailed):
        await changed(service, '"a"')
    assert [asked["method"] for asked in service.asked] == ["POST", "GET"]


async def test_posted(service: Service) -> None:
    """A post carries its body and type, and brings the answer."""
    answering(service, body=b"answer")
    assert await posted(service) == b"answer"
    (asked,) = service.asked
    assert (asked["path"], asked["body"], asked["headers"]["Content-Type"]) == ("/here", b"question", "text/plain")


async def test_slow_post(service: Service) -> None:
    """A post that is not answered in time is a timeout."""
    service.gate = asyncio.Event()
    with pytest.raises(OriginTimeout):
        await posted(service, timeout_seconds=0.1)
