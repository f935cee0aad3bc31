"""Age groups have one set of borders."""

import pytest

from precompute import describe


@pytest.mark.parametrize(("years", "group"), [(0, 0), (17.9, 0), (18, 1), (29.9, 1), (30, 2), (45, 3), (59.9, 3), (60, 4)])
def test_age_group(years: float, group: int) -> None:
    """A border belongs to the older group."""
    assert describe.age_group(years) == group


@pytest.mark.parametrize(("years", "inside"), [(18, 21), (24, 24), (29, 27), (31, 33), (60, 63), (80, 80), (17, 15), (8, 8)])
def test_within_group(years: float, inside: float) -> None:
    """Ages near a border move inwards, the others stay; the first and the last group are open at one end."""
    assert describe.within_group(years, 3) == inside
    assert describe.age_group(inside) == describe.age_group(years)
