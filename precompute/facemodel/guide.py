"""The least change of a sampled face's coefficients that fulfils wishes: unlike the person, of the wanted age and gender.

Wishes are linear in the coefficients, since the readouts are. The least change under linear wishes is a quadratic programme with
a handful of rows, solved by Hildreth's method (Hildreth, Naval Research Logistics Quarterly 4(1), 1957).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from precompute.facemodel.weights import Readout

Floats = npt.NDArray[np.float32]

ROUNDS: Final = 60


@dataclass(frozen=True, slots=True)
class Wish:
    """``row`` · coefficients + ``level`` shall be at most 0."""

    row: Floats
    level: float

    @classmethod
    def below(cls, readout: Readout, most: float, along: Floats | None = None) -> "Wish":
        """The readout, or its part along a vector (d,), is at most ``most``."""
        towards = np.ones(1, np.float32) if along is None else along
        return cls(np.asarray(readout.slope @ towards, np.float32), float(readout.level @ towards) - most)

    @classmethod
    def above(cls, readout: Readout, least: float) -> "Wish":
        """The readout is at least ``least``."""
        return cls(-readout.slope[:, 0], least - float(readout.level[0]))


def moved(coefficients: Floats, wishes: list[Wish]) -> Floats:
    """float32 (k,) -> the nearest (k,) that fulfils the wishes, as far as all of them can be fulfilled together."""
    if not wishes:
        return coefficients
    rows = np.array([wish.row for wish in wishes])
    missing = rows @ coefficients + np.array([wish.level for wish in wishes], np.float32)
    gram, push = rows @ rows.T, np.zeros(len(wishes))
    for _ in range(ROUNDS):
        for i in range(len(wishes)):
            step = (missing[i] - gram[i] @ push) / max(float(gram[i, i]), 1e-9)
            push[i] = max(0.0, push[i] + step)
    return np.asarray(coefficients - push @ rows, np.float32)
