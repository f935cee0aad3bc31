"""What is remembered of decisions, and everything that ends it at once: over a real socket, with whoever is asked counted."""

import asyncio
from typing import Any

import pytest

from edge.catalog import changes
from edge.catalog.database import put
from edge.catalog.tables import ACCOUNT
from edge.catalog.tables import PHOTO_RULE
from edge.decisions import Decisions
from edge.friends.listed import Friends
from edge.keys import ring
from edge.viewer import Viewer
from tests.edge.shown import TABLES
from tests.edge.shown import published
from tests.edge.urls.stage import FACES
from tests.edge.urls.stage import Stage
from tests.fakes import PATH
from tests.fakes import Published
from tests.fakes import World

RULES = {"u-red": "friends", "u-green": "friends", "u-blue": "everyone"}


class Watched:
    """An edge whose photo of three people was published; ``asked``: how often somebody was asked about a viewer's ties."""

    def __init__(self, world: World, made: Published) -> None:
        assert world.app is not None
        self.world = world
        self.made = made
        self.decisions: Decisions = world.app.view.decisions
        self.asked = 0
        ties: Any = self.decisions.acquaintance.ties

        async def counted(*arguments: Any) -> Any:
            self.asked += 1
            return await ties(*arguments)

        self.decisions.acquaintance.ties = counted  # type: ignore[assignment,method-assign]

    async def sees(self, token: str | None = None, target: str = PATH) -> bytes:
        """What is shown there."""
        return (await self.world.get(target, token)).body

    async def change(self, table: Any, key: dict[str, object], row: dict[str, object], topic: str) -> None:
        """Something is changed here, and heard of."""
        async with self.world.app.catalog.database.writing() as connection:  # type: ignore[union-attr]
            await put(connection, table, key, row)
        self.world.app.catalog.changes.tell([topic])  # type: ignore[union-attr]


@pytest.fixture
async def watched(world: World) -> Watched:
    """Nothing is remembered yet."""
    made = await world.publish({1: "u-red", 2: "u-green", 3: "u-blue"}, rules=RULES)
    await world.start()
    return Watched(world, made)


async def test_decided_once(watched: Watched) -> None:
    """The same viewer of the same photo is decided about once, each viewer for themselves, and so is each way to ask."""
    red, green = (watched.world.issuer.token("u-eve", friends=[friend]) for friend in ("u-red", "u-green"))
    for _ in range(3):
        assert await watched.sees(red) == watched.made.seen(1, 3)
        assert await watched.sees(green) == watched.made.seen(2, 3)
        assert await watched.sees() == watched.made.seen(3)
    assert watched.asked == 3
    assert await watched.sees(red, f"{PATH}?v=2") == watched.made.seen(1, 3)
    assert watched.asked == 4


async def test_bad_tokens_are_told_apart_from_strangers(watched: Watched) -> None:
    """Both see the same, never under the same headers."""
    made = await watched.world.publish({1: "u-red"}, "/other.jpg", rules=RULES)
    for kept, token in [("public, max-age=300", None), ("private, no-store", "bad")] * 2:
        seen = await watched.world.get("/other.jpg", token)
        assert (seen.body, seen.headers["Cache-Control"]) == (made.base, kept)


@pytest.mark.parametrize(
    ("table", "key", "row", "topic"),
    [
        pytest.param(PHOTO_RULE, {"path": PATH, "owner": "u-red"}, {"vetoed": True}, changes.of_photo(PATH), id="veto"),
        pytest.param(ACCOUNT, {"person": "u-red"}, {"rule": "nobody"}, changes.of_person("u-red"), id="rule"),
        pytest.param(ACCOUNT, {"person": "u-red"}, {"rule": "nobody"}, changes.EVERYTHING, id="anything"),
    ],
)
async def test_a_change_ends_it(watched: Watched, table: Any, key: dict[str, object], row: dict[str, object], topic: str) -> None:
    """What was decided before a change that is heard of is not looked at again."""
    token = watched.world.issuer.token("u-eve", friends=["u-red", "u-green"])
    assert await watched.sees(token) == watched.made.seen(1, 2, 3)
    await watched.change(table, key, row, topic)
    assert await watched.sees(token) == watched.made.seen(2, 3)


async def test_a_token_ends_it(watched: Watched) -> None:
    """From the second in which the token has ended its bearer is a stranger with a bad token."""
    token = watched.world.issuer.token("u-eve", friends=["u-red"], exp=int(watched.world.clock.now) + 2)
    assert await watched.sees(token) == watched.made.seen(1, 3)
    watched.world.clock.now += 2 + watched.world.settings.edge.token.leeway_seconds
    assert await watched.sees(token) == watched.made.seen(3)


async def test_seconds_end_it(watched: Watched) -> None:
    """Nothing is remembered for longer than a record is, so a change that nobody hears of is seen as soon as ever."""
    token = watched.world.issuer.token("u-eve", friends=["u-red"])
    assert await watched.sees(token) == watched.made.seen(1, 3)
    async with watched.world.app.catalog.database.writing() as connection:  # type: ignore[union-attr]
        await put(connection, ACCOUNT, {"person": "u-red"}, {"rule": "nobody"})
    watched.world.clock.now += watched.world.settings.edge.cache.revocation_seconds
    assert await watched.sees(token) == watched.made.seen(3)
    watched.decisions.purge(watched.world.clock.now + 60)
    assert len(watched.decisions.remembered) == 0


async def test_what_others_say_is_asked_every_time(watched: Watched) -> None:
    """Where an owner has groups or blocks, they are asked about each time; whoever remembers their answer knows for how long."""
    await watched.change(ACCOUNT, {"person": "u-red"}, {"tied": True}, changes.of_person("u-red"))
    token = watched.world.issuer.token("u-eve", friends=["u-red"])
    for _ in range(3):
        assert await watched.sees(token) == watched.made.seen(1, 3)
    assert watched.asked == 3
    assert len(watched.decisions.remembered) == 0


async def test_what_a_source_of_friends_says_is_asked_every_time(watched: Watched) -> None:
    """A friend who is one no longer is one for no longer than the source says."""

    class Source:
        lasting = False
        friends = frozenset({"u-red"})

        async def among(self, viewer: Viewer, owners: frozenset[str], now: float) -> frozenset[str]:
            return owners & self.friends

        def purge(self, now: float) -> None: ...

        async def close(self) -> None: ...

    source = watched.decisions.acquaintance._source = Source()
    token = watched.world.issuer.token("u-eve")
    assert await watched.sees(token) == watched.made.seen(1, 3)
    source.friends = frozenset()
    assert await watched.sees(token) == watched.made.seen(3)


async def test_a_viewer_without_a_digest_is_not_remembered(watched: Watched) -> None:
    """Whoever is not known by a token is decided about anew."""
    viewer = Viewer("u-eve", watched.world.clock.now + 60, Friends.listed(["u-red"]))
    known = watched.decisions.viewers.known
    watched.decisions.viewers.known = lambda headers, now: viewer  # type: ignore[method-assign]
    assert await watched.sees() == watched.made.seen(1, 3)
    watched.decisions.viewers.known = known  # type: ignore[method-assign]
    assert await watched.sees() == watched.made.seen(3)


async def test_formats_by_accept(world: World) -> None:
    """What the browser's ``Accept`` has a part in is not remembered for another browser."""
    world.configure(TABLES)
    await published(world)
    await world.start()
    target = f"{PATH}?w=100&fmt=auto"
    for accept, kind in [("image/webp", "image/webp"), ("image/jpeg", "image/jpeg"), ("image/webp", "image/webp")]:
        assert (await world.get(target, Accept=accept)).headers["Content-Type"] == kind


async def test_a_signed_url_ends_it(world: World) -> None:
    """What it shows is remembered until it expires, and not past a change of its faces."""
    stage = Stage(world)
    await stage.start()
    assert world.app is not None
    url = stage.url(*FACES)
    assert (await stage.shown(url)).body == (await stage.shown(url)).body == stage.made.seen(1, 2)
    assert len(world.app.view.decisions.remembered) == 1
    async with world.app.catalog.database.writing() as connection:
        await put(connection, ACCOUNT, {"person": "u-red"}, {"epoch": 1})
    world.app.catalog.changes.tell([changes.of_person("u-red")])
    assert (await stage.shown(url)).body == stage.made.base
    short = stage.url((2, 0, 0), now=world.clock.now - 7_000, lifetime_seconds=7_000 - 300)
    assert (await stage.shown(short)).body in (stage.made.seen(2), stage.made.base)
    world.clock.now += 7_200
    assert (await stage.shown(short)).body == stage.made.base


async def test_keys_that_change_while_the_catalog_is_asked(world: World) -> None:
    """What a retired key opened a moment ago is shown once, and is not remembered for the keys of now."""
    stage = Stage(world)
    await stage.start()
    assert world.app is not None
    door, photos = world.app.view.decisions.door, world.app.view.decisions.photos
    assert door is not None
    url, find, asked, gate = stage.url(*FACES), photos.find, asyncio.Event(), asyncio.Event()

    async def slow(path: str, now: float) -> Any:
        asked.set()
        await gate.wait()
        return await find(path, now)

    photos.find = slow  # type: ignore[method-assign]
    waiting = asyncio.create_task(stage.shown(url))
    await asked.wait()
    ring.rotate(stage.file)
    ring.retire(stage.file, stage.keys.primary)
    await door.renew()
    gate.set()
    await waiting
    photos.find = find  # type: ignore[method-assign]
    assert (await stage.shown(url)).body == stage.made.base
