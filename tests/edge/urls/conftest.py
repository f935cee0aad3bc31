"""Fixtures of signed URLs."""

import pytest

from tests.edge.urls.stage import Stage
from tests.fakes import World


@pytest.fixture
async def stage(world: World) -> Stage:
    """A published photo on an edge that signs URLs, listening."""
    made = Stage(world)
    await made.start()
    return made
