"""Rewrapping: every key that another than the primary wrapped is wrapped anew; the keys themselves, and patches, stay."""

import hmac
from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic
from typing import Protocol
from typing import TypeVar

from edge.errors import Damaged
from edge.errors import KeyRingError
from edge.errors import KeyServiceFailed
from edge.keys.service import KeyService
from edge.keys.service import Pair

BATCH = 100

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Row(Generic[R]):
    """One wrapped key where it is stored: the store's own name for the place, the wrapped key, and its context."""

    place: R
    wrapped: bytes
    context: bytes


@dataclass(frozen=True, slots=True)
class Change(Generic[R]):
    """``after`` shall stand in the place of ``before``."""

    place: R
    before: bytes
    after: bytes


@dataclass(frozen=True, slots=True)
class Progress:
    """How many keys were wrapped anew, how many somebody else changed meanwhile, and how many do not open."""

    rewrapped: int = 0
    overtaken: int = 0
    lost: int = 0

    def __add__(self, other: "Progress") -> "Progress":
        lost = self.lost + other.lost
        return Progress(self.rewrapped + other.rewrapped, self.overtaken + other.overtaken, lost)


class Rewrappable(Protocol[R]):
    """Whatever stores wrapped keys, in an order of its own that does not change."""

    async def batch(self, after: R | None, limit: int) -> Sequence[Row[R]]:
        """The first ``limit`` rows behind the place ``after`` (None: from the start) that the primary did not wrap."""

    async def replace(self, changes: Sequence[Change[R]]) -> int:
        """Make each change, unless its place no longer holds just ``before``; how many were made.

        One transaction or many: a kill in between must leave every place with its old or its new wrapped key.
        """


async def rewrap(
    store: Rewrappable[R],
    old: KeyService,
    new: KeyService,
    progress: Callable[[Progress], None],
    limit: int = BATCH,
) -> Progress:
    """Go through the store once; ``progress`` hears the sums after every batch.

    ``old`` opens and ``new`` wraps; they may be one. What is stored was opened again before. Whoever interrupts this starts
    it again: what was done is not found any more. A key that does not open stays as it is and is counted, and the next is
    taken. Raises ``KeyServiceFailed`` when a service does not answer. A wrapping key may be retired when the store has no
    rows left, not merely when this ends: publications meanwhile may have used it.
    """
    total, after = Progress(), None
    while rows := await store.batch(after, limit):
        changes = await _changes(rows, old, new)
        made = await store.replace(changes) if changes else 0
        total += Progress(made, len(changes) - made, len(rows) - len(changes))
        progress(total)
        after = rows[-1].place
    return total


async def _changes(rows: Sequence[Row[R]], old: KeyService, new: KeyService) -> list[Change[R]]:
    try:
        keys = await old.unwrap([(row.wrapped, row.context) for row in rows])
    except KeyServiceFailed:
        raise
    except (Damaged, KeyRingError):
        return [] if len(rows) == 1 else [change for row in rows for change in await _changes([row], old, new)]
    wrapped = await _wrapped([(key, row.context) for row, key in zip(rows, keys, strict=True)], new)
    return [Change(row.place, row.wrapped, after) for row, after in zip(rows, wrapped, strict=True)]


async def _wrapped(keys: Sequence[Pair], new: KeyService) -> list[bytes]:
    """The keys wrapped anew, and proven to open: what takes the place of a good wrapped key must be one."""
    wrapped = await new.wrap(keys)
    try:
        again = await new.unwrap([(after, context) for after, (_, context) in zip(wrapped, keys, strict=True)])
    except Damaged:
        raise KeyServiceFailed from None
    if not all(hmac.compare_digest(before, after) for (before, _), after in zip(keys, again, strict=True)):
        raise KeyServiceFailed
    return wrapped
