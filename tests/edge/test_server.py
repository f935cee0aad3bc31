"""Raw HTTP: what is not a plain GET or HEAD is refused, and nothing of it is echoed or logged."""

import asyncio
import logging
from pathlib import Path

import pytest

from tests.fakes import PATH
from tests.fakes import World

CANARY = b"canary-7f3a"


def request(line: str = f"GET {PATH} HTTP/1.1", *headers: str, host: str = "Host: x") -> bytes:
    """A request with these headers."""
    return "\r\n".join([line, *([host] if host else []), "Connection: close", *headers, "", ""]).encode("latin-1")


REFUSED = [
    pytest.param(request(f"POST {PATH} HTTP/1.1"), 405, id="post"),
    pytest.param(request(f"PUT {PATH} HTTP/1.1", "Content-Length: 3") + b"abc", 405, id="put"),
    pytest.param(request(f"DELETE {PATH} HTTP/1.1"), 405, id="delete"),
    pytest.param(request(f"OPTIONS {PATH} HTTP/1.1", "Content-Length: 3") + b"abc", 400, id="options-with-body"),
    pytest.param(request(f"TRACE {PATH} HTTP/1.1"), 405, id="trace"),
    pytest.param(request("CONNECT x:443 HTTP/1.1"), 405, id="connect"),
    pytest.param(request(f"PROPFIND {PATH} HTTP/1.1"), 405, id="propfind"),
    pytest.param(request(f"get {PATH} HTTP/1.1"), 400, id="lower-case-method"),
    pytest.param(request(f"CANARY-7F3A {PATH} HTTP/1.1"), 400, id="unknown-method"),
    pytest.param(request(f"GET {PATH} HTTP/1.1", "Content-Length: 3") + b"abc", 400, id="get-with-body"),
    pytest.param(request(f"GET {PATH} HTTP/1.1", "Transfer-Encoding: chunked") + b"0\r\n\r\n", 400, id="chunked"),
    pytest.param(
        request(f"GET {PATH} HTTP/1.1", "Transfer-Encoding: chunked", "Content-Length: 4") + b"0\r\n\r\n", 400,
        id="length-and-chunked",
    ),
    pytest.param(request(f"GET {PATH} HTTP/1.1", "Content-Length: 1", "Content-Length: 2"), 400, id="two-lengths"),
    pytest.param(request(f"GET {PATH} HTTP/1.1", "Content-Length: -1"), 400, id="negative-length"),
    pytest.param(request(f"GET {PATH} HTTP/1.1", "Expect: 100-continue"), 400, id="expect"),
    pytest.param(request(f"GET {PATH} HTTP/1.1", "Upgrade: websocket", "Connection: upgrade"), 400, id="upgrade"),
    pytest.param(request(f"GET {PATH} HTTP/1.1", "Upgrade: h2c"), 400, id="h2c"),
    pytest.param(request(f"GET {PATH} HTTP/2.0"), 400, id="http-2"),
    pytest.param(request(f"GET {PATH} HTTP/1.9"), 400, id="http-1.9"),
    pytest.param(request(f"GET {PATH} HTTP/0.9"), 400, id="http-0.9"),
    pytest.param(f"GET {PATH}\r\n\r\n".encode(), 400, id="http-0.9-line"),
    pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, id="http-2-preface"),
    pytest.param(request(f"GET {PATH} HTTP/1.1", host=""), 400, id="no-host"),
    pytest.param(request(f"GET {PATH} HTTP/1.1", "Host: y"), 400, id="two-hosts"),
    pytest.param(request(f"GET {PATH} HTTP/1.1", "Authorization: Bearer canary-7f3a\x01"), 400, id="control-byte"),
    pytest.param(request(f"GET {PATH} HTTP/1.1", "Authorization: Bearer canary-7f3a\0"), 400, id="nul"),
    pytest.param(request(f"GET {PATH} HTTP/1.1", "canary-7f3a"), 400, id="no-colon"),
    pytest.param(request(f"GET {PATH} HTTP/1.1", "canary-7f3a : x"), 400, id="space-before-colon"),
    pytest.param(request(f"GET {PATH} HTTP/1.1", "X: a", " canary-7f3a"), 400, id="folded"),
    pytest.param(request(f"GET {PATH} HTTP/1.1", "Authorization: Bearer " + "x" * 40_000), 400, id="header-too-long"),
    pytest.param(request("GET /" + "x" * 40_000 + " HTTP/1.1"), 400, id="line-too-long"),
    pytest.param(request(f"GET {PATH} HTTP/1.1", *(f"X-{n}: 1" for n in range(200))), 400, id="too-many-headers"),
    pytest.param(b"\x16\x03\x01\x02\x00canary-7f3a\r\n\r\n", 400, id="tls"),
    pytest.param(b"\0" * 100 + b"\r\n\r\n", 400, id="zeros"),
]


@pytest.mark.parametrize(("sent", "status"), REFUSED)
async def test_refused(world: World, caplog: pytest.LogCaptureFixture, sent: bytes, status: int) -> None:
    """An odd request gets a fixed sentence or a closed connection, and leaves no trace of its content."""
    caplog.set_level(logging.DEBUG)
    await world.start()
    answered = await world.raw(sent)
    head, _, body = answered.partition(b"\r\n\r\n")
    assert head.split(b" ", 2)[1] == str(status).encode()
    assert body in (b"The request is not valid.\n", b"Only GET and HEAD are answered here.\n")
    assert b"no-store" in head
    assert (b"Allow: GET, HEAD, OPTIONS" in head) == (status == 405)
    assert b"server:" not in head.lower()
    assert CANARY not in answered.lower()
    assert CANARY.decode() not in caplog.text.lower()


@pytest.mark.parametrize("target", [PATH, "/no/such.jpg", "/-/s/x/no/such.jpg", "/-/health", "*"])
async def test_options(world: World, target: str) -> None:
    """What can be asked with is told without a look at what is there, and by default no other site's page may read it."""
    await world.start()
    head, _, body = (await world.raw(request(f"OPTIONS {target} HTTP/1.1", *PREFLIGHT))).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 204 No Content\r\n")
    assert b"\r\nAllow: GET, HEAD, OPTIONS\r\n" in head
    assert b"Access-Control" not in head
    assert body == b""


PREFLIGHT = ("Origin: https://app.example", "Access-Control-Request-Method: GET")


async def test_control_tells_what_it_takes(world: World) -> None:
    """At the control API another method is a 405 with what the address takes; a page elsewhere may not ask it anything."""
    await world.start()
    answered = await world.raw(request("OPTIONS /-/urls HTTP/1.1", *PREFLIGHT))
    assert answered.startswith(b"HTTP/1.1 405 ")
    assert b"\r\nAllow: POST\r\n" in answered
    assert b"Access-Control" not in answered


async def test_old_clients(world: World) -> None:
    """HTTP/1.0 is answered, with and without keep-alive, and a Host header."""
    world.configure({}, keepalive_seconds=0.5)
    made = await world.publish({1: "u-red"})
    await world.start()
    for extra, kept in (("", b"Connection: close"), ("Connection: keep-alive\r\n", b"Connection: keep-alive")):
        answered = await world.raw(f"GET {PATH} HTTP/1.0\r\n{extra}\r\n".encode())
        head, _, body = answered.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        assert kept in head
        assert body == made.base


async def test_pipelined(world: World) -> None:
    """Requests sent at once are answered in order, each for its own viewer."""
    made = await world.publish({1: "u-red"}, rules={"u-red": "friends"})
    await world.start()
    token = world.issuer.token("u-red")
    one = f"GET {PATH} HTTP/1.1\r\nHost: x\r\n\r\n"
    two = f"GET {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    answered = await world.raw((one + two).encode())
    first, second = answered.index(made.seen()), answered.index(made.seen(1))
    assert first < second
    assert answered.count(b"HTTP/1.1 200") == 2


async def test_largest_token_fits_the_header_limit(world: World) -> None:
    """A token of exactly the configured size is read; the limits of aiohttp follow it."""
    world.configure({"token": {"max_token_bytes": 65_536}})
    made = await world.publish({1: f"{7:016x}"}, rules={f"{7:016x}": "friends"})
    await world.start()
    from tests.fakes import spell

    ids = spell(b"".join(number.to_bytes(8, "big") for number in range(4_500)))
    token = world.issuer.token(friends_packed=ids)
    assert 60_000 < len(token) < 65_536
    assert (await world.get(token=token)).body == made.seen(1)


async def test_fuzz_requests(world: World, corpora: Path, caplog: pytest.LogCaptureFixture) -> None:
    """No request of a public fuzzing corpus causes a fault."""
    files = sorted((corpora / "http" / "httpreq").iterdir())
    assert files
    world.configure({}, keepalive_seconds=0.5)  # ends the connections of requests that are not whole
    await world.publish({1: "u-red"})
    await world.start()
    for answered in await asyncio.gather(*(world.raw(file.read_bytes()) for file in files)):
        assert answered == b"" or answered.split(b" ", 2)[1] in (b"400", b"404", b"405")
    assert "a request failed" not in caplog.text
