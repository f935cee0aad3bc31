"""Scalers: bounded, on time, once for all who wait, and nothing with a real face is kept."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from edge.errors import Busy
from edge.load import Load
from edge.render import scaling
from edge.render.scaling import Form
from edge.render.settings import Sizes
from edge.scalers import Scalers
from tests.fakes import NOW

FORM = Form((8, 8), (4, 4), (4, 4), "jpeg", 80)


class Slow:
    """In the place of ``scaling.make``: counts, and waits to be let go."""

    def __init__(self) -> None:
        self.calls: list[bytes] = []
        self.gate = threading.Event()

    def __call__(self, pieces: Sequence[bytes], form: Form) -> bytes:
        self.calls.append(b"".join(pieces))
        assert self.gate.wait(20)
        return b"made of " + b"".join(pieces)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Slow:
    """What scalers are busy with."""
    made = Slow()
    monkeypatch.setattr(scaling, "make", made)
    return made


async def test_nothing_to_make() -> None:
    """A picture that is sent as it is waits for nobody."""
    pieces = [b"a", b"b"]
    assert await Scalers(Sizes()).made("t", pieces, None, NOW, public=True) is pieces


async def test_once_for_all(slow: Slow) -> None:
    """Whoever asks for the same decision and form meanwhile gets the same work; another decision does not."""
    scalers = Scalers(Sizes())
    asked = [asyncio.create_task(scalers.made("t", [b"x"], FORM, NOW, public=False)) for _ in range(5)]
    asked.append(asyncio.create_task(scalers.made("u", [b"y"], FORM, NOW, public=False)))
    await asyncio.sleep(0.05)
    slow.gate.set()
    assert await asyncio.gather(*asked) == [(b"made of x",)] * 5 + [(b"made of y",)]
    assert sorted(slow.calls) == [b"x", b"y"]
    await scalers.close()


async def test_what_is_kept(slow: Slow) -> None:
    """What is made of a base is made once; what shows a real face is made each time."""
    slow.gate.set()
    scalers = Scalers(Sizes())
    for _ in range(3):
        await scalers.made("base", [b"base"], FORM, NOW, public=True)
        await scalers.made("real", [b"real"], FORM, NOW, public=False)
    assert (slow.calls.count(b"base"), slow.calls.count(b"real")) == (1, 3)
    assert "real" not in repr(vars(scalers._kept))
    await scalers.close()


async def test_full(slow: Slow) -> None:
    """Beyond the limit the answer is Busy, at once; afterwards there is room again."""
    scalers = Scalers(Sizes(scalers=1, scale_waiting=2))
    asked = [asyncio.create_task(scalers.made(str(i), [b"x"], FORM, NOW, public=True)) for i in range(3)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    with pytest.raises(Busy):
        await scalers.made("more", [b"x"], FORM, NOW, public=True)
    slow.gate.set()
    await asyncio.gather(*asked)
    assert await scalers.made("more", [b"x"], FORM, NOW, public=True) == (b"made of x",)
    await scalers.close()


async def test_load(slow: Slow) -> None:
    """What is told of the pool: threads at work, pictures that wait, and how many were sent away, too late ones among them."""
    load = Load()
    scalers = Scalers(Sizes(scalers=1, scale_waiting=1, scale_seconds=0.2), load)
    asked = [asyncio.create_task(scalers.made(str(i), [b"x"], FORM, NOW, public=True)) for i in range(3)]
    await asyncio.sleep(0.05)
    assert (load.busy, load.waiting, load.refused) == (1, 1, 1)
    await asyncio.gather(*asked, return_exceptions=True)
    assert load.refused == 3
    slow.gate.set()
    scalers._pool.shutdown(wait=True)
    await asyncio.sleep(0.05)
    assert (load.busy, load.waiting) == (0, 0)


async def test_late(slow: Slow) -> None:
    """Whoever waits too long is told so, and what nobody waits for any more is not begun."""
    scalers = Scalers(Sizes(scalers=1, scale_seconds=0.05))
    asked = [asyncio.create_task(scalers.made(str(i), [b"x"], FORM, NOW, public=True)) for i in range(3)]
    results = await asyncio.gather(*asked, return_exceptions=True)
    assert all(isinstance(result, Busy) for result in results)
    await asyncio.sleep(0.1)  # the pictures' own deadlines began a moment after their callers'
    slow.gate.set()
    scalers._pool.shutdown(wait=True)
    assert len(slow.calls) == 1
