"""Rewrapping: every key opens at every moment, whatever interrupts it and whoever publishes meanwhile."""

import os
from collections.abc import Callable
from collections.abc import Sequence

import pytest

from edge.errors import Damaged
from edge.errors import KeyRingError
from edge.errors import KeyServiceFailed
from edge.keys import ring
from edge.keys.opening import open_keys
from edge.keys.rewrap import Change
from edge.keys.rewrap import Progress
from edge.keys.rewrap import Row
from edge.keys.rewrap import rewrap
from edge.keys.ring_service import RingService
from edge.keys.service import KeyService
from edge.keys.service import Pair
from edge.keys.settings import Keys
from edge.keys.wrapped import wrapped_by
from tests.key_services import TOKEN
from tests.key_services import Counting
from tests.key_services import Place
from tests.vault import Transit


class Shelf:
    """A store of wrapped keys by number; ``meanwhile`` happens between reading a batch and changing it."""

    def __init__(self, primary: Callable[[], str]) -> None:
        self.wrapped: dict[int, bytes] = {}
        self.keys: dict[int, bytes] = {}
        self.meanwhile: Callable[[], None] = lambda: None
        self._primary = primary

    async def fill(self, service: KeyService, count: int) -> None:
        """So many more keys."""
        numbers = range(len(self.keys), len(self.keys) + count)
        keys = {number: os.urandom(32) for number in numbers}
        self.keys |= keys
        self.wrapped |= zip(numbers, await service.wrap([(keys[number], context(number)) for number in numbers]), strict=True)

    async def batch(self, after: int | None, limit: int) -> Sequence[Row[int]]:
        first = -1 if after is None else after
        left = [number for number in sorted(self.wrapped) if number > first and self._old(number)]
        return [Row(number, self.wrapped[number], context(number)) for number in left[:limit]]

    async def replace(self, changes: Sequence[Change[int]]) -> int:
        self.meanwhile()
        fresh = [change for change in changes if self.wrapped.get(change.place) == change.before]
        self.wrapped |= {change.place: change.after for change in fresh}
        return len(fresh)

    def _old(self, number: int) -> bool:
        try:
            return wrapped_by(self.wrapped[number]) != self._primary()
        except Damaged:
            return True

    async def check(self, service: KeyService) -> None:
        """Every key opens."""
        numbers = sorted(self.keys)
        opened = await service.unwrap([(self.wrapped[number], context(number)) for number in numbers])
        assert opened == [self.keys[number] for number in numbers]


def context(number: int) -> bytes:
    return b"place %d" % number


@pytest.fixture
async def rotated(place: Place) -> tuple[Shelf, RingService]:
    """Twenty-five keys of the primary before, and five of the primary now."""
    file = place.ring()
    service = RingService(file, ring.read(file), iter(range(1_000)).__next__)
    shelf = Shelf(lambda: service.primary)
    await shelf.fill(service, 25)
    ring.rotate(file)
    await shelf.fill(service, 5)
    return shelf, service


async def test_all_is_wrapped_anew(rotated: tuple[Shelf, RingService]) -> None:
    """Every key that the primary did not wrap is wrapped by it, in batches; the others are left as they are."""
    shelf, service = rotated
    counting, seen = Counting(service), list[Progress]()
    untouched = {number: shelf.wrapped[number] for number in range(25, 30)}
    assert await rewrap(shelf, counting, counting, seen.append, limit=10) == Progress(25, 0, 0)
    assert [some.rewrapped for some in seen] == [10, 20, 25]
    assert counting.wrapped == [10, 10, 5]
    assert untouched.items() <= shelf.wrapped.items()
    assert {wrapped_by(some) for some in shelf.wrapped.values()} == {service.primary}
    await shelf.check(service)
    assert await rewrap(shelf, service, service, seen.append) == Progress()
    assert len(seen) == 3


@pytest.mark.parametrize("batches", [0, 1, 2])
async def test_interruption(rotated: tuple[Shelf, RingService], batches: int) -> None:
    """Whenever it is interrupted, every key opens, and the next start goes on where it was."""
    shelf, service = rotated
    seen: list[Progress] = []

    def stop() -> None:
        if len(seen) == batches:
            raise KeyboardInterrupt

    shelf.meanwhile = stop
    with pytest.raises(KeyboardInterrupt):
        await rewrap(shelf, service, service, seen.append, limit=10)
    await shelf.check(service)
    shelf.meanwhile = lambda: None
    assert await rewrap(shelf, service, service, seen.append, limit=10) == Progress(25 - 10 * batches, 0, 0)
    await shelf.check(service)


async def test_publications_meanwhile_stand(rotated: tuple[Shelf, RingService]) -> None:
    """What was published, or removed, between reading and changing is never written over."""
    shelf, service = rotated
    new = os.urandom(32)
    (published,) = await service.wrap([(new, context(3))])

    def publish() -> None:
        shelf.wrapped[3], shelf.keys[3] = published, new
        shelf.wrapped.pop(4, None)
        shelf.keys.pop(4, None)

    shelf.meanwhile = publish
    assert await rewrap(shelf, service, service, lambda _: None) == Progress(23, 2, 0)
    assert shelf.wrapped[3] == published
    assert 4 not in shelf.wrapped
    await shelf.check(service)


async def test_lost_keys_are_counted_and_left(rotated: tuple[Shelf, RingService]) -> None:
    """A key that does not open holds nobody up: it stays as it is, and all others of its batch are wrapped anew."""
    shelf, service = rotated
    shelf.wrapped[2] = b"\1x" + shelf.wrapped[2][7:]
    shelf.wrapped[7] = shelf.wrapped[8]
    shelf.wrapped[9] = b"garbage"
    before = dict(shelf.wrapped)
    assert await rewrap(shelf, service, service, lambda _: None, limit=10) == Progress(22, 0, 3)
    assert {number: shelf.wrapped[number] for number in (2, 7, 9)} == {number: before[number] for number in (2, 7, 9)}
    for number in (2, 7, 9):
        del shelf.wrapped[number], shelf.keys[number]
    await shelf.check(service)


async def test_a_service_that_fails_ends_it(rotated: tuple[Shelf, RingService]) -> None:
    """A service that does not answer is not taken for thirty lost keys."""
    shelf, service = rotated
    broken = Counting(service)
    broken.fault = KeyServiceFailed()
    for old, new in ((broken, service), (service, broken)):
        before, broken.unwrapped = dict(shelf.wrapped), []
        with pytest.raises(KeyServiceFailed):
            await rewrap(shelf, old, new, lambda _: None)
        assert shelf.wrapped == before
        assert len(broken.unwrapped) == 1


class Mixed(Counting):
    """Wraps in the wrong order."""

    async def wrap(self, keys: Sequence[Pair]) -> list[bytes]:
        return (await super().wrap(keys))[::-1]


class Wrong(Counting):
    """Wraps other keys than it is given."""

    async def wrap(self, keys: Sequence[Pair]) -> list[bytes]:
        return await super().wrap([(os.urandom(32), context) for _, context in keys])


@pytest.mark.parametrize("kind", [Mixed, Wrong])
async def test_nothing_is_put_in_place_unproven(rotated: tuple[Shelf, RingService], kind: type[Counting]) -> None:
    """A service that wraps wrongly costs no key: what it made does not open as it should, and is not stored."""
    shelf, service = rotated
    before = dict(shelf.wrapped)
    with pytest.raises(KeyServiceFailed):
        await rewrap(shelf, service, kind(service), lambda _: None)
    assert shelf.wrapped == before


async def test_from_a_ring_to_vault_and_back(place: Place) -> None:
    """Keys move from one service to another while both open what they wrapped, and then the first is not needed."""
    file = place.ring()
    vault = await place.vault(Transit(TOKEN))
    async with (
        open_keys(Keys(ring_file=file)) as embedded,
        open_keys(Keys(service="vault", vault=vault, ring_file=file)) as moving,
        open_keys(Keys(service="vault", vault=vault)) as alone,
        open_keys(Keys(service="ring", vault=vault, ring_file=file)) as back,
    ):
        shelf = Shelf(lambda: moving.primary)
        await shelf.fill(embedded, 25)
        await shelf.fill(moving, 5)
        await shelf.check(moving)
        with pytest.raises(KeyRingError):
            await shelf.check(alone)
        assert await rewrap(shelf, moving, moving, lambda _: None, limit=10) == Progress(25, 0, 0)
        await shelf.check(alone)
        there = Shelf(lambda: back.primary)
        there.wrapped, there.keys = shelf.wrapped, shelf.keys
        assert await rewrap(there, back, back, lambda _: None) == Progress(30, 0, 0)
        await there.check(embedded)
