"""The gallery of synthetic faces, and the choice among them: alike in all but the person."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from precompute.donor_index import Index

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Donor:
    """A synthetic face: BGR uint8 (h, w, 3) and its mesh float32 (478, 3) in these pixels."""

    name: str
    pixels: Pixels
    mesh: Floats
