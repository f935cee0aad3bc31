"""Peak signal-to-noise ratio: ``10 log10(255^2 / mean((a - b)^2))`` over the pixels of two crops, in dB.

As in ITU-T J.340, with a peak of 255 grey levels. It orders pairs as RMSE does, the other way round.
"""

from dataclasses import dataclass
from typing import ClassVar
from typing import Final

import numpy as np

from precompute.similarity import Looks
from precompute.similarity import Name
from precompute.similarity import Side
from precompute.similarity import Values
from precompute.similarity.rmse import mean_square

DEFAULT: Final = 16.73
PEAK: Final = 255.0
SAME: Final = 1e-9  # mean square error below which two crops count as the same, at 138 dB


@dataclass(frozen=True, slots=True)
class Psnr:
    """In dB."""

    threshold: float = DEFAULT
    name: ClassVar[Name] = "psnr"
    alike: ClassVar[Side] = "above"

    def values(self, ones: Looks, others: Looks) -> Values:
        """See ``Measure``."""
        return np.asarray(10 * np.log10(PEAK**2 / np.maximum(mean_square(ones, others), SAME)), np.float64)
