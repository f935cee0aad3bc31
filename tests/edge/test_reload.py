"""Reloading: a good configuration takes over at once and without a lost request, a bad one changes nothing."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp.test_utils import make_mocked_request

from edge import config
from edge.app import App
from edge.app import open_app
from edge.errors import ConfigError
from edge.errors import Unavailable
from edge.metrics import Metrics
from edge.reload import Renewable
from edge.reload import kept
from edge.watch import Watch
from tests.fakes import PATH
from tests.fakes import Issuer
from tests.fakes import World


class Renewed:
    """An edge that is not served, and reads its configuration where ``world`` writes it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.watch = Watch(Metrics())
        self.closed: list[App] = []

    @asynccontextmanager
    async def opening(self, settings: config.Config) -> AsyncIterator[App]:
        """As ``serve`` opens it; notes when it was closed."""
        async with open_app(settings, os.urandom(32), self.world.clock, self.watch) as app:
            yield app
        self.closed.append(app)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Renewable]:
        """The edge for as long as this lasts."""
        file = self.world.folder / "config.toml"
        read = lambda: config.load(file)  # noqa: E731
        async with Renewable.open(self.world.settings, read, self.opening, self.watch.metrics) as edge:
            yield edge


@pytest.fixture
def renewed(world: World) -> Renewed:
    """A configured edge, not running."""
    return Renewed(world)


def asked(token: str | None = None, path: str = PATH) -> Any:
    """A request as the server hands it over."""
    headers = {"Host": "x"} | ({} if token is None else {"Authorization": f"Bearer {token}"})
    return make_mocked_request("GET", path, headers=headers)


async def shown(edge: Renewable, token: str | None) -> bytes:
    """The picture that the bearer of ``token`` gets."""
    answer: Any = await edge.handle(asked(token))
    return b"".join(bytes(piece) for piece in answer._pieces)


async def test_new_token_keys(world: World, renewed: Renewed) -> None:
    """After the issuer's key was replaced, its tokens count and the old ones do not."""
    made = await world.publish({1: "u-red"})
    other = Issuer()
    async with renewed.running() as edge:
        assert await shown(edge, world.issuer.token("u-red")) == made.seen(1)
        assert await shown(edge, other.token("u-red")) == made.base
        (world.folder / "issuer.pem").write_bytes(other.public_pem())
        assert await edge.renew()
        assert await shown(edge, other.token("u-red")) == made.seen(1)
        assert await shown(edge, world.issuer.token("u-red")) == made.base


async def test_new_policy_and_limits(world: World, renewed: Renewed) -> None:
    """Policy and limits are those of the new file."""
    made = await world.publish({1: "u-red"})
    async with renewed.running() as edge:
        assert await shown(edge, None) == made.base
        world.configure({"policy": {"default_rule": "everyone"}}, control={"requests_per_minute": 7})
        assert await edge.renew()
        assert await shown(edge, None) == made.seen(1)
        assert edge.settings.edge.control.requests_per_minute == 7


@pytest.mark.parametrize(
    "spoil",
    [
        lambda world: (world.folder / "config.toml").write_text("[edge"),
        lambda world: (world.folder / "config.toml").unlink(),
        lambda world: (world.folder / "issuer.pem").write_text("canary"),
        lambda world: (world.folder / "ring.toml").chmod(0o644),
        lambda world: world.configure({"catalog": {"url": "sqlite+aiosqlite:///issuer.pem"}}),
        lambda world: world.configure({"origin": {"folder": "none"}}),
    ],
    ids=["no TOML", "gone", "no key", "ring open to others", "no catalog", "no origin"],
)
async def test_a_bad_file_changes_nothing(
    world: World, renewed: Renewed, caplog: pytest.LogCaptureFixture, spoil: Any
) -> None:
    """Whatever is wrong is one line in the log, and the old configuration goes on."""
    made = await world.publish({1: "u-red"})
    async with renewed.running() as edge:
        before = edge.settings
        spoil(world)
        assert not await edge.renew()
        assert edge.settings is before
        assert await shown(edge, world.issuer.token("u-red")) == made.seen(1)
        assert not renewed.closed
    told = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert len(told) == 1
    assert told[0].startswith("the old configuration stays: ")
    assert "canary" not in told[0]
    assert b'mfmc_reloads_total{outcome="refused"} 1.0' in renewed.watch.metrics.text()


async def test_what_only_a_start_changes(world: World, renewed: Renewed, caplog: pytest.LogCaptureFixture) -> None:
    """Ports, workers and tracing stay as they were, and the log says so; everything else of the same file counts."""
    async with renewed.running() as edge:
        before = edge.settings.edge
        world.configure({}, port=9, workers=3, admin={"port": 0}, public_max_age_seconds=7)
        assert await edge.renew()
        assert (edge.settings.edge.port, edge.settings.edge.workers, edge.settings.edge.admin) == (
            before.port, before.workers, before.admin
        )  # fmt: skip
        assert edge.settings.edge.public_max_age_seconds == 7
    told = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert told == [f"edge.{key} stays as it was until the edge is started again" for key in ("port", "workers", "admin")]


def test_what_is_kept_can_forbid_the_rest(world: World) -> None:
    """The demo page is refused on an address that stays open to others, although the new file names loopback."""
    old = world.configure({}, host="0.0.0.0")  # noqa: S104 - nothing listens
    new = world.configure({"demo": {"photo": "t1.jpg", "views": [{"name": "stranger"}]}}, host="127.0.0.1")
    with pytest.raises(ConfigError, match="demo"):
        kept(old, new)


async def test_running_requests_end_where_they_began(world: World, renewed: Renewed) -> None:
    """A request that is under way keeps its edge open; the new one answers meanwhile, and the old one is closed after it."""
    made = await world.publish({1: "u-red"})
    gate = asyncio.Event()
    async with renewed.running() as edge:
        old = edge.app
        find = old.view.decisions.photos.find

        async def waits(path: str, now: float) -> Any:
            await gate.wait()
            return await find(path, now)

        old.view.decisions.photos.find = waits  # type: ignore[method-assign]
        slow = asyncio.create_task(shown(edge, world.issuer.token("u-red")))
        await asyncio.sleep(0)
        assert await edge.renew()
        assert edge.app is not old
        assert await shown(edge, None) == made.base
        assert not renewed.closed
        gate.set()
        assert await slow == made.seen(1)
        async with asyncio.timeout(20):
            while renewed.closed != [old]:  # noqa: ASYNC110 - another task does it
                await asyncio.sleep(0.01)
    assert len(renewed.closed) == 2


async def test_two_at_once(world: World, renewed: Renewed) -> None:
    """Two reloads at the same time are done one after the other, and every edge but the last is closed."""
    await world.publish({1: "u-red"})
    async with renewed.running() as edge:
        assert all(await asyncio.gather(edge.renew(), edge.renew(), edge.renew()))
        assert await shown(edge, None)
    assert len(renewed.closed) == 4


async def test_counting_goes_on(world: World, renewed: Renewed) -> None:
    """What was counted before a reload is counted after it."""
    await world.publish({1: "u-red"})
    async with renewed.running() as edge:
        await shown(edge, None)
        assert await edge.renew()
        await shown(edge, None)
        counted = b'mfmc_pictures_total{answer="base",credentials="none",granted="none"} 2.0'
        assert counted in renewed.watch.metrics.text()


async def test_leaving(world: World, renewed: Renewed) -> None:
    """An edge that is about to end says that it wants no more requests, and still answers them."""
    made = await world.publish({1: "u-red"})
    async with renewed.running() as edge:
        await edge.ready()
        assert (await edge.handle(asked(path="/-/ready"))).status == 200
        edge.leaving = True
        with pytest.raises(Unavailable):
            await edge.ready()
        with pytest.raises(Unavailable):
            await edge.handle(asked(path="/-/ready"))
        assert await shown(edge, None) == made.base
