"""How alike two faces are, by five measures behind one seam: recognisers' embeddings, FID, RMSE, SSIM and PSNR.

A measure gives a number for every pair, and says on which side of its threshold two faces count as alike. For RMSE and FID that
is below (they are distances), for the others above.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from typing import Literal
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from precompute import align

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Values = npt.NDArray[np.float64]
Name = Literal["embedding", "fid", "rmse", "ssim", "psnr"]
Side = Literal["above", "below"]

SIDE_PX: Final = 112
CROP: Final = "grey ArcFace crop of 112 px"


@dataclass(frozen=True, slots=True)
class Looks:
    """n faces as measures see them: crops float32 (n, 112, 112) as ``crop`` makes them, and by recogniser unit vectors (n, d)."""

    crops: Floats
    vectors: Mapping[str, Floats]


class Measure(Protocol):
    """A number for two faces; ``alike``: on which side of the ``threshold`` they count as alike, the threshold included."""

    @property
    def name(self) -> Name:
        """The word for it in the configuration."""

    @property
    def alike(self) -> Side:
        """Where alike faces lie."""

    @property
    def threshold(self) -> float:
        """The value from which on."""

    def values(self, ones: Looks, others: Looks) -> Values:
        """n faces and m faces -> float64 (n, m)."""


def crop(pixels: Pixels, points: Floats) -> Floats:
    """BGR uint8 (h, w, 3) and a face's five points (5, 2) -> grey float32 (112, 112), 0 to 255.

    Aligned as ArcFace's crops are; grey is ITU-R BT.601 luma, so that the colour of light counts for little.
    """
    face = align.five_point_crop(pixels, points, align.ARCFACE, SIDE_PX)
    return np.asarray(cv2.cvtColor(face, cv2.COLOR_BGR2GRAY), np.float32)


def fingerprint(name: Name) -> str:
    """What a calibrated threshold of an image measure is kept by, as a recogniser's is by the hash of its model."""
    return sha256(f"mfmc-edge similarity/1 {name}, {CROP}".encode()).hexdigest()


def rising(measure: Measure, values: Values) -> Values:
    """The values so turned that greater is more alike."""
    return values if measure.alike == "above" else -values


def is_unlike(measure: Measure, value: float) -> bool:
    """Whether two faces of this value are on the far side of the threshold; no number is not."""
    return value < measure.threshold if measure.alike == "above" else value > measure.threshold
