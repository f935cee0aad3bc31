"""A viewer who stops reading does not hold a picture in memory for ever."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from edge.wire import V11
from edge.wire import Prepared
from tests.access.attack import holding
from tests.access.attack import reachable


class Reading:
    """A transport and its writer, of a viewer who takes everything in at once."""

    output_size = 0

    def is_closing(self) -> bool:
        return False

    def writelines(self, pieces: list[bytes]) -> None:
        self.taken = b"".join(pieces)

    def get_write_buffer_size(self) -> int:
        return 0


class Stalled:
    """A transport and its writer, of a viewer who takes nothing in."""

    def __init__(self) -> None:
        self.aborted = False
        self.output_size = 0

    def is_closing(self) -> bool:
        return False

    def writelines(self, pieces: list[bytes]) -> None:
        self.waiting = sum(map(len, pieces))

    def get_write_buffer_size(self) -> int:
        return self.waiting

    def abort(self) -> None:
        self.aborted = True

    async def drain(self) -> None:
        await asyncio.Event().wait()


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
    reading = Reading()
    request: Any = SimpleNamespace(keep_alive=True, transport=reading, writer=reading, method="GET", version=V11)
    answer = Prepared(200, b"HTTP/1.1 200 OK\r\n", [b"the ", b"original"], 0.0, 1.0)
    await answer.prepare(request)
    await answer.write_eof()
    assert reading.taken.endswith(b"\r\n\r\nthe original")
    assert answer.body_length == len(b"the original")
    assert holding(reachable(answer), b"original") == []
