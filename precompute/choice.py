"""Which candidates may stand in for a face, in which order: a policy over what was seen of each, drawn small.

``random-above-threshold``: the candidates come at random, and the first that is unlike enough is taken. ``farthest``: of all that
are looked at, the least alike first. Either way the first ``CHOOSY`` must do better than pass: unlike by a margin, and of the
person's gender and age group. Who only passes is kept for when nobody else does.
"""

from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from precompute.donors import Donor
from precompute.settings import Policy
from precompute.similarity import Name

CHOOSY: Final = 8


@dataclass(frozen=True, slots=True)
class Rule:
    """By which policy and measure fakes are chosen, and the measure's threshold."""

    policy: Policy
    similarity: Name
    threshold: float


@dataclass(frozen=True, slots=True)
class Opinion:
    """Of a candidate that passes: whether it does well, and how alike it is by the configured measure, greater for more."""

    well: bool
    alike: float


class Choice:
    """Looks at candidates for one face, at most ``screened`` of them; ``judge`` gives None for one that does not pass."""

    def __init__(self, policy: Policy, screened: int, judge: Callable[[Donor], Opinion | None]) -> None:
        self.looked_at = 0
        self._policy = policy
        self._screened = screened
        self._judge = judge

    def among(self, donors: Iterator[Donor], first: Donor | None = None) -> Iterator[Donor]:
        """Who passes, best first; ``first`` is asked before all others and need only pass."""
        if first is not None and self._look(first) is not None:
            yield first
        order = self._by_distance if self._policy == "farthest" else self._at_random
        yield from order(islice(donors, self._screened))

    def _look(self, donor: Donor) -> Opinion | None:
        self.looked_at += 1
        return self._judge(donor)

    def _at_random(self, donors: Iterator[Donor]) -> Iterator[Donor]:
        kept = []
        for number, donor in enumerate(donors):
            opinion = self._look(donor)
            if opinion is not None and (opinion.well or number >= CHOOSY):
                yield donor
            elif opinion is not None:
                kept.append(donor)
        yield from kept

    def _by_distance(self, donors: Iterator[Donor]) -> Iterator[Donor]:
        passing = []
        for donor in donors:
            opinion = self._look(donor)
            if opinion is not None:
                passing.append((not opinion.well, opinion.alike, donor))
        yield from (donor for _, _, donor in sorted(passing, key=lambda seen: seen[:2]))
