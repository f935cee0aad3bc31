"""Fixtures of the control API's tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.control.desk import Desk


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """A control API, stopped; ``await desk.start()`` makes it listen on loopback."""
    made = Desk(tmp_path)
    yield made
    await made.stop()
