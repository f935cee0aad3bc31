"""Traces: a span per request and step, and nothing of anybody in them."""

import asyncio
import json
import sys
from http.server import BaseHTTPRequestHandler
from http.server import HTTPServer
from threading import Thread
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from edge.errors import ConfigError
from edge.errors import OriginFailed
from edge.metrics import Metrics
from edge.running import Trace
from edge.trace import NO_SPANS
from edge.trace import open_spans
from edge.watch import Watch
from tests.fakes import PATH
from tests.fakes import World

sdk = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter", reason="pip install 'mfmc-edge[dev]'")

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"


def drawn(**settings: Any) -> tuple[Watch, Any]:
    """Eyes that draw into memory, and what takes the spans."""
    from edge.trace import Telemetry

    exporter = sdk.InMemorySpanExporter()
    return Watch(Metrics(), Telemetry(Trace(url="http://c/", **settings), exporter)), exporter


async def spans(watch: Watch, exporter: Any) -> list[Any]:
    """All that was drawn, when the edge has ended."""
    await asyncio.to_thread(watch.spans._provider.force_flush)  # type: ignore[attr-defined]
    return list(exporter.get_finished_spans())


async def test_a_request_and_its_steps(world: World) -> None:
    """A picture's span has its steps below it, and holds method, kind and status."""
    watch, exporter = drawn(share=1)
    await world.publish({1: "u-red"})
    await world.start(watch)
    await world.get(token=world.issuer.token("u-red"))
    found = await spans(watch, exporter)
    root = next(span for span in found if span.name == "GET picture")
    assert dict(root.attributes) == {"http.request.method": "GET", "mfmc.kind": "picture", "http.response.status_code": 200}
    below = [span.name for span in found if span.parent is not None and span.parent.span_id == root.context.span_id]
    assert {"catalog", "origin", "keys"} <= set(below)
    assert {span.context.trace_id for span in found} == {root.context.trace_id}


async def test_nothing_of_anybody(world: World) -> None:
    """No path, query, token, user or error text is in any span; neither is what was shown."""
    watch, exporter = drawn(share=1)
    made = await world.publish({1: "u-red-canary"})
    await world.start(watch)
    token = world.issuer.token("u-red-canary")
    for target in (PATH, f"{PATH}?token={token}", "/canary.jpg", "/-/ready", "/-/api/v1/people/u-red-canary/inbox"):
        await world.get(target, token=token, X_Request_Id="canary", traceparent=PARENT, tracestate="canary=1", baggage="c=canary")
    world.origin_file(made, 1).unlink()
    text = json.dumps([json.loads(span.to_json()) for span in await spans(watch, exporter)])
    assert "GET picture" in text
    for secret in ("canary", "photos/", token[-20:], "spliced", TRACE):
        assert secret not in text


async def test_errors_by_kind_alone() -> None:
    """A step that fails says which kind of error it was, and no text."""
    watch, exporter = drawn(share=1)
    with watch.spans.request(make_mocked_request("GET", "/"), "picture"), pytest.raises(OriginFailed), watch.step("origin"):
        raise OriginFailed
    step = next(span for span in await spans(watch, exporter) if span.name == "origin")
    assert dict(step.attributes) == {"error.type": "OriginFailed"}
    assert not step.events
    assert step.status.description is None


@pytest.mark.parametrize(("follow", "same"), [(True, True), (False, False)])
async def test_whose_trace(follow: bool, same: bool) -> None:
    """A request can name its trace only where the configuration lets it; nobody else decides what is traced."""
    watch, exporter = drawn(share=0 if follow else 1, follow=follow)
    request: web.Request = make_mocked_request("GET", "/", headers={"traceparent": PARENT})
    with watch.spans.request(request, "picture"):
        pass
    root = (await spans(watch, exporter))[0]
    assert (f"{root.context.trace_id:032x}" == TRACE) is same


async def test_share_of_none() -> None:
    """At a share of 0 nothing is drawn, and steps outside of requests never are."""
    watch, exporter = drawn(share=0)
    with watch.spans.request(make_mocked_request("GET", "/"), "picture"), watch.step("origin"):
        pass
    with watch.step("catalog"):
        pass
    assert await spans(watch, exporter) == []


def test_off_without_an_address() -> None:
    """Nothing is drawn, and no library loaded, unless an address is set."""
    assert open_spans(Trace()) is NO_SPANS


def test_missing_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """An address without the library is one sentence that says what to install."""
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(ConfigError, match=r"mfmc-edge\[otel\]"):
        open_spans(Trace(url="http://127.0.0.1:4318/v1/traces"))


async def test_collector() -> None:
    """Spans reach an OTLP collector over HTTP when the edge ends, at the latest."""
    taken: list[tuple[str, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response_only(200)
            self.end_headers()

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            sent = open_spans(Trace(url=f"http://127.0.0.1:{server.server_port}/v1/traces", share=1))
            with sent.request(make_mocked_request("GET", "/canary.jpg?canary=1"), "picture") as told:
                told(200)
            await asyncio.to_thread(sent.close)
        finally:
            server.shutdown()
            thread.join()
    assert [path for path, _ in taken] == ["/v1/traces"]
    assert b"GET picture" in taken[0][1]
    assert b"canary" not in taken[0][1]
