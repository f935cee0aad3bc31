"""Who may stand in for a face, and in which order, when candidates are known beforehand."""

from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import pytest

from precompute.choice import CHOOSY
from precompute.choice import Choice
from precompute.donors import Donor
from precompute.settings import Policy

NOTHING = np.zeros((1, 1, 3), np.uint8), np.zeros((478, 3), np.float32)


@dataclass(frozen=True)
class Opinion:
    """Of a candidate that passes: whether it does well, and how alike it is."""

    well: bool
    alike: float


WELL, PASSES = Opinion(True, 0.0), Opinion(False, 0.0)


class Knows:
    """A judge who has made up his mind, and notes whom he was asked about."""

    def __init__(self, opinions: Sequence[Opinion | None]) -> None:
        self._opinions = opinions
        self.asked: list[int] = []

    def __call__(self, donor: Donor, *, choosy: bool) -> float | None:
        self.asked.append(int(donor.name))
        opinion = self._opinions[int(donor.name)]
        return None if opinion is None or (choosy and not opinion.well) else opinion.alike


def donors(count: int) -> Iterator[Donor]:
    """Donors named by their numbers."""
    return (Donor(str(i), *NOTHING) for i in range(count))


def chosen(opinions: Sequence[Opinion | None], policy: Policy = "random-above-threshold", screened: int = 24) -> list[int]:
    """The numbers handed out, in their order."""
    choice = Choice(policy, screened, Knows(opinions))
    return [int(donor.name) for donor in choice.among(donors(len(opinions)))]


def test_random_takes_the_first() -> None:
    """The first that does well comes first, however alike the others are, and nobody is looked at beyond who is wanted."""
    opinions = [None, Opinion(True, 9.0), Opinion(True, -9.0), WELL]
    choice = Choice("random-above-threshold", 24, Knows(opinions))
    assert [donor.name for donor in islice(choice.among(donors(4)), 1)] == ["1"]
    assert choice.looked_at == 2
    assert chosen(opinions) == [1, 2, 3]


def test_random_is_choosy_at_first() -> None:
    """Of the first twelve only those that do well are handed out; from then on passing is enough, and the early come last."""
    opinions: list[Opinion | None] = [PASSES] * CHOOSY + [PASSES, None, WELL]
    opinions[3] = WELL
    assert CHOOSY == 12
    assert chosen(opinions) == [3, 12, 14, 0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11]


def test_asked_again_only_at_the_end() -> None:
    """Who was put aside is not looked at again, and never counted twice, while there are others."""
    judge = Knows([PASSES] * 13)
    choice = Choice("random-above-threshold", 24, judge)
    handed = choice.among(donors(13))
    assert (next(handed).name, judge.asked, choice.looked_at) == ("12", list(range(13)), 13)
    assert (next(handed).name, judge.asked[13:], choice.looked_at) == ("0", [0], 13)


def test_farthest() -> None:
    """Of all that are looked at, the least alike first; those that do well before those that only pass."""
    opinions = [Opinion(True, 0.2), None, Opinion(False, -5.0), Opinion(True, -0.1), Opinion(True, 0.1), Opinion(True, -9.0)]
    assert chosen(opinions, "farthest", screened=5) == [3, 4, 0, 2]
    assert chosen(opinions, "farthest") == [5, 3, 4, 0, 2]


@pytest.mark.parametrize("policy", ["random-above-threshold", "farthest"])
def test_screened(policy: Policy) -> None:
    """No more candidates are drawn than that, even from an endless stream."""
    choice = Choice(policy, 5, Knows([None] * 9))
    assert list(choice.among(donors(10**9))) == []
    assert choice.looked_at == 5


@pytest.mark.parametrize("policy", ["random-above-threshold", "farthest"])
@pytest.mark.parametrize(("opinion", "expected"), [(PASSES, ["2", "0", "1"]), (None, ["0", "1"])], ids=["passes", "fails"])
def test_first(policy: Policy, opinion: Opinion | None, expected: list[str]) -> None:
    """Who is named beforehand comes before all others if it only passes, and not at all if it does not."""
    choice = Choice(policy, 2, Knows([WELL, WELL, opinion]))
    assert [donor.name for donor in choice.among(donors(2), Donor("2", *NOTHING))] == expected
    assert choice.looked_at == 3
