"""How often one caller may ask, and how much is done at once.

The rate is a token bucket per caller, kept as one number: the time at which it is full again (the generic cell rate algorithm).
A full bucket, which is one that is not remembered, holds a minute's worth. Reads and changes have a bucket each.

There is no limit on all callers together: whoever filled that one could keep a person from vetoing. What bounds the load instead
is ``Room``: so many operations at a time per process, and whoever comes while there is no room is told to come back. Callers are
told apart only once their token holds; what bounds requests without one is the proxy in front, as for pictures.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from edge import config
from edge.cache.memory import Memory
from edge.errors import Slower
from edge.errors import Unavailable

CALLERS: Final = 20_000  # remembered per process; forgetting one fills its bucket
MINUTE: Final = 60.0
READS: Final = ("GET", "HEAD")


class Rates:
    """Counts what callers ask for; in each process on its own."""

    def __init__(self, settings: config.Control, callers: int = CALLERS) -> None:
        services, strangers = settings.service_requests_per_minute, settings.stranger_requests_per_minute
        self._limits = {
            ("person", True): settings.requests_per_minute,
            ("person", False): settings.changes_per_minute,
            ("service", True): services,
            ("service", False): services,
            ("stranger", True): strangers,
        }
        self._full: Memory[tuple[str, str, bool], float] = Memory(items=callers, size=callers)

    def spend(self, kind: str, caller: str, *, reads: bool, now: float) -> None:
        """One request by this caller at ``now``; raises ``Slower``, and then it does not count."""
        limit = self._limits[kind, reads]
        each = MINUTE / limit
        full = (self._full.get((kind, caller, reads), now) or now) + each
        wait = full - now - MINUTE
        if wait > each / 1_000:  # less is rounding
            raise Slower(math.ceil(wait))
        self._full.put((kind, caller, reads), full, size=1, now=now, expires=full)


class Room:
    """Lets so many in at a time."""

    def __init__(self, places: int) -> None:
        self._places = places

    @contextmanager
    def entered(self) -> Iterator[None]:
        """A place for as long as this lasts; raises ``Unavailable`` at once where there is none."""
        if self._places == 0:
            raise Unavailable
        self._places -= 1
        try:
            yield
        finally:
            self._places += 1
