"""A picture on the wire: a prepared head and the body's pieces, handed to the socket without another copy.

aiohttp's own ``Response`` builds a header dictionary for every answer and joins head and body into fresh memory; for a
picture that costs more than the splice does. Everything else the edge says goes through ``Response``.

Where nothing waits to be sent, the socket is offered the pieces at once, and usually takes them all; the event loop would look at
each of them twice, once to take it in and once, a turn later, to send it.
"""

import asyncio
import os
from collections.abc import Sequence
from email.utils import formatdate
from functools import lru_cache

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from edge.render.splice import Buffer

V11 = (1, 1)
AT_ONCE = 1_000  # pieces: the kernel takes 1,024 in one call (IOV_MAX, writev(2))


class Prepared(web.StreamResponse):
    """An answer whose status line and headers are ``head`` (each line ended, no blank line) and whose body is
    ``pieces``.

    ``head`` says everything but Date, Connection and Content-Length; a status without a body has ``pieces`` None.
    """

    def __init__(
        self, status: int, head: bytes, pieces: Sequence[Buffer] | None, now: float, send_seconds: float
    ) -> None:
        super().__init__(status=status)
        self._head = head
        self._pieces = pieces
        self._now = now
        self._send_seconds = send_seconds
        self._lasting = False
        self._sent = 0

    def add(self, line: bytes) -> None:
        """One header more, its line ended."""
        self._head += line

    @property
    def keep_alive(self) -> bool | None:
        """Whether the connection stays open after this answer."""
        return self._lasting

    @property
    def body_length(self) -> int:
        """Bytes of body that were sent."""
        return self._sent

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send everything; nothing is left for ``write_eof``."""
        self._lasting = bool(request.keep_alive)
        transport, writer = request.transport, request.writer
        if transport is None or transport.is_closing():
            raise ConnectionResetError
        size = None if self._pieces is None else sum(map(len, self._pieces))
        head = self._whole_head(request, size)
        if self._pieces is None or size is None or request.method == "HEAD":
            transport.write(head)
        else:
            self._sent = size
            pieces = [head, *self._pieces]
            taken = _taken(transport, pieces)
            if taken < len(head) + size:
                transport.writelines(_after(taken, pieces))
        self._pieces = None  # the server keeps an answer until the connection's next request: not the faces in it
        writer.output_size += len(head) + self._sent
        if transport.get_write_buffer_size():
            await self._taken_in(transport, writer)
        return writer

    async def _taken_in(self, transport: asyncio.WriteTransport, writer: AbstractStreamWriter) -> None:
        """Wait for the viewer to take it in; one who is too slow is cut off, so that pictures do not pile up in memory."""
        try:
            async with asyncio.timeout(self._send_seconds):
                await writer.drain()
        except TimeoutError:
            transport.abort()
            raise ConnectionResetError from None

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing is left to send."""

    def _whole_head(self, request: web.BaseRequest, size: int | None) -> bytes:
        length = "" if size is None else f"Content-Length: {size}\r\n"
        return self._head + f"{length}Date: {_date(int(self._now))}\r\n{self._connection(request)}\r\n".encode()

    def _connection(self, request: web.BaseRequest) -> str:
        """RFC 9112 section 9.3: what the version at hand does not imply."""
        if self._lasting:
            return "" if request.version == V11 else "Connection: keep-alive\r\n"
        return "Connection: close\r\n"


def _taken(transport: asyncio.WriteTransport, pieces: list[Buffer]) -> int:
    """Bytes that the socket takes just now; none where something else is first in line, or they have to be encrypted."""
    socket = transport.get_extra_info("socket")
    if socket is None or transport.get_write_buffer_size() or transport.get_extra_info("sslcontext") is not None:
        return 0
    try:
        return os.writev(socket.fileno(), pieces if len(pieces) <= AT_ONCE else pieces[:AT_ONCE])
    except OSError:  # full; or broken, which the transport will find out and tell
        return 0


def _after(taken: int, pieces: list[Buffer]) -> list[Buffer]:
    """The pieces without their first so many bytes."""
    for number, piece in enumerate(pieces):
        if taken < len(piece):
            return [memoryview(piece)[taken:], *pieces[number + 1 :]]
        taken -= len(piece)
    return []


@lru_cache(maxsize=4)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)
