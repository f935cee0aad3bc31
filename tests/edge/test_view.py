"""The view flow, over a real socket: three viewers see three photos."""

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
