"""What changed outside of the masks, which must be nothing, and how much of the original can show inside of them.

Where it is measured matters, since a mask's edge cuts through JPEG blocks of 8 by 8 pixels, which can only be coded as a whole:

- before coding, per pixel: the picture with the fakes drawn on it against the upload, wherever every weight is 0;
- coded, per block: the coefficients of every block that holds no pixel of a mask against the upload's;
- decoded, per pixel: the published picture against the upload's, outside of the MCUs that hold such blocks and of ``REACH`` px
  around them, since decoders smooth subsampled colour across the edge of a block.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from precompute import landmarks
from precompute.anonymise import Replacement
from precompute.blend import Fake
from precompute.blend import draw
from precompute.blend import meeting
from precompute.photo import Photo
from precompute.variants import Variants

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

REACH: Final = 2


@dataclass(frozen=True, slots=True)
class Outside:
    """Greatest difference in grey levels before coding and after decoding, and how many blocks changed that hold no mask.

    ``masked`` and ``coded``: share of the picture's pixels that have a weight above 0, and that lie in changed MCUs.
    """

    drawn: int
    blocks: int
    decoded: int
    masked: float
    coded: float


@dataclass(frozen=True, slots=True)
class Edge:
    """A mask's feather, where weights lie between 0 and 1: how deep it reaches, in px and as a share of the face's width, and how
    much of the original shows inside the whole mask, 0..1. Deeper than the feather nothing of it does.
    """

    feather_px: float
    feather_share: float
    original_share: float


def of(photo: Photo, done: Replacement, published: Pixels) -> Outside:
    """``published``: the decoded base as stored, BGR uint8 (h, w, 3)."""
    masked = np.zeros(photo.pixels.shape[:2], bool)
    drawn = photo.pixels.copy()
    for fake in done.fakes:
        draw(drawn, fake, 0, 0)
        place, own = meeting(fake, 0, 0, masked.shape)
        masked[place] |= fake.weight[own] > 0
    coded = _in_changed_mcus(done.variants)
    far = cv2.dilate(coded.astype(np.uint8), np.ones((2 * REACH + 1, 2 * REACH + 1), np.uint8)) == 0
    return Outside(
        _greatest(drawn, photo.pixels, ~masked),
        strays(done.variants),
        _greatest(published, photo.canvas.pixels, far),
        float(masked.mean()), float(coded.mean()),
    )  # fmt: skip


def strays(variants: Variants) -> int:
    """How many blocks of the base differ from the upload's though no mask touches them."""
    changed = (variants.base != variants.canvas.blocks).any(2)
    return int((changed & (variants.labels == 0)).sum())


def _in_changed_mcus(variants: Variants) -> Flags:
    frame = variants.canvas.frame
    (w, h), (across, down) = frame.mcu_size, frame.mcus
    touched = variants.labels.any(1).reshape(down, across)
    return np.asarray(touched.repeat(h, 0).repeat(w, 1)[: frame.height, : frame.width], np.bool_)


def _greatest(one: Pixels, other: Pixels, where: Flags) -> int:
    return int(cv2.absdiff(np.ascontiguousarray(one), np.ascontiguousarray(other))[where].max(initial=0))


def edge(fake: Fake, mesh: Floats) -> Edge:
    """The feather of a fake's mask, against the width of the face that the mesh (478, 3) describes."""
    soft, inside = (fake.weight > 0) & (fake.weight < 1), fake.weight > 0
    width = float(depth(fake.weight)[soft].max(initial=0.0))
    shows = float((1 - fake.weight[inside]).mean()) if inside.any() else 0.0
    return Edge(width, width / max(1.0, landmarks.width(mesh)), shows)


def depth(weight: Floats) -> Floats:
    """How far inside the mask each pixel lies, float32 (h, w) in px; what is outside of the array counts as outside of it."""
    inside = np.pad((weight > 0).astype(np.uint8), 1)
    return np.asarray(cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_5)[1:-1, 1:-1], np.float32)
