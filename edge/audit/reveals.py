"""Reveals in the log: a share of them, gathered in memory and appended together, so that no viewer waits for it."""

import random
from collections.abc import Callable
from collections.abc import Sequence
from collections.abc import Set
from dataclasses import dataclass

from edge.audit.anchor import Anchor
from edge.audit.chain import Entry
from edge.audit.chain import Link
from edge.audit.log import Log
from edge.audit.log import LogBook
from edge.catalog import Catalog
from edge.catalog import Photo
from edge.errors import LogBroken
from edge.errors import Unavailable
from edge.viewer import HOLDER
from edge.viewer import Viewer

MAX_WAITING = 10_000
STRANGER = "stranger"
SIGNED_URL = "signed-url"


@dataclass(frozen=True, slots=True, repr=False)
class _Reveal:
    """One reveal as it waits in memory; ``nobody`` is the actor where there is no viewer with an ID."""

    at: float
    viewer: str | None
    nobody: str
    photo_id: bytes
    slots: tuple[int, ...]

    def entry(self, log: Log) -> Entry:
        """As it is written: under a pseudonym."""
        actor = self.nobody if self.viewer is None else log.chain.pseudonym(self.viewer)
        return Entry(self.at, actor, "reveal", self.photo_id.hex(), ",".join(map(str, self.slots)))


class Reveals:
    """Notes which faces were shown to whom; ``share`` of all reveals is noted, 0 to 1."""

    def __init__(
        self, catalog: Catalog, book: LogBook, anchor: Anchor, share: float, draw: Callable[[], float] = random.random
    ) -> None:
        self._catalog = catalog
        self._book = book
        self._anchor = anchor
        self._share = share
        self._draw = draw
        self._waiting: list[_Reveal] = []
        self._lost = 0

    def note(self, viewer: Viewer, photo: Photo, granted: Set[int], now: float) -> None:
        """These faces were shown; remembered until ``flush``, or counted as lost while too many wait."""
        if self._share == 0 or self._draw() >= self._share:
            return
        if len(self._waiting) >= MAX_WAITING:
            self._lost += 1
            return
        nobody = SIGNED_URL if viewer is HOLDER else STRANGER
        self._waiting.append(_Reveal(now, viewer.id, nobody, photo.photo_id, tuple(sorted(granted))))

    async def flush(self, now: float) -> None:
        """Append what waits; it goes on waiting while the catalog cannot be written."""
        waiting, lost = self._waiting, self._lost
        if not waiting and not lost:
            return
        self._waiting, self._lost = [], 0
        try:
            end = await self._append(waiting, lost, now)
        except (Unavailable, LogBroken):
            return self._put_back(waiting, lost)
        except BaseException:  # cut off: rather twice in the log than not at all
            self._put_back(waiting, lost)
            raise
        await self._anchor.move(end, self._catalog)

    async def _append(self, waiting: Sequence[_Reveal], lost: int, now: float) -> Link:
        log = await self._book.log()
        entries = [reveal.entry(log) for reveal in waiting]
        entries += [Entry(now, "edge", "reveals-lost", slots=str(lost))] if lost else []
        async with self._catalog.database.writing() as connection:
            return await log.append(connection, entries)

    def _put_back(self, waiting: list[_Reveal], lost: int) -> None:
        held = waiting + self._waiting
        self._waiting = held[:MAX_WAITING]
        self._lost += lost + len(held) - len(self._waiting)
