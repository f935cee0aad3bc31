"""Fixtures: the edge between nginx as its origin and a real shared cache, nginx or Varnish."""

from collections.abc import AsyncIterator
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.caches import programs
from tests.caches.stage import Stage
from tests.fakes import World

CACHES = {"nginx": ("nginx", programs.nginx_cache), "varnish": ("varnishd", programs.varnish_cache)}


@pytest.fixture
def stage(world: World) -> Stage:
    """Photos and viewers; not started, and nothing in front."""
    return Stage(world)


@pytest.fixture
def origin(world: World, tmp_path: Path) -> Iterator[str]:
    """The address of nginx as the origin, with what the world publishes."""
    programs.program("nginx")
    with programs.origin(tmp_path / "nginx-origin", world.folder / "origin") as address:
        yield address


@pytest.fixture(params=list(CACHES))
async def cached(request: pytest.FixtureRequest, stage: Stage, origin: str, tmp_path: Path) -> AsyncIterator[Stage]:
    """The stage, listening, with a shared cache in front of it."""
    program, opened = CACHES[request.param]
    programs.program(program)
    await stage.start(origin, urls={"max_age_seconds": 240})
    with opened(tmp_path / "cache", stage.world.port) as cache:
        stage.cache = cache
        yield stage
