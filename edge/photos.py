"""The catalog as the view sees it: a photo by its path, remembered for the few seconds a change may take to be seen.

A change that this edge hears of is seen at once: every read carries the number of changes heard before it began, and what was
read before a change about the photo or one of its owners does not count any more.
"""

from dataclasses import dataclass

from edge.cache.flight import Flight
from edge.cache.memory import Memory
from edge.cache.tally import Tally
from edge.catalog import Catalog
from edge.catalog import Photo
from edge.catalog import changes
from edge.errors import NotFound
from edge.errors import Unavailable

MAX_CHANGES = 10_000
MAX_READS = 8  # a busy photo is heard of more than once, and a few milliseconds later than it was changed here


@dataclass(frozen=True, slots=True)
class _Read:
    """What one query told, and how many changes had been heard when it began."""

    photo: Photo | None
    heard: int


class Photos:
    """Looks photos up; many requests for one photo make one query."""

    def __init__(self, catalog: Catalog, *, seconds: float, items: int, tally: Tally | None = None) -> None:
        self._catalog = catalog
        self._seconds = seconds
        self._known: Memory[str, _Read] = Memory(items=items, size=items, tally=tally)
        self._flight: Flight[str, _Read] = Flight()
        self._heard = 0
        self._changed: dict[str, int] = {}
        self._everything = 0
        catalog.changes.hear(self._hear)

    async def find(self, path: str, now: float) -> Photo:
        """The photo published at ``path``; raises ``NotFound``, or ``Unavailable`` when nobody can tell."""
        read = self._known.get(path, now)
        if read is None or (self._changed and self._is_stale(path, read)) or read.heard < self._everything:
            read = await self._read(path, now)
        if read.photo is None:
            raise NotFound
        return read.photo

    async def renewed(self, path: str, now: float) -> bool:
        """Whether another version has been published since ``path`` was last read; it is then the one remembered."""
        known = self._known.get(path, now)
        self._known.drop(path)
        return known is not None and known.photo is not None and (await self.find(path, now)).version != known.photo.version

    async def _read(self, path: str, now: float) -> _Read:
        """A read that no change has overtaken; one that joined another caller's may have been, so a few tries."""
        for _ in range(MAX_READS):
            read = await self._flight.run(path, lambda: self._ask(path))
            if not self._is_stale(path, read):
                if read.photo is not None:
                    self._known.put(path, read, size=1, now=now, expires=now + self._seconds)
                return read
        raise Unavailable

    async def _ask(self, path: str) -> _Read:
        heard = self._heard
        return _Read(await self._catalog.photo(path), heard)

    def _hear(self, topic: str) -> None:
        self._heard += 1
        if topic == changes.EVERYTHING or len(self._changed) >= MAX_CHANGES:
            self._everything = self._heard
            self._changed.clear()
        else:
            self._changed[topic] = self._heard

    def _is_stale(self, path: str, read: _Read) -> bool:
        topics = [changes.of_photo(path)]
        if read.photo is not None:
            topics += [changes.of_person(face.owner) for face in read.photo.faces if face.owner is not None]
        return read.heard < max(self._everything, *(self._changed.get(topic, 0) for topic in topics))
