"""Root mean square error: ``sqrt(mean((a - b)^2))`` over the pixels of two crops, in grey levels.

The textbook formula (Gonzalez and Woods, Digital Image Processing, section 8.1).
"""

from dataclasses import dataclass
from typing import ClassVar
from typing import Final

import numpy as np

from precompute.similarity import Looks
from precompute.similarity import Name
from precompute.similarity import Side
from precompute.similarity import Values

DEFAULT: Final = 37.16


def mean_square(ones: Looks, others: Looks) -> Values:
    """Mean square differences of n and m crops, float64 (n, m)."""
    a, b = (looks.crops.reshape(len(looks.crops), -1).astype(np.float64) for looks in (ones, others))
    total = np.square(a).sum(1)[:, None] + np.square(b).sum(1) - 2 * (a @ b.T)
    return np.asarray(np.maximum(total, 0) / a.shape[1], np.float64)


@dataclass(frozen=True, slots=True)
class Rmse:
    """In grey levels, 0 to 255."""

    threshold: float = DEFAULT
    name: ClassVar[Name] = "rmse"
    alike: ClassVar[Side] = "below"

    def values(self, ones: Looks, others: Looks) -> Values:
        """See ``Measure``."""
        return np.asarray(np.sqrt(mean_square(ones, others)), np.float64)
