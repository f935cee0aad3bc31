"""Fixtures shared by all suites."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

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
