"""Which candidates may stand in for a face, in which order: a policy over what was seen of each, drawn small.

``random-above-threshold``: the candidates come at random, and the first that is unlike enough is taken. ``farthest``: of all that
are looked at, the least alike first. Either way some must do better than pass: unlike by a margin, and of the person's gender and
age group. At random these are the first ``CHOOSY``; by distance all. Who did not do so well is asked again when nobody is left.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from itertools import islice
from typing import Final
from typing import Protocol

from precompute.donors import Donor
from precompute.settings import Policy
from precompute.similarity import Name

CHOOSY: Final = 12


@dataclass(frozen=True, slots=True)
class Rule:
    """By which policy and measure fakes are chosen, and the measure's threshold."""

    policy: Policy
    similarity: Name
    threshold: float


class Judge(Protocol):
    """Looks at a candidate, drawn over the face."""

    def __call__(self, donor: Donor, *, choosy: bool) -> float | None:
        """How alike it is by the configured measure, greater for more; None for one that does not pass, or not well enough."""


class Choice:
    """Looks at candidates for one face, at most ``screened`` of them; ``looked_at``: how many it has."""

    def __init__(self, policy: Policy, screened: int, judge: Judge) -> None:
        self.looked_at = 0
        self._policy = policy
        self._screened = screened
        self._judge = judge

    def among(self, donors: Iterator[Donor], first: Donor | None = None) -> Iterator[Donor]:
        """Who passes, best first; ``first`` is asked before all others and need only pass."""
        if first is not None:
            self.looked_at += 1
            if self._judge(first, choosy=False) is not None:
                yield first
        order = self._by_distance if self._policy == "farthest" else self._at_random
        yield from order(self._counted(islice(donors, self._screened)))

    def _counted(self, donors: Iterator[Donor]) -> Iterator[Donor]:
        for donor in donors:
            self.looked_at += 1
            yield donor

    def _at_random(self, donors: Iterator[Donor]) -> Iterator[Donor]:
        put_aside = []
        for donor in islice(donors, CHOOSY):
            if self._judge(donor, choosy=True) is not None:
                yield donor
            else:
                put_aside.append(donor)
        yield from (donor for donor in chain(donors, put_aside) if self._judge(donor, choosy=False) is not None)

    def _by_distance(self, donors: Iterator[Donor]) -> Iterator[Donor]:
        left = list(donors)
        for choosy in (True, False):
            seen = [(self._judge(donor, choosy=choosy), donor) for donor in left]
            left = [donor for alike, donor in seen if alike is None]
            passing = [(alike, donor) for alike, donor in seen if alike is not None]
            yield from (donor for _, donor in sorted(passing, key=lambda pair: pair[0]))
