"""Structural similarity (Wang, Bovik, Sheikh, Simoncelli, IEEE Trans. Image Processing 13(4), 2004), the mean over a crop of::

    SSIM = (2 ma mb + C1) (2 cov + C2) / ((ma^2 + mb^2 + C1) (va + vb + C2))

Means m, variances v and covariance are weighted by a Gaussian window of 11 px and standard deviation 1.5 px, wherever it lies
wholly in the crop; C1 = (0.01 * 255)^2, C2 = (0.03 * 255)^2, as in the paper (equations 13 to 17).
"""

from dataclasses import dataclass
from typing import ClassVar
from typing import Final

import numpy as np

from precompute.similarity import Floats
from precompute.similarity import Looks
from precompute.similarity import Name
from precompute.similarity import Side
from precompute.similarity import Values

DEFAULT: Final = 0.4868
WINDOW: Final = 11
SIGMA: Final = 1.5
C1: Final = np.float32((0.01 * 255) ** 2)
C2: Final = np.float32((0.03 * 255) ** 2)


def window_matrix(side: int) -> Floats:
    """Float32 (side - 10, side): row i weights the 11 pixels from i on by the Gaussian; each row's sum is 1."""
    taps = np.exp(-0.5 * np.square(np.arange(WINDOW) - WINDOW // 2) / SIGMA**2)
    taps /= taps.sum()
    matrix = np.zeros((side - WINDOW + 1, side), np.float32)
    for row in range(len(matrix)):
        matrix[row, row : row + WINDOW] = taps
    return matrix


@dataclass(frozen=True, slots=True)
class Ssim:
    """-1 to 1."""

    threshold: float = DEFAULT
    name: ClassVar[Name] = "ssim"
    alike: ClassVar[Side] = "above"

    def values(self, ones: Looks, others: Looks) -> Values:
        """See ``Measure``."""
        across = window_matrix(ones.crops.shape[1])
        means, squares = zip(*(_moments(looks.crops, across) for looks in (ones, others)), strict=True)
        found = np.empty((len(ones.crops), len(others.crops)))
        for i, crop in enumerate(ones.crops):
            for j, other in enumerate(others.crops):
                products = means[0][i] * means[1][j]
                covariance = across @ (crop * other) @ across.T - products
                powers = np.square(means[0][i]) + np.square(means[1][j])
                spread = squares[0][i] + squares[1][j] - powers
                found[i, j] = ((2 * products + C1) * (2 * covariance + C2) / ((powers + C1) * (spread + C2))).mean()
        return found


def _moments(crops: Floats, across: Floats) -> tuple[Floats, Floats]:
    """Weighted means of pixels and of their squares, float32 (n, side - 10, side - 10) each."""
    means, squares = across @ crops @ across.T, across @ np.square(crops) @ across.T
    return np.asarray(means, np.float32), np.asarray(squares, np.float32)
