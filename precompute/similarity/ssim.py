"""Structural similarity (Wang, Bovik, Sheikh, Simoncelli, IEEE Trans. Image Processing 13(4), 2004), the mean over a crop of::

    SSIM = (2 ma mb + C1) (2 cov + C2) / ((ma^2 + mb^2 + C1) (va + vb + C2))

Means m, variances v and covariance are weighted by a Gaussian window of 11 px and standard deviation 1.5 px, wherever it lies
wholly in the crop; C1 = (0.01 * 255)^2, C2 = (0.03 * 255)^2, as in the paper (equations 13 to 17).
"""

from dataclasses import dataclass
from typing import ClassVar
from typing import Final

import cv2
import numpy as np

from precompute.similarity import Floats
from precompute.similarity import Looks
from precompute.similarity import Name
from precompute.similarity import Side
from precompute.similarity import Values

DEFAULT: Final = 0.4868
REACH: Final = 5  # pixels on each side of a window's middle
TAPS: Final = cv2.getGaussianKernel(2 * REACH + 1, 1.5, cv2.CV_32F)
_AT_ONCE: Final = 128
C1: Final = np.float32((0.01 * 255) ** 2)
C2: Final = np.float32((0.03 * 255) ** 2)


@dataclass(frozen=True, slots=True)
class Ssim:
    """-1 to 1."""

    threshold: float = DEFAULT
    name: ClassVar[Name] = "ssim"
    alike: ClassVar[Side] = "above"

    def values(self, ones: Looks, others: Looks) -> Values:
        """See ``Measure``."""
        found = np.empty((len(ones.crops), len(others.crops)))
        mean, square = _windowed(ones.crops), _windowed(np.square(ones.crops))
        for start in range(0, len(others.crops), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            crops = others.crops[part]
            means, squares = _windowed(crops), _windowed(np.square(crops))
            for i, crop in enumerate(ones.crops):
                products, powers = mean[i] * means, np.square(mean[i]) + np.square(means)
                covariance, spread = _windowed(crop * crops) - products, square[i] + squares - powers
                values = (2 * products + C1) * (2 * covariance + C2) / ((powers + C1) * (spread + C2))
                found[i, part] = values.mean((1, 2), dtype=np.float64)
        return found


def _windowed(crops: Floats) -> Floats:
    """Weighted means of float32 (n, h, w) in every window that lies wholly in its crop: float32 (n, h - 10, w - 10)."""
    count, height, width = crops.shape
    tall = cv2.sepFilter2D(crops.reshape(-1, width), -1, TAPS, TAPS)  # windows over two crops are cut off below
    return np.asarray(tall, np.float32).reshape(count, height, width)[:, REACH:-REACH, REACH:-REACH]
