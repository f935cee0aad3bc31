"""One fake identity for each person of an album, for as long as one run of ``seal`` lasts; nothing of it is ever written down.

Who is who is what all recognisers agree on, by the thresholds that fakes are measured with. The candidate that a person's first
face got is tried first on their others, and checked there like any other; where it fails, that face gets one of its own.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from typing import Literal

import numpy as np
import numpy.typing as npt

from precompute.donors import Donor
from precompute.face import Face

Floats = npt.NDArray[np.float32]
Within = Literal["album", "folder"]

PEOPLE: Final = 500
VIEWS: Final = 5


@dataclass(slots=True, repr=False)
class _Person:
    """The candidate a person got, and some views of the person: by recogniser unit vectors float32 (n, d)."""

    donor: Donor
    views: dict[str, Floats]


class Album:
    """The people seen so far, the ``PEOPLE`` seen last; ``limits``: recogniser -> cosine similarity of one person."""

    def __init__(self, limits: Mapping[str, float]) -> None:
        self._limits = dict(limits)
        self._people: OrderedDict[int, _Person] = OrderedDict()
        self._count = 0

    def __repr__(self) -> str:
        return f"<Album of {len(self._people)}>"

    def known(self, face: Face) -> Donor | None:
        """The candidate that this person got before, or None."""
        number = self._number(face)
        return None if number is None else self._people[number].donor

    def keep(self, face: Face, donor: Donor) -> None:
        """Remember what became of a face; a person keeps the first candidate for good."""
        number = self._number(face)
        if number is None:
            number, self._count = self._count, self._count + 1
            self._people[number] = _Person(donor, {name: face.embeddings[name][None] for name in self._limits})
        elif len(next(iter(self._people[number].views.values()))) < VIEWS:
            views = self._people[number].views
            self._people[number].views = {name: np.vstack([views[name], face.embeddings[name]]) for name in views}
        self._people.move_to_end(number)
        if len(self._people) > PEOPLE:
            self._people.popitem(last=False)

    def _number(self, face: Face) -> int | None:
        """The person most alike among those that all recognisers take the face for."""
        scores = {number: self._excess(face, person) for number, person in self._people.items()}
        best = max(scores, key=lambda number: scores[number], default=None)
        return best if best is not None and scores[best] >= 0 else None

    def _excess(self, face: Face, person: _Person) -> float:
        """By how much the view most alike exceeds the limits, by the recogniser that doubts most."""
        excess = [person.views[name] @ face.embeddings[name] - limit for name, limit in self._limits.items()]
        return float(np.min(excess, axis=0).max())


class Albums:
    """Which album a file belongs to: all of a run make one, or each folder one; without either, none does."""

    def __init__(self, within: Within | None, limits: Mapping[str, float]) -> None:
        self._within = within
        self._limits = limits
        self._known: dict[str, Album] = {}

    def of(self, file: Path) -> Album | None:
        """The file's album."""
        if self._within is None:
            return None
        name = "" if self._within == "album" else str(file.resolve().parent)
        return self._known.setdefault(name, Album(self._limits))
