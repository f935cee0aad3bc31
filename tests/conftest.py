"""Fixtures shared by all suites."""

import os
from collections.abc import AsyncIterator
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.catalog import Catalog
from tests import postgresql
from tests.fakes import World


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A whole edge, stopped; ``await world.start()`` makes it listen on loopback."""
    made = World(tmp_path)
    yield made
    await made.stop()


@pytest.fixture
def corpora() -> Path:
    """The folder of hostile inputs that are not part of the repository."""
    folder = Path(os.environ.get("MFMC_CORPORA", Path(__file__).parents[2] / "shared" / "corpora"))
    if not folder.is_dir():
        pytest.skip(f"no corpora at {folder}; set MFMC_CORPORA to run this")
    return folder


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[postgresql.Server]:
    """A real PostgreSQL server for the whole run."""
    if postgresql.binaries() is None:
        pytest.skip("PostgreSQL is not installed; run: apt-get install -y postgresql")
    with postgresql.running(*postgresql.QUICK) as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
async def catalog_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path}/c.sqlite3"
    return await request.getfixturevalue("postgresql_server").create("empty")


@pytest.fixture
async def catalog(catalog_url: str) -> AsyncIterator[Catalog]:
    """An empty catalog, once in each kind of database."""
    async with Catalog.open(catalog_url) as opened:
        yield opened
