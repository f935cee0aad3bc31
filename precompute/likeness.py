"""Which enrolled person a face is closest to, and whether that is clear enough to be suggested. Arrays alone, no catalog.

A recogniser's *excess* is the cosine similarity of face and template less its limit; the *score* is the mean of the excesses.
A face's match is the template with the highest score, provided that every recogniser's excess is at least 0 and no other template
comes within ``margin`` of that score, not even one that is below a limit. So people who look alike to the recognisers, and one
face that was enrolled for two accounts, match nobody: a face shows one person, and a second suggestion for it would be false.
"""

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from precompute.template import Halves
from precompute.template import Template

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, repr=False)
class Match:
    """The person a face may show, and by how much their template exceeds the limits."""

    person: str
    score: float


@dataclass(slots=True)
class _Leaders:
    """For each of f faces, over all templates seen so far: the highest score, whose it is, whether all agree, the next score."""

    first: Floats
    index: npt.NDArray[np.int64]
    agreed: npt.NDArray[np.bool_]
    second: Floats

    @classmethod
    def of(cls, faces: int) -> "_Leaders":
        lowest = np.full(faces, -np.inf, np.float32)
        return cls(lowest, np.zeros(faces, np.int64), np.zeros(faces, np.bool_), lowest.copy())

    def meet(self, excess: Floats, offset: int) -> None:
        """Excesses (recognisers, n, f) of the next n templates, the first of which has the index ``offset``."""
        scores, faces = excess.mean(0), np.arange(excess.shape[2])
        top = scores.argmax(0)
        first, agreed = scores[top, faces], (excess[:, top, faces] >= 0).all(0)
        scores[top, faces] = -np.inf
        second = scores.max(0)
        better = first > self.first
        self.second = np.maximum(np.minimum(self.first, first), np.maximum(self.second, second))
        self.index = np.where(better, offset + top, self.index)
        self.agreed = np.where(better, agreed, self.agreed)
        self.first = np.maximum(self.first, first)


class Likenesses:
    """Templates in memory, in blocks as they were added: 2 bytes a number. ``limits``: recogniser -> cosine similarity."""

    def __init__(self, limits: Mapping[str, float], margin: float) -> None:
        self._limits = dict(limits)
        self._margin = margin
        self._people: list[str] = []
        self._blocks: list[tuple[int, dict[str, Halves]]] = []

    def __len__(self) -> int:
        return len(self._people)

    def __repr__(self) -> str:
        return f"<Likenesses of {len(self)}>"

    def add(self, templates: Sequence[Template]) -> None:
        """Look for these people too; each template has a vector of every recogniser that has a limit."""
        if templates:
            block = {name: np.stack([template.vectors[name] for template in templates]) for name in self._limits}
            self._blocks.append((len(self), block))
            self._people += [template.person for template in templates]

    def hold(self, faces: Mapping[str, Floats], limits: Mapping[str, float]) -> bool:
        """Whether a template is above every limit for one of the f faces; recogniser -> float32 (f, d) of length 1 each."""
        for _, block in self._blocks:
            excess = [block[name].astype(np.float32) @ faces[name].T - limit for name, limit in limits.items()]
            if bool((np.min(excess, axis=0) >= 0).any()):
                return True
        return False

    def closest(self, faces: Mapping[str, Floats]) -> list[Match | None]:
        """Recogniser -> float32 (f, d) of length 1 each -> a match for each of the f faces, or None."""
        count = len(next(iter(faces.values())))
        if not self._blocks:
            return [None] * count
        leaders = _Leaders.of(count)
        for offset, block in self._blocks:
            parts = [block[name].astype(np.float32) @ faces[name].T - limit for name, limit in self._limits.items()]
            leaders.meet(np.stack(parts), offset)
        clear = leaders.agreed & (leaders.first - leaders.second > self._margin)
        return [
            Match(self._people[index], float(score)) if is_clear else None
            for index, score, is_clear in zip(leaders.index, leaders.first, clear, strict=True)
        ]
