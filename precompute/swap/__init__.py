"""Generators of faces of nobody, one per file, behind one seam: ``Swapper``."""

from typing import Protocol

import numpy as np
import numpy.typing as npt

from precompute.donors import Donor

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


class Swapper(Protocol):
    """Draws a synthetic face where another one is, in its light, without any of its pixels."""

    def render(self, crop: Pixels, mesh: Floats, donor: Donor, rng: np.random.Generator) -> Pixels:
        """BGR uint8 (h, w, 3) around a face, its mesh (478, 3) in the crop's pixels, and a donor -> BGR uint8 (h, w, 3).

        Of the crop only coarse statistics may be used: light, skin colour, sharpness and grain.
        """
