"""Upkeep: every chore by itself, so that none waits for another."""

import asyncio
from collections.abc import AsyncIterator
from collections.abc import Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from edge import upkeep
from edge.cache.store import NullCache
from edge.catalog.changes import Changes
from edge.metrics import Metrics
from edge.upkeep import Upkeep
from tests.fakes import NOW
from tests.fakes import Clock


class Store:
    """A catalog of which only the putting off is looked at."""

    def __init__(self, tidy: Callable[[], Any]) -> None:
        self.changes = Changes()
        self.database = type("Database", (), {"tidy": staticmethod(tidy)})


class Reveals:
    """Reveals that are written as ``flush`` says."""

    def __init__(self, flush: Callable[[float], Any]) -> None:
        self.flush = flush


async def never(*_: float) -> None:
    """A catalog that does not answer."""
    await asyncio.Event().wait()


async def breaks(*_: float) -> None:
    """A fault that nobody expected."""
    raise RuntimeError("canary")


async def passes(*_: float) -> None:
    """All is well."""


@asynccontextmanager
async def kept_up(purges: list[Callable[[float], None]], flush: Any, tidy: Any) -> AsyncIterator[tuple[Metrics, Store]]:
    """Chores that run all the time."""
    store, metrics = Store(tidy), Metrics()
    chores = Upkeep(purges, Reveals(flush), store, NullCache(), metrics, Clock(), 5.0)  # type: ignore[arg-type]
    async with chores.running():
        yield metrics, store


async def until(true: Callable[[], bool]) -> None:
    """Wait for something that another task does."""
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("flush", [passes, breaks, never], ids=["works", "breaks", "hangs"])
@pytest.mark.parametrize("tidy", [passes, breaks, never], ids=["works", "breaks", "hangs"])
async def test_keys_go_whatever_the_catalog_does(monkeypatch: pytest.MonkeyPatch, flush: Any, tidy: Any) -> None:
    """What holds keys is purged again and again, also while reveals cannot be written and deletions not be tidied."""
    monkeypatch.setattr(upkeep, "SECONDS", 0.01)
    purged: list[float] = []
    async with kept_up([purged.append], flush, tidy):
        await until(lambda: len(purged) >= 3)
    assert set(purged) == {NOW}


async def test_one_fault_stops_no_other_chore(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """A purge that fails is told by the kind of its error, tried again, and stops none of the others."""
    monkeypatch.setattr(upkeep, "SECONDS", 0.01)
    tried, purged = [0], list[float]()

    def fails(_: float) -> None:
        tried[0] += 1
        raise RuntimeError("canary")

    async with kept_up([fails, purged.append], passes, passes):
        await until(lambda: tried[0] >= 2 and len(purged) >= 2)
    assert "RuntimeError" in caplog.text
    assert "canary" not in caplog.text


async def test_revocation_lag(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lag is what the line to other edges was last measured at, and where there is none the configured bound."""
    monkeypatch.setattr(upkeep, "SECONDS", 0.01)
    async with kept_up([], passes, passes) as (metrics, store):
        for lag, shown in ((float("inf"), 5.0), (0.25, 0.25), (70.0, 5.0)):
            store.changes.lag = lag
            await until(lambda shown=shown: f"mfmc_revocation_lag_seconds {shown}\n" in metrics.text().decode())  # type: ignore[misc]
