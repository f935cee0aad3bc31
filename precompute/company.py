"""Whom else a fake must not be like: everyone else on the photo, the other fakes on it, and people who are enrolled.

Another face of the photo counts as met where one recogniser says so, as the person's own does. Of enrolled people there may be
thousands, so all recognisers must agree on one of them. Two fakes may look related, and not like twins; a face that had to give
way to others' fakes four times keeps its next one, since a fake seen twice is better than a fill.
"""

from collections import Counter
from collections.abc import Collection
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Final
from typing import Protocol

import numpy as np
import numpy.typing as npt

from precompute.certify import Measurement
from precompute.face import Face

Floats = npt.NDArray[np.float32]
Measured = Sequence[Measurement]

TWIN_MARGIN: Final = 0.15
GIVES_WAY: Final = 4


class Enrolled(Protocol):
    """People that can be recognised though they are not on the photo."""

    def knows(self, seen: Mapping[str, Floats], limits: Mapping[str, float]) -> bool:
        """Whether one of them is, by every recogniser's limit, who one of n views shows; unit vectors float32 (n, d) each."""


class Company:
    """The faces of one photo, and who is enrolled."""

    def __init__(self, faces: Sequence[Face], enrolled: Enrolled) -> None:
        names = {name for face in faces for name in face.embeddings}
        self._originals = {name: np.stack([face.embeddings[name] for face in faces]) for name in names}
        self._enrolled = enrolled
        self._gave_way: Counter[int] = Counter()

    def refused(self, fakes: Mapping[int, Measured], new: Collection[int]) -> set[int]:
        """Which of the ``new`` fakes meet somebody; ``fakes``: by face, all that otherwise may stay, fills left out."""
        kept = [measured for number, measured in fakes.items() if number not in new]
        refused = set()
        for number in sorted(fakes.keys() & set(new)):
            measured = fakes[number]
            is_twin = self._gave_way[number] < GIVES_WAY and any(are_twins(measured, other) for other in kept)
            self._gave_way[number] += is_twin
            if is_twin or self._meets(number, measured):
                refused.add(number)
            else:
                kept.append(measured)
        return refused

    def _meets(self, number: int, measured: Measured) -> bool:
        """Whether a fake is taken for somebody else on the photo or for somebody enrolled."""
        seen = {m.recogniser: m.seen for m in measured if len(m.seen)}
        for m in measured:
            if m.recogniser in seen and m.recogniser in self._originals:
                alike = (m.seen @ self._originals[m.recogniser].T).max(0)
                alike[number] = -1  # its own face is measured apart
                if not alike.max() < m.threshold:
                    return True
        return bool(seen) and self._enrolled.knows(seen, {m.recogniser: m.threshold for m in measured if m.recogniser in seen})


def are_twins(one: Measured, other: Measured) -> bool:
    """Whether a recogniser finds two fakes more alike than ``TWIN_MARGIN`` above its threshold, in any views of them."""
    others = {m.recogniser: m.seen for m in other if len(m.seen)}
    return any(
        not float((m.seen @ others[m.recogniser].T).max()) < m.threshold + TWIN_MARGIN
        for m in one
        if len(m.seen) and m.recogniser in others
    )
