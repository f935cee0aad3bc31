"""Few threads that scale pictures, with an end to how many wait and for how long; the same picture is made once for all who wait.

What is made of a public base is kept in memory. What shows a real face is not kept at all.
"""

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from edge.cache.flight import Flight
from edge.cache.memory import Memory
from edge.cache.tally import Tally
from edge.errors import Busy
from edge.load import Load
from edge.render import scaling
from edge.render.scaling import Form
from edge.render.settings import Sizes
from edge.render.splice import Buffer

FOREVER = float("inf")  # a tag names one content
MAX_ITEMS = 10_000


class Scalers:
    """Makes pictures off the event loop; raises ``Busy`` instead of piling work up."""

    def __init__(self, settings: Sizes, load: Load | None = None, tally: Tally | None = None) -> None:
        self._pool = ThreadPoolExecutor(settings.scalers, thread_name_prefix="scaler")
        self._room = settings.scalers + settings.scale_waiting
        self._seconds = settings.scale_seconds
        self._flight: Flight[str, bytes] = Flight()
        self._kept: Memory[str, bytes] = Memory(items=MAX_ITEMS, size=settings.scaled_bytes, tally=tally)
        self._load = Load() if load is None else load
        self._load.threads = settings.scalers
        self._taken = 0  # the load may be several scalers': one configuration's still at work, and the next one's

    async def made(self, tag: str, pieces: Sequence[Buffer], form: Form | None, now: float, *, public: bool) -> Sequence[Buffer]:
        """The picture in this form; as it is where there is none. ``tag``: the entity tag of what is made; ``public``: keep it.

        Raises ``Busy`` where nobody is free for it in time, and ``OriginFailed``.
        """
        if form is None:
            return pieces
        done = (self._kept.get(tag, now) if public else None) or await self._in_time(tag, pieces, form)
        if public:
            self._kept.put(tag, done, size=len(done), now=now, expires=FOREVER)
        return (done,)

    async def _in_time(self, tag: str, pieces: Sequence[Buffer], form: Form) -> bytes:
        try:
            async with asyncio.timeout(self._seconds):
                return await self._flight.run(tag, lambda: self._make(pieces, form))
        except (TimeoutError, Busy):
            self._load.refused += 1
            raise Busy from None

    async def _make(self, pieces: Sequence[Buffer], form: Form) -> bytes:
        if self._taken >= self._room:
            raise Busy
        deadline = time.monotonic() + self._seconds
        self._taken += 1
        self._load.taken += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, _made, pieces, form, deadline)
        finally:
            self._taken -= 1
            self._load.taken -= 1

    async def close(self) -> None:
        """Let go of what waits; what is at work ends by itself."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _made(pieces: Sequence[Buffer], form: Form, deadline: float) -> bytes:
    if time.monotonic() > deadline:  # whoever asked has been told so
        raise Busy
    return scaling.make(pieces, form)
