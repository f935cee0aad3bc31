"""Pictures reach the viewer whole and in order, and one who stops reading does not hold a picture in memory for ever."""

import asyncio
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest
import uvloop

from edge.wire import V11
from edge.wire import Prepared
from tests.access.attack import holding
from tests.access.attack import reachable


class Transport:
    """A transport and its writer: what was left for it, and a socket below it where there is one."""

    def __init__(self, below: socket.socket | None = None, *, waiting: int = 0, encrypts: bool = False) -> None:
        self.output_size = 0
        self.closing = False
        self.left = b""
        self._waiting = waiting
        self._known = {"socket": below, "sslcontext": object() if encrypts else None}

    def is_closing(self) -> bool:
        return self.closing

    def get_extra_info(self, name: str) -> object:
        return self._known[name]

    def writelines(self, pieces: list[bytes]) -> None:
        self.left = b"".join(pieces)

    def get_write_buffer_size(self) -> int:
        return self._waiting

    async def drain(self) -> None:
        """Nothing waits."""


class Stalled(Transport):
    """That of a viewer who takes nothing in."""

    def __init__(self) -> None:
        super().__init__()
        self.aborted = False

    def get_write_buffer_size(self) -> int:
        return len(self.left)

    def abort(self) -> None:
        self.aborted = True

    async def drain(self) -> None:
        await asyncio.Event().wait()


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The edge's socket, which never waits, and the viewer's."""
    edge, viewer = socket.socketpair()
    with edge, viewer:
        edge.setblocking(False)
        viewer.settimeout(10)
        yield edge, viewer


async def sent(transport: Transport, pieces: list[bytes], method: str = "GET") -> Prepared:
    """An answer with this body, after it was sent."""
    request: Any = SimpleNamespace(keep_alive=True, transport=transport, writer=transport, method=method, version=V11)
    answer = Prepared(200, b"HTTP/1.1 200 OK\r\n", list(pieces), 0.0, 1.0)
    await answer.prepare(request)
    await answer.write_eof()
    assert transport.output_size == answer.body_length + len(HEAD % sum(map(len, pieces)))
    return answer


def received(viewer: socket.socket, size: int) -> bytes:
    """So many bytes, as the viewer gets them."""
    parts = []
    while size:
        parts.append(viewer.recv(size))
        size -= len(parts[-1])
    return b"".join(parts)


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\n"


@pytest.mark.parametrize("count", [1, 2, 999, 1_000, 5_000])
async def test_the_socket_takes_what_it_can(pair: tuple[socket.socket, socket.socket], count: int) -> None:
    """What it takes and what is left for the transport are the whole answer, however many pieces there are."""
    edge, viewer = pair
    transport = Transport(edge)
    pieces = [os.urandom(7) for _ in range(count)]
    await sent(transport, pieces)
    whole = HEAD % (7 * count) + b"".join(pieces)
    assert received(viewer, len(whole) - len(transport.left)) + transport.left == whole
    assert bool(transport.left) == (count >= 1_000)


async def test_the_rest_is_the_transports(pair: tuple[socket.socket, socket.socket]) -> None:
    """A piece of which the socket takes a part is cut there, and what the viewer gets goes on with the rest of it."""
    edge, viewer = pair
    transport = Transport(edge)
    pieces = [os.urandom(1 << 20) for _ in range(4)]
    await sent(transport, pieces)
    whole = HEAD % (4 << 20) + b"".join(pieces)
    assert 0 < len(transport.left) < len(whole)
    assert received(viewer, len(whole) - len(transport.left)) + transport.left == whole


@pytest.mark.parametrize("case", ["waiting", "encrypted", "no-socket", "full", "gone"])
async def test_all_of_it_is_the_transports(pair: tuple[socket.socket, socket.socket], case: str) -> None:
    """Nothing overtakes what waits, nothing passes by the encryption, and a connection's end is the transport's to tell."""
    edge, viewer = pair
    if case == "full":
        with suppress(BlockingIOError):
            while edge.send(b"." * 65_536):
                pass
    if case == "gone":
        viewer.close()
    below = None if case == "no-socket" else edge
    transport = Transport(below, waiting=case == "waiting", encrypts=case == "encrypted")
    await sent(transport, [b"the ", b"original"])
    assert transport.left == HEAD % 12 + b"the original"
    if case in ("waiting", "encrypted"):
        viewer.setblocking(False)
        with pytest.raises(BlockingIOError):
            viewer.recv(1)


async def test_nothing_goes_to_a_connection_that_ends(pair: tuple[socket.socket, socket.socket]) -> None:
    """The number of its socket may be another viewer's by then."""
    edge, viewer = pair
    transport = Transport(edge)
    transport.closing = True
    with pytest.raises(ConnectionResetError):
        await sent(transport, [b"the ", b"original"])
    viewer.setblocking(False)
    with pytest.raises(BlockingIOError):
        viewer.recv(1)
    assert transport.left == b""


@pytest.mark.parametrize("how", ["closed", "aborted", "reset"])
def test_a_connection_that_ends_says_so(how: str) -> None:
    """Under uvloop, before its socket is closed: what the test before this one rests on."""

    async def ended() -> tuple[bool, bool]:
        loop, lost = asyncio.get_running_loop(), asyncio.Event()

        class Edge(asyncio.Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                made.set_result(transport)

            def connection_lost(self, error: Exception | None) -> None:
                lost.set()

        made: asyncio.Future[Any] = loop.create_future()
        server = await loop.create_server(Edge, "127.0.0.1", 0)
        with socket.create_connection(server.sockets[0].getsockname()) as viewer:
            transport = await made
            server.close()
            before = transport.is_closing()
            if how == "reset":
                viewer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            else:
                (transport.close if how == "closed" else transport.abort)()
                assert transport.is_closing()
        await asyncio.wait_for(lost.wait(), 10)
        return before, transport.is_closing()

    assert uvloop.run(ended()) == (False, True)


async def test_a_viewer_who_does_not_read_is_cut_off() -> None:
    """After the time for sending, the connection is aborted, and the answer ends as for a viewer who went away."""
    stalled = Stalled()
    request: Any = SimpleNamespace(keep_alive=True, transport=stalled, writer=stalled, method="GET", version=V11)
    answer = Prepared(200, b"HTTP/1.1 200 OK\r\n", [b"picture"], 0.0, 0.01)
    with pytest.raises(ConnectionResetError):
        await answer.prepare(request)
    assert stalled.aborted


async def test_an_idle_connection_keeps_no_face() -> None:
    """What was sent is let go of at once: aiohttp keeps the last answer of a connection for as long as that idles."""
    transport = Transport()
    answer = await sent(transport, [b"the ", b"original"])
    assert transport.left.endswith(b"\r\n\r\nthe original")
    assert answer.body_length == len(b"the original")
    assert holding(reachable(answer), b"original") == []
