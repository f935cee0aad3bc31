"""How much one caller may ask, and how much is done at once; the time is a number here."""

import pytest

from edge.config import Control
from edge.control.rate import Rates
from edge.control.rate import Room
from edge.errors import Slower
from edge.errors import Unavailable
from tests.fakes import NOW

LIMITS = Control(requests_per_minute=6, changes_per_minute=3, service_requests_per_minute=12, stranger_requests_per_minute=2)


def spent(rates: Rates, now: float, kind: str = "person", caller: str = "u-red", *, reads: bool = False, most: int = 100) -> int:
    """How many requests go through at this moment."""
    for count in range(most):
        try:
            rates.spend(kind, caller, reads=reads, now=now)
        except Slower:
            return count
    return most


@pytest.mark.parametrize(
    ("kind", "reads", "limit"),
    [("person", True, 6), ("person", False, 3), ("service", True, 12), ("service", False, 12), ("stranger", True, 2)],
)
def test_a_minutes_worth_at_once_and_then_evenly(kind: str, reads: bool, limit: int) -> None:
    """A caller may ask for a minute's worth at once, then for one more each time its share of a minute has passed."""
    rates, each = Rates(LIMITS), 60 / limit
    assert spent(rates, NOW, kind, reads=reads) == limit
    assert spent(rates, NOW + each * 0.9, kind, reads=reads) == 0
    assert spent(rates, NOW + each * 1.01, kind, reads=reads) == 1
    assert spent(rates, NOW + each * 3.02, kind, reads=reads) == 2
    assert spent(rates, NOW + 1_000, kind, reads=reads) == limit


def test_a_long_run_never_exceeds_the_rate() -> None:
    """Someone who asks as often as they can for an hour gets the hour's worth and one minute's more."""
    rates = Rates(LIMITS)
    assert sum(spent(rates, NOW + second) for second in range(3_600)) in range(60 * 3, 61 * 3 + 1)


def test_retry_after() -> None:
    """Whoever is refused is told after how many whole seconds the next request goes through, and it does."""
    rates = Rates(LIMITS)
    spent(rates, NOW)
    for now in (NOW, NOW + 7.5, NOW + 19.2):
        with pytest.raises(Slower) as refused:
            rates.spend("person", "u-red", reads=False, now=now)
        wait = refused.value.retry_after
        assert wait is not None
        assert NOW + 20 <= now + wait < NOW + 21
    rates.spend("person", "u-red", reads=False, now=NOW + 20)


def test_what_is_refused_does_not_count() -> None:
    """Asking again and again while refused does not put the next answer off."""
    rates = Rates(LIMITS)
    spent(rates, NOW)
    for _ in range(1_000):
        assert spent(rates, NOW + 1) == 0
    assert spent(rates, NOW + 20.1) == 1


def test_counted_apart() -> None:
    """Reads and changes, callers, and a person and a service of one name do not use up each other's rate."""
    rates = Rates(LIMITS)
    assert spent(rates, NOW) == 3
    assert spent(rates, NOW, reads=True) == 6
    assert spent(rates, NOW, caller="u-blue") == 3
    assert spent(rates, NOW, kind="service") == 12


def test_memory_is_bounded() -> None:
    """Any number of callers takes a fixed number of entries; whoever was forgotten begins anew."""
    rates = Rates(LIMITS, callers=10)
    for number in range(10_000):
        rates.spend("person", f"u-{number}", reads=True, now=NOW)
    assert len(rates._full) == 10
    assert spent(rates, NOW, caller="u-9999", reads=True) == 5
    assert spent(rates, NOW, caller="u-1", reads=True) == 6


def test_a_clock_that_goes_back() -> None:
    """A clock set back by hours locks nobody out."""
    rates = Rates(LIMITS)
    spent(rates, NOW)
    assert spent(rates, NOW - 7_200) == 3


def test_room() -> None:
    """There is place for so many, also after failures; whoever comes when it is full is told to come back."""
    room = Room(2)
    with room.entered(), room.entered(), pytest.raises(Unavailable), room.entered():
        raise AssertionError
    for _ in range(5):
        with pytest.raises(ZeroDivisionError), room.entered():
            raise ZeroDivisionError
    with room.entered(), room.entered():
        pass
    assert Unavailable().retry_after == 1
