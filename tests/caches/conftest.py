"""Fixtures: the edge between nginx as its origin and a real shared cache, nginx or Varnish."""

from collections.abc import AsyncIterator
from collections.abc import Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.caches import programs
from tests.caches.stage import Stage
from tests.fakes import World

CACHES = {"nginx": ("nginx", programs.nginx_cache), "varnish": ("varnishd", programs.varnish_cache)}
SHORT: dict[str, Any] = {"public_max_age_seconds": 1, "urls": {"max_age_seconds": 1}}


@pytest.fixture
def origin(world: World, tmp_path: Path) -> Iterator[str]:
    """The address of nginx as the origin, with what the world publishes."""
    programs.program("nginx")
    with programs.origin(tmp_path / "nginx-origin", world.folder / "origin") as address:
        yield address


@pytest.fixture(params=list(CACHES))
async def cached(request: pytest.FixtureRequest, world: World, origin: str, tmp_path: Path) -> AsyncIterator[Stage]:
    """The stage with a shared cache in front of it; what it keeps outlives the test."""
    async with _behind(request.param, Stage(world), origin, tmp_path, urls={"max_age_seconds": 240}) as stage:
        yield stage


@pytest.fixture(params=list(CACHES))
async def brief(request: pytest.FixtureRequest, world: World, origin: str, tmp_path: Path) -> AsyncIterator[Stage]:
    """The same, but the cache may keep everything for a second only."""
    async with _behind(request.param, Stage(world), origin, tmp_path, **SHORT) as stage:
        yield stage


@asynccontextmanager
async def _behind(name: str, stage: Stage, origin: str, folder: Path, **edge: Any) -> AsyncIterator[Stage]:
    program, opened = CACHES[name]
    programs.program(program)
    await stage.start(origin, **edge)
    jar = aiohttp.DummyCookieJar()
    with opened(folder / "cache", stage.world.port) as stage.cache:
        async with aiohttp.ClientSession(auto_decompress=False, cookie_jar=jar) as stage.client:
            yield stage
