"""Watched seams: the same answers and errors, and a step for each question that may take time."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from edge.cache.store import NullCache
from edge.cache.tally import Tally
from edge.errors import OriginFailed
from edge.errors import OriginTimeout
from edge.friends.source import open_source
from edge.viewer import Viewer
from edge.watched import WatchedCache
from edge.watched import WatchedOrigin
from tests.edge.friends.fakes import STORE
from tests.edge.friends.fakes import Fga
from tests.edge.friends.fakes import listening
from tests.fakes import NOW
from tests.fakes import MemoryOrigin
from tests.fakes import World


class Told:
    """Writes steps down: the name, and the kind of error that ended it."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, str | None]] = []

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            self.steps.append((name, type(error).__name__))
            raise
        self.steps.append((name, None))


@pytest.mark.parametrize("error", [None, OriginFailed(), OriginTimeout()], ids=["well", "failed", "late"])
async def test_origin(error: Exception | None) -> None:
    """A file comes as it is, and an error as the one that it was."""
    told = Told()
    origin = WatchedOrigin(MemoryOrigin({"a": error or b"file"}), told)
    if error is None:
        assert await origin.fetch("a") == b"file"
    else:
        with pytest.raises(type(error)) as raised:
            await origin.fetch("a")
        assert raised.value is error
    assert told.steps == [("origin", None if error is None else type(error).__name__)]


async def test_cache() -> None:
    """A cache's answers are counted as hits and misses, and each is a step."""
    told, tally = Told(), Tally()

    class One(NullCache):
        async def get(self, key: bytes) -> bytes | None:
            return b"" if key == b"a" else None

    cache = WatchedCache(One(), told, tally)
    assert await cache.get(b"a") == b""
    assert await cache.get(b"b") is None
    await cache.put(b"c", b"")
    await cache.drop(b"c")
    assert (tally.hits, tally.misses, told.steps) == (1, 1, [("disk", None)] * 4)


async def test_friends(world: World) -> None:
    """Whoever tells friends is a step, also where it answers with an error or not at all, and nobody becomes a friend by it."""
    told = Told()
    async with listening(Fga(friends={"u-eve": ["u-red"]})) as store:
        world.configure({}, friends={"source": "openfga", "openfga": {"url": store.url, "store": STORE}})
        friends = await open_source(world.settings.edge, None, told)  # type: ignore[arg-type]
        viewer = Viewer("u-eve", NOW + 60, frozenset())  # type: ignore[arg-type]
        assert await friends.among(viewer, frozenset({"u-red"}), NOW) == {"u-red"}
        await friends.close()
    assert told.steps == [("friends", None)]
    friends = await open_source(world.settings.edge, None, told)  # type: ignore[arg-type]
    assert await friends.among(viewer, frozenset({"u-red"}), NOW) == frozenset()
    await friends.close()
    assert told.steps[1][0] == "friends"
    assert told.steps[1][1] is not None
