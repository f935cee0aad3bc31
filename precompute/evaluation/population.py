"""The faces of an evaluation side by side, and what all figures ask of them."""

from collections.abc import Callable
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from precompute.evaluation import kept
from precompute.evaluation.pairs import Pair
from precompute.evaluation.pairs import Picture

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

OPAQUE = "opaque"


@dataclass(frozen=True, slots=True)
class Population:
    """n faces, the number of each one's person (n,), and the m pictures they are on. Group photos know nobody: person -1."""

    pairs: tuple[Pair, ...]
    people: Ints
    pictures: tuple[Picture, ...]

    def __len__(self) -> int:
        return len(self.pairs)

    def originals(self, recogniser: str) -> Floats:
        """Unit vectors (n, 1, d)."""
        return np.stack([pair.original[recogniser] for pair in self.pairs])[:, None]

    def fakes(self, recogniser: str) -> Floats:
        """Unit vectors (n, 2, d): at the original's points, and where the detector finds the face now, if it does."""
        return np.stack([pair.fake[recogniser][[0, -1]] for pair in self.pairs])

    def blanks(self, recogniser: str) -> Floats:
        """Unit vectors (n, 1, d) of pictures with nothing where the face was."""
        return np.stack([pair.blank[recogniser] for pair in self.pairs])[:, None]

    @property
    def generated(self) -> Flags:
        """Which faces got a synthetic face, and not the opaque fill, (n,)."""
        return np.array([pair.method != OPAQUE for pair in self.pairs], np.bool_)

    def of_kind(self, name: Callable[[Pair], str | None]) -> dict[str, Flags]:
        """Group -> which faces are in it (n,), for every group that anybody is in."""
        names = np.array([name(pair) or "unknown" for pair in self.pairs])
        return {str(each): np.asarray(names == each, np.bool_) for each in np.unique(names)}

    @property
    def kinds(self) -> Ints:
        """A number for each gender and age group of the originals, (n,)."""
        return np.unique([f"{gender(pair)}/{age(pair)}" for pair in self.pairs], return_inverse=True)[1].astype(np.int64)


def of(pictures: Iterable[Picture | None], people: Iterable[str]) -> Population:
    """Pictures and whom each shows, those left out being None."""
    there = [(picture, person) for picture, person in zip(pictures, people, strict=True) if picture is not None]
    number = {person: i for i, person in enumerate(sorted({person for _, person in there}))}
    pairs = [(pair, number[person]) for picture, person in there for pair in picture.pairs]
    return Population(
        tuple(pair for pair, _ in pairs), np.array([who for _, who in pairs], np.int64), tuple(picture for picture, _ in there)
    )


def gender(pair: Pair) -> str | None:
    """The original's, as told."""
    return None if pair.seen is None else pair.seen.gender


def age(pair: Pair) -> str | None:
    """The original's age group, as told."""
    return None if pair.seen is None else kept.age_group(pair.seen.age)


def tone(pair: Pair) -> str | None:
    """The original's group of skin tone, as measured."""
    return None if pair.tone is None else kept.tone_group(pair.tone)


def method(pair: Pair) -> str:
    """How the fake was made."""
    return pair.method
