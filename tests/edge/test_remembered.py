"""Remembered keys: for seconds, one call for many callers, and nobody suffers for somebody else's damaged key."""

import asyncio
import os
from collections.abc import Sequence

import pytest

from edge.errors import Damaged
from edge.errors import KeyRingError
from edge.errors import KeyServiceFailed
from edge.keys import ring
from edge.keys.remembered import Remembered
from edge.keys.ring_service import RingService
from edge.keys.service import Pair
from tests.fakes import Clock
from tests.key_services import Counting
from tests.key_services import Place

CONTEXT = b"photo 1, face 2"


class Memory:
    """A remembering service over a counted one, and wrapped keys to ask it for."""

    def __init__(self, counting: Counting, clock: Clock, keys: list[bytes], asked: list[Pair]) -> None:
        self.counting = counting
        self.clock = clock
        self.keys = keys
        self.asked = asked
        self.service = Remembered(counting, clock, seconds=5, items=100)


@pytest.fixture
async def memory(place: Place) -> Memory:
    """A memory with nothing in it."""
    file = place.ring()
    counting, clock = Counting(RingService(file, ring.read(file), lambda: 0.0)), Clock()
    keys = [os.urandom(32) for _ in range(10)]
    wrapped = await counting.wrap([(key, CONTEXT) for key in keys])
    return Memory(counting, clock, keys, [(sealed, CONTEXT) for sealed in wrapped])


async def test_remembered_for_seconds(memory: Memory) -> None:
    """What was opened is not asked for again until its time is over, to the second."""
    for now, calls in ((0, 1), (4.9, 1), (5, 2), (9.9, 2)):
        memory.clock.now = 1_000.0 + now
        assert await memory.service.unwrap(memory.asked) == memory.keys
        assert memory.counting.unwrapped == [10] * calls
    memory.clock.now = 999.0
    await memory.service.unwrap(memory.asked)
    assert len(memory.counting.unwrapped) == 3


async def test_only_what_is_missing_is_asked_for(memory: Memory) -> None:
    """A batch is one call for what is not known, each key once, and no call where all is known."""
    await memory.service.unwrap(memory.asked[:4])
    assert await memory.service.unwrap(memory.asked[2:8] + memory.asked[5:7]) == memory.keys[2:8] + memory.keys[5:7]
    assert await memory.service.unwrap(memory.asked[:8]) == memory.keys[:8]
    assert memory.counting.unwrapped == [4, 4]


async def test_the_context_belongs_to_what_is_remembered(memory: Memory) -> None:
    """A key that is remembered for its own context does not open under another."""
    await memory.service.unwrap(memory.asked[:1])
    for moved in ((memory.asked[0][0], b"elsewhere"), (memory.asked[0][0] + CONTEXT[:1], CONTEXT[1:])):
        with pytest.raises(Damaged):
            await memory.service.unwrap([moved])


@pytest.mark.parametrize("callers", [2, 200])
async def test_many_callers_make_one_call(memory: Memory, callers: int) -> None:
    """However many ask at once for the same keys, or for some of them, the service is asked once."""
    memory.counting.gate = asyncio.Event()
    calls = [asyncio.create_task(memory.service.unwrap(memory.asked[number % 5 :])) for number in range(callers)]
    await asyncio.sleep(0)
    memory.counting.gate.set()
    seen = await asyncio.gather(*calls)
    assert seen == [memory.keys[number % 5 :] for number in range(callers)]
    assert memory.counting.unwrapped == [10]


async def test_a_caller_who_goes_away_takes_nobody_along(memory: Memory) -> None:
    """The call goes on for the others when the one who caused it is cancelled."""
    memory.counting.gate = asyncio.Event()
    first, second = (asyncio.create_task(memory.service.unwrap(memory.asked)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    memory.counting.gate.set()
    assert await second == memory.keys
    assert memory.counting.unwrapped == [10]
    assert first.cancelled()


@pytest.mark.parametrize("fault", [Damaged(), KeyRingError("none"), KeyServiceFailed()])
async def test_failures_are_not_remembered(memory: Memory, fault: Exception) -> None:
    """A failure is told to all who waited, kept as no key, and the next caller tries again."""
    memory.counting.fault = fault
    failed = await asyncio.gather(*(memory.service.unwrap(memory.asked) for _ in range(3)), return_exceptions=True)
    assert {type(some) for some in failed} == {type(fault)}
    assert len(memory.service) == 0
    memory.counting.fault = None
    assert await memory.service.unwrap(memory.asked) == memory.keys


async def test_nobody_suffers_for_the_batch_of_another(memory: Memory) -> None:
    """Whoever waits for a key in a batch that fails for the sake of another key gets it all the same."""
    memory.counting.gate = asyncio.Event()
    bad = (memory.asked[9][0], b"elsewhere")
    first = asyncio.create_task(memory.service.unwrap([memory.asked[0], bad]))
    others = [asyncio.create_task(memory.service.unwrap(memory.asked[:3])) for _ in range(20)]
    await asyncio.sleep(0)
    memory.counting.gate.set()
    assert await asyncio.gather(*others) == [memory.keys[:3]] * 20
    with pytest.raises(Damaged):
        await first
    assert memory.counting.unwrapped == [2, 2, 1]


async def test_a_service_that_is_down_is_asked_once(memory: Memory) -> None:
    """Those who waited for a service that failed do not wait for it a second time."""
    memory.counting.gate = asyncio.Event()
    memory.counting.fault = KeyServiceFailed()
    calls = [asyncio.create_task(memory.service.unwrap(memory.asked)) for _ in range(20)]
    await asyncio.sleep(0)
    memory.counting.gate.set()
    assert {type(failed) for failed in await asyncio.gather(*calls, return_exceptions=True)} == {KeyServiceFailed}
    assert memory.counting.unwrapped == [10]


async def test_keys_leave(memory: Memory) -> None:
    """Keys whose time is over leave at the next purge, although nobody asks for them."""
    await memory.service.unwrap(memory.asked)
    memory.service.purge(memory.clock.now + 4.9)
    assert len(memory.service) == 10
    memory.service.purge(memory.clock.now + 5)
    assert len(memory.service) == 0


async def test_memory_is_bounded(memory: Memory) -> None:
    """No more keys are kept than was said."""
    service = Remembered(memory.counting, memory.clock, seconds=5, items=4)
    assert await service.unwrap(memory.asked) == memory.keys
    assert len(service) == 4


async def test_a_short_batch_is_a_failure(memory: Memory) -> None:
    """A service that breaks its promise gives no key, least of all to the wrong face."""

    class Short(Counting):
        async def unwrap(self, wrapped: Sequence[Pair]) -> list[bytes]:
            return (await super().unwrap(wrapped))[1:]

    service = Remembered(Short(memory.counting), memory.clock, seconds=5, items=100)
    with pytest.raises(KeyServiceFailed):
        await service.unwrap(memory.asked)
    assert len(service) == 0


async def test_wrapping_is_passed_on(memory: Memory) -> None:
    """What is wrapped is wrapped by the service, and not remembered."""
    (wrapped,) = await memory.service.wrap([(memory.keys[0], CONTEXT)])
    assert memory.counting.wrapped == [10, 1]
    assert len(memory.service) == 0
    assert await memory.service.unwrap([(wrapped, CONTEXT)]) == memory.keys[:1]
    assert memory.service.primary == memory.counting.primary
