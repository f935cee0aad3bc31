"""The log of faults: the name of the error alone, and not for every request."""

import pytest

from edge.friends.faults import TELL_SECONDS
from edge.friends.faults import Faults
from tests.fakes import NOW


def test_told_now_and_then(caplog: pytest.LogCaptureFixture) -> None:
    """A flood of faults leaves a line per ten seconds, and a clock that jumps back silences none."""
    faults = Faults()
    for after in (0, 1, TELL_SECONDS - 0.1, TELL_SECONDS, TELL_SECONDS + 1, -1_000, -999):
        faults.tell(ValueError("canary"), NOW + after)
    assert [record.getMessage() for record in caplog.records] == ["friends cannot be told: ValueError"] * 3
