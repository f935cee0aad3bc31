"""A viewer who stops reading does not hold a picture in memory for ever."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from edge.wire import V11
from edge.wire import Prepared


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
