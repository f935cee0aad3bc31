"""The catalog as the view sees it: a photo by its path, remembered for the few seconds a change may take to be seen."""

from edge.cache.flight import Flight
from edge.cache.memory import Memory
from edge.catalog import Catalog
from edge.catalog import Photo
from edge.errors import NotFound


class Photos:
    """Looks photos up; many requests for one photo make one query."""

    def __init__(self, catalog: Catalog, *, seconds: float, items: int) -> None:
        self._catalog = catalog
        self._seconds = seconds
        self._known: Memory[str, Photo] = Memory(items=items, size=items)
        self._flight: Flight[str, Photo | None] = Flight()

    async def find(self, path: str, now: float) -> Photo:
        """The photo published at ``path``; raises ``NotFound``, or ``Unavailable`` when nobody can tell."""
        photo = self._known.get(path, now)
        if photo is None:
            photo = await self._flight.run(path, lambda: self._catalog.photo(path))
            if photo is None:
                raise NotFound
            self._known.put(path, photo, size=1, now=now, expires=now + self._seconds)
        return photo

    async def renewed(self, path: str, now: float) -> bool:
        """Whether another version has been published since ``path`` was last read; it is then the one remembered."""
        known = self._known.get(path, now)
        self._known.drop(path)
        return known is not None and (await self.find(path, now)).version != known.version
