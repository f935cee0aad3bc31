"""Few threads that scale pictures, with an end to how many wait and for how long; the same picture is made once for all who wait.

What is made of a public base is kept in memory. What shows a real face is not kept at all.
"""

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from edge.cache.flight import Flight
from edge.cache.memory import Memory
from edge.errors import Busy
from edge.render import scaling
from edge.render.scaling import Form
from edge.render.settings import Sizes
from edge.render.splice import Buffer

FOREVER = float("inf")  # a tag names one content
MAX_ITEMS = 10_000


class Scalers:
    """Makes pictures off the event loop; raises ``Busy`` instead of piling work up."""

    def __init__(self, settings: Sizes) -> None:
        self._pool = ThreadPoolExecutor(settings.scalers, thread_name_prefix="scaler")
        self._room = settings.scalers + settings.scale_waiting
        self._seconds = settings.scale_seconds
        self._flight: Flight[str, bytes] = Flight()
        self._kept: Memory[str, bytes] = Memory(items=MAX_ITEMS, size=settings.scaled_bytes)
        self._at_work = 0

    async def made(self, tag: str, pieces: Sequence[Buffer], form: Form | None, now: float, *, public: bool) -> Sequence[Buffer]:
        """The picture in this form; as it is where there is none. ``tag``: the entity tag of what is made; ``public``: keep it.

        Raises ``Busy`` where nobody is free for it in time, and ``OriginFailed``.
        """
        if form is None:
            return pieces
        done = self._kept.get(tag, now) or await self._in_time(tag, pieces, form)
        if public:
            self._kept.put(tag, done, size=len(done), now=now, expires=FOREVER)
        return (done,)

    async def _in_time(self, tag: str, pieces: Sequence[Buffer], form: Form) -> bytes:
        try:
            async with asyncio.timeout(self._seconds):
                return await self._flight.run(tag, lambda: self._make(pieces, form))
        except TimeoutError:
            raise Busy from None

    async def _make(self, pieces: Sequence[Buffer], form: Form) -> bytes:
        if self._at_work >= self._room:
            raise Busy
        deadline = time.monotonic() + self._seconds
        self._at_work += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, _made, pieces, form, deadline)
        finally:
            self._at_work -= 1

    async def close(self) -> None:
        """Let go of what waits; what is at work ends by itself."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _made(pieces: Sequence[Buffer], form: Form, deadline: float) -> bytes:
    if time.monotonic() > deadline:  # whoever asked has been told so
        raise Busy
    return scaling.make(pieces, form)
