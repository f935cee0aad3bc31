"""Ties: the few owners on a photo are asked about, only where it matters, and an old answer never outlives a change."""

import asyncio
from dataclasses import replace

import pytest

from edge.catalog import Face
from edge.catalog import Photo
from edge.config import Policy
from edge.errors import Unavailable
from edge.friends import NO_FRIENDS
from edge.policy import NO_TIES
from edge.policy import Ties
from edge.ties import Acquaintance
from edge.viewer import REFUSED
from edge.viewer import STRANGER
from edge.viewer import Viewer
from tests.fakes import NOW
from tests.fakes import World

EVE = Viewer("u-eve", NOW + 900, NO_FRIENDS)


class Owners:
    """A catalog and a source of friends in one, which count what they are asked."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str | None]] = []
        self.friends = frozenset({"u-red"})
        self.lasting = False
        self.asked: list[tuple[str, frozenset[str]]] = []
        self.among_asked: list[frozenset[str]] = []
        self.gate: asyncio.Event | None = None
        self.down = False

    async def ties(self, person: str, owners: list[str]) -> list[tuple[str, str | None]]:
        self.asked.append((person, frozenset(owners)))
        if self.gate is not None:
            await self.gate.wait()
        if self.down:
            raise Unavailable
        return list(self.told)

    async def among(self, viewer: Viewer, owners: frozenset[str], now: float) -> frozenset[str]:
        self.among_asked.append(owners)
        return owners & self.friends


def knowing(owners: Owners, model: str = "matrix") -> Acquaintance:
    """Ties over these owners."""
    policy = Policy(access_model=model)  # type: ignore[arg-type]
    return Acquaintance(owners, owners, policy, seconds=5, items=10)  # type: ignore[arg-type]


def photo(*faces: Face) -> Photo:
    """A photo with these faces, slots from 0."""
    made = tuple(replace(face, slot=slot) for slot, face in enumerate(faces))
    return Photo("/p.jpg", bytes(16), bytes(16), bytes(32), 1, 1, 1, b"", 0.0, made)


def face(owner: str | None, rule: str | None, **changed: object) -> Face:
    """A face of this owner with this rule."""
    return replace(Face(0, (0, 0, 1, 1), owner, rule, b"key"), **changed)  # type: ignore[arg-type]


RED = face("u-red", "friends group:family", tied=True, owner_epoch=3)


async def test_what_is_told() -> None:
    """Friends come from the source; groups and blocks from the catalog, about the owners on the photo and this viewer."""
    owners = Owners()
    owners.told = [("u-red", "family"), ("u-red", "work"), ("u-blue", None)]
    blue = face("u-blue", "user:u-eve", tied=True)
    ties = await knowing(owners).ties(photo(RED, blue, face("u-free", "friends")), EVE, NOW)
    assert ties == Ties(frozenset({"u-red"}), frozenset({("u-red", "family"), ("u-red", "work")}), frozenset({"u-blue"}))
    assert owners.asked == [("u-eve", frozenset({"u-red", "u-blue"}))]
    assert owners.among_asked == [frozenset({"u-red", "u-free"})]


@pytest.mark.parametrize(
    "shown",
    [
        pytest.param(face(None, "friends", tied=True), id="nobodys"),
        pytest.param(face("u-eve", "friends", tied=True), id="their-own"),
        pytest.param(face("u-red", "friends", tied=True, vetoed=True), id="vetoed"),
        pytest.param(face("u-red", "everyone friends", tied=True), id="everyones"),
        pytest.param(face("u-red", "", tied=True), id="empty"),
        pytest.param(face("u-red", None, tied=True), id="default-nobody"),
    ],
)
@pytest.mark.parametrize("model", ["tag", "rule", "matrix"])
async def test_nobody_is_asked_in_vain(shown: Face, model: str) -> None:
    """Where the answer makes no difference, nobody is asked."""
    owners = Owners()
    ties = await knowing(owners, model).ties(photo(shown), EVE, NOW)
    assert owners.asked == []
    assert owners.among_asked == []
    assert ties.friends == frozenset()


@pytest.mark.parametrize("who", [STRANGER, REFUSED, replace(EVE, expires=NOW)], ids=["stranger", "refused", "expired"])
async def test_strangers_have_no_ties(who: Viewer) -> None:
    """Nobody is asked about somebody who shows no token that holds."""
    owners = Owners()
    assert await knowing(owners).ties(photo(RED), who, NOW) is NO_TIES
    assert (owners.asked, owners.among_asked) == ([], [])


async def test_remembered_until_something_changes() -> None:
    """An answer of the catalog is kept for seconds, for one viewer, one set of owners and their present epochs."""
    owners = Owners()
    known = knowing(owners)
    for _ in range(3):
        await known.ties(photo(RED), EVE, NOW)
    assert len(owners.asked) == 1
    await known.ties(photo(RED), Viewer("u-tom", NOW + 900, NO_FRIENDS), NOW)
    await known.ties(photo(replace(RED, owner="u-blue")), EVE, NOW)
    await known.ties(photo(replace(RED, owner_epoch=4)), EVE, NOW)
    assert len(owners.asked) == 4
    await known.ties(photo(RED), EVE, NOW + 4.9)
    assert len(owners.asked) == 4
    await known.ties(photo(RED), EVE, NOW + 5)
    assert len(owners.asked) == 5


async def test_each_owner_has_an_epoch() -> None:
    """What was remembered before an owner's block is not found after it, whichever photo of the same owners is looked at."""
    owners = Owners()
    known = knowing(owners)
    blue = replace(RED, owner="u-blue")
    owners.told = [("u-red", "family")]
    assert (await known.ties(photo(RED, RED, blue), EVE, NOW)).groups == {("u-red", "family")}
    owners.told = [("u-red", None)]
    assert (await known.ties(photo(replace(RED, owner_epoch=6), blue), EVE, NOW)).blocked == {"u-red"}
    assert (await known.ties(photo(replace(RED, owner_epoch=4), blue), EVE, NOW)).blocked == {"u-red"}


async def test_many_at_once_ask_once() -> None:
    """Requests of one viewer at the same time make one query."""
    owners = Owners()
    owners.gate = asyncio.Event()
    known = knowing(owners)
    asking = [asyncio.create_task(known.ties(photo(RED), EVE, NOW)) for _ in range(5)]
    await asyncio.sleep(0)
    owners.gate.set()
    assert len(set(map(id, await asyncio.gather(*asking)))) == 5
    assert len(owners.asked) == 1


async def test_a_failure_is_not_remembered() -> None:
    """A catalog that does not answer is asked again."""
    owners = Owners()
    known = knowing(owners)
    owners.down = True
    with pytest.raises(Unavailable):
        await known.ties(photo(RED), EVE, NOW)
    owners.down = False
    await known.ties(photo(RED), EVE, NOW)
    assert len(owners.asked) == 2


async def test_idle_memory(world: World) -> None:
    """What is known of viewers leaves memory when its time is over."""
    owners = Owners()
    known = knowing(owners)
    await known.ties(photo(RED), EVE, NOW)
    known.purge(NOW + 4)
    assert len(known._told) == 1
    known.purge(NOW + 5)
    assert len(known._told) == 0


def test_ties_are_lasting_only_where_somebody_says_so() -> None:
    """Whoever forgets to say it makes a decision be taken anew, and not be kept too long."""
    assert not Ties(frozenset({"u-red"})).lasting
    assert NO_TIES.lasting


async def test_unknown_ties_show_a_strangers_picture(world: World) -> None:
    """Where nobody can tell what owners say of a viewer, they see what strangers see, and no more."""
    made = await world.publish({1: "u-red", 2: "u-blue"}, rules={"u-red": "friends", "u-blue": "everyone"})
    await world.start()
    assert world.app is not None
    token = world.issuer.token("u-eve", friends=["u-red"])
    assert (await world.get(token=token)).body == made.seen(1, 2)

    async def down(*_: object) -> Ties:
        raise Unavailable

    world.app.view.decisions.acquaintance.ties = down  # type: ignore[method-assign]
    assert (await world.get(token=world.issuer.token("u-tom", friends=["u-red"]))).body == made.seen(2)
