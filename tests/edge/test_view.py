"""The view flow, over a real socket: three viewers see three photos."""

import asyncio

from edge.catalog import changes
from edge.catalog.database import put
from edge.catalog.tables import PHOTO_RULE
from edge.origin import names
from tests.fakes import PATH
from tests.fakes import MemoryOrigin
from tests.fakes import World


async def test_three_viewers(world: World) -> None:
    """A stranger, a friend and the person see just what the rules allow."""
    made = await world.publish({1: "u-red", 2: "u-green", 3: None, 4: "u-blue"},
                               rules={"u-red": "friends", "u-blue": "everyone"})
    await world.start()
    assert (await world.get()).body == made.seen(4)
    assert (await world.get(token=world.issuer.token("u-eve"))).body == made.seen(4)
    assert (await world.get(token=world.issuer.token("u-eve", friends=["u-red", "u-green"]))).body == made.seen(1, 4)
    assert (await world.get(token=world.issuer.token("u-green"))).body == made.seen(2, 4)


async def test_a_change_while_files_are_on_their_way(world: World) -> None:
    """A veto that is heard of while the origin takes its time counts for the request that waits."""
    made = await world.publish({1: "u-red", 2: "u-blue"}, rules={"u-red": "everyone"})
    await world.start()
    assert world.app is not None
    slow = MemoryOrigin(dict(zip(names(PATH, made.photo.version), (made.base, made.sidecar), strict=True)))
    slow.gate = asyncio.Event()
    world.app.view.files._origin = slow
    waiting = asyncio.create_task(world.get())
    while not slow.asked:  # noqa: ASYNC110 - the fake counts
        await asyncio.sleep(0.001)
    async with world.app.catalog.database.writing() as connection:
        await put(connection, PHOTO_RULE, {"path": PATH, "owner": "u-red"}, {"vetoed": True})
    world.app.catalog.changes.tell([changes.of_photo(PATH)])
    slow.gate.set()
    assert (await waiting).body == made.base
