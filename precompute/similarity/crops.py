"""Faces as the measures that compare pictures see them, behind the seam of recognisers' embeddings."""

import numpy as np

from precompute.similarity import CROP
from precompute.similarity import SIDE_PX
from precompute.similarity import Floats
from precompute.similarity import Pixels
from precompute.similarity import crop


class Crops:
    """Describes a face by the grey levels of its crop."""

    name = CROP

    def embed(self, pixels: Pixels, points: Floats) -> Floats:
        """BGR uint8 (h, w, 3), points float32 (n, 5, 2) -> float32 (n, 112 * 112), 0 to 255."""
        return np.array([crop(pixels, five).ravel() for five in points], np.float32).reshape(-1, SIDE_PX * SIDE_PX)
