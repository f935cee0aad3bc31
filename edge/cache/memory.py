"""A bounded memory: least recently used goes first, by count and by bytes; entries end at a time."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic
from typing import TypeVar

from edge.cache.tally import Tally

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Memory(Generic[K, V]):
    """Values by key until they expire, are dropped, or make room.

    An entry is only valid from the moment it was put: a clock that jumps backwards loses it rather than keeping it
    longer.
    """

    def __init__(self, *, items: int, size: int, tally: Tally | None = None) -> None:
        self._tally = Tally() if tally is None else tally
        self._items = items
        self._size = size
        self._held = 0
        self._entries: OrderedDict[K, tuple[V, int, float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return f"<Memory {len(self._entries)} entries, {self._held} bytes>"

    def get(self, key: K, now: float) -> V | None:
        """The value, or None when it is not there or no longer valid at ``now``."""
        entry = self._entries.get(key)
        if entry is None:
            self._tally.misses += 1
            return None
        if not entry[2] <= now < entry[3]:
            self.drop(key)
            self._tally.misses += 1
            return None
        self._entries.move_to_end(key)
        self._tally.hits += 1
        return entry[0]

    def put(self, key: K, value: V, *, size: int, now: float, expires: float) -> None:
        """Keep ``value``, counted as ``size`` bytes, until ``expires``.

        One larger than the whole memory is not kept.
        """
        self.drop(key)
        if size > self._size:
            return
        self._entries[key] = (value, size, now, expires)
        self._held += size
        while self._held > self._size or len(self._entries) > self._items:
            self._held -= self._entries.popitem(last=False)[1][1]
        self._tally.held = self._held

    def purge(self, now: float) -> None:
        """Let go of every entry that is no longer valid at ``now``, asked for or not."""
        for key in [key for key, (_, _, since, expires) in self._entries.items() if not since <= now < expires]:
            self.drop(key)

    def drop(self, key: K) -> None:
        """Forget the entry, if there is one."""
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._held -= entry[1]
            self._tally.held = self._held
