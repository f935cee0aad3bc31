"""Plans: which keys are asked for and how often, and that a key that does not open shows the base under its own tag."""

from dataclasses import replace
from pathlib import Path

import pytest

from edge.cache.memory import Memory
from edge.cache.store import NullCache
from edge.errors import Damaged
from edge.errors import KeyRingError
from edge.errors import KeyServiceFailed
from edge.files import Files
from edge.keys import ring
from edge.keys.ring_service import RingService
from edge.origin import names
from edge.plans import Plans
from edge.plans import Selection
from edge.plans import base_tag
from tests.fakes import PATH
from tests.fakes import MemoryOrigin
from tests.fakes import Published
from tests.fakes import seal
from tests.key_services import Counting

NOW = 1_000.0
BOTH = frozenset((1, 2))


class Bench:
    """Plans over one photo, and a count of what they ask."""

    def __init__(self, folder: Path) -> None:
        keys = ring.create(folder / "ring.toml")
        self.keys = Counting(RingService(folder / "ring.toml", keys, lambda: 0.0))
        self.made: Published = seal(keys, PATH, {1: "u-red", 2: "u-blue", 3: None})
        base, sidecar = names(PATH, self.made.photo.version)
        self.origin = MemoryOrigin({base: self.made.base, sidecar: self.made.sidecar})
        files = Files(self.origin, NullCache(), Memory(items=10, size=1 << 20))
        self.plans = Plans(self.keys, files, seconds=5, size=1 << 20, items=10)

    async def show(self, granted: frozenset[int], now: float = NOW) -> bytes | None:
        """The photo with these faces real."""
        pieces = await self.plans.reveal(Selection.of(self.made.photo, granted), self.made.base, now)
        return None if pieces is None else b"".join(pieces)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A bench with nothing remembered."""
    return Bench(tmp_path)


async def test_one_batch(bench: Bench) -> None:
    """The directory key and the key of each granted face, and of no other, are opened in one call."""
    assert await bench.show(BOTH) == bench.made.seen(1, 2)
    assert bench.keys.unwrapped == [3]
    assert await bench.plans.tag(Selection.of(bench.made.photo, frozenset({1})), NOW)
    assert bench.keys.unwrapped == [3, 2]


async def test_remembered_costs_no_call(bench: Bench) -> None:
    """A tag and a plan that are remembered need no key; when their time is over they do."""
    photo = bench.made.photo
    assert bench.plans.known_tag(Selection.of(photo, BOTH), NOW) is None
    tag = await bench.plans.tag(Selection.of(photo, BOTH), NOW)
    await bench.show(BOTH)
    asked = list(bench.keys.unwrapped)
    for now in (NOW, NOW + 4.9):
        assert bench.plans.known_tag(Selection.of(photo, BOTH), now) == tag
        assert await bench.show(BOTH, now) == bench.made.seen(1, 2)
    assert bench.keys.unwrapped == asked
    assert bench.plans.known_tag(Selection.of(photo, BOTH), NOW + 5) is None


async def test_nobody_granted_needs_no_key(bench: Bench) -> None:
    """Whoever sees nobody gets the base's tag and the base, although no key opens."""
    bench.keys.fault = KeyServiceFailed()
    assert bench.plans.known_tag(Selection.of(bench.made.photo, frozenset()), NOW) == base_tag(bench.made.photo)
    assert await bench.show(frozenset()) is None
    assert bench.keys.unwrapped == []


async def test_tags_tell_decisions_apart(bench: Bench) -> None:
    """Each decision has a tag of its own, none of them the base's, and the same on another edge."""
    photo = bench.made.photo
    decisions = [frozenset({1}), frozenset({2}), BOTH, frozenset({1, 2, 3})]
    tags = [await bench.plans.tag(Selection.of(photo, granted), NOW) for granted in decisions]
    assert len({*tags, base_tag(photo)}) == 5
    other = Plans(bench.keys.service, bench.plans._files, seconds=5, size=1 << 20, items=10)
    assert [await other.tag(Selection.of(photo, granted), NOW + 100) for granted in decisions] == tags


@pytest.mark.parametrize("fault", [Damaged(), KeyRingError("none"), KeyServiceFailed()], ids=lambda fault: type(fault).__name__)
async def test_a_failing_service_is_asked_once(bench: Bench, fault: Exception) -> None:
    """Where keys do not open there is neither a tag nor a plan, for a while without another try, and then there is."""
    photo = bench.made.photo
    bench.keys.fault = fault
    assert await bench.plans.tag(Selection.of(photo, BOTH), NOW) is None
    bench.keys.fault = None
    assert await bench.plans.tag(Selection.of(photo, BOTH), NOW + 4.9) is None
    assert await bench.show(BOTH, NOW + 4.9) is None
    assert bench.keys.unwrapped == [3]
    assert await bench.show(BOTH, NOW + 5) == bench.made.seen(1, 2)
    assert await bench.plans.tag(Selection.of(photo, BOTH), NOW + 5) is not None


async def test_a_tag_never_outlives_its_plan(bench: Bench) -> None:
    """When the service fails for the tag, a plan that is still remembered is not shown under the base's tag."""
    assert await bench.show(BOTH) == bench.made.seen(1, 2)
    bench.keys.fault = KeyServiceFailed()
    assert await bench.plans.tag(Selection.of(bench.made.photo, BOTH), NOW + 1) is None
    assert await bench.show(BOTH, NOW + 1) is None


@pytest.mark.parametrize("slot", [1, 2])
async def test_one_lost_face_key(bench: Bench, slot: int) -> None:
    """A face key that does not open costs those the reveal who may see that face, and nobody else."""
    photo = bench.made.photo
    faces = tuple(replace(face, wrapped_key=b"\1x" + bytes(60)) if face.slot == slot else face for face in photo.faces)
    bench.made = replace(bench.made, photo=replace(photo, faces=faces))
    other = 3 - slot
    assert await bench.plans.tag(Selection.of(bench.made.photo, BOTH), NOW) is None
    assert await bench.show(BOTH) is None
    assert await bench.show(frozenset({slot})) is None
    assert await bench.show(frozenset({other})) == bench.made.seen(other)


async def test_purge(bench: Bench) -> None:
    """What a plan holds leaves when its time is over."""
    await bench.plans.tag(Selection.of(bench.made.photo, BOTH), NOW)
    await bench.show(BOTH)
    bench.plans.purge(NOW + 5)
    assert (len(bench.plans._plans), len(bench.plans._tags)) == (0, 0)
