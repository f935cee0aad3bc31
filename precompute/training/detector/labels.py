"""What the network is to say of a composite: the teacher's scores where there is a face, nothing where there is none."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from precompute.detect import overlap
from precompute.training.detector.composites import Composite
from precompute.training.detector.teacher import STRIDES
from precompute.training.detector.teacher import Cells
from precompute.training.detector.teacher import grid

Floats = npt.NDArray[np.float32]

NOBODY: Final = -1
IGNORED: Final = -2
MOST: Final = 24
_FIRED: Final = 0.05
_SEEN: Final = 0.3
_SURE: Final = 0.5
_SAME: Final = 0.3
# The teacher seldom says more than 0.8; what it says is stretched, so that the pupil is as sure of a clear face as it can be.
_STRETCH: Final = 1.3
_TOP: Final = 0.97


@dataclass(frozen=True, slots=True)
class Labels:
    """For n cells: the wanted score float32 (n,) and whose face it is, int8 (n,): ``NOBODY``, ``IGNORED`` or a row of ``faces``,
    float32 (24, 14): box x, y, w, h and five points x, y in pixels.
    """

    scores: Floats
    whose: npt.NDArray[np.int8]
    faces: Floats


def cell_count(side: int) -> int:
    """Cells of all strides of a square picture."""
    return sum((side // stride) ** 2 for stride in STRIDES)


def labelled(composite: Composite, cells: Cells) -> Labels:
    """Truth and teacher together: a face counts where both find it; where one alone is sure of one, nothing is learnt."""
    count = min(len(composite.boxes), MOST)
    scores = np.where(cells.scores >= _FIRED, cells.scores, 0).astype(np.float32)
    whose = np.full(len(scores), NOBODY, np.int8)
    faces = np.zeros((MOST, 14), np.float32)
    corners, strides = grid(composite.pixels.shape[0])
    middles = (corners + 0.5) * strides[:, None]
    whose[(scores >= _SURE) | (within(middles, composite.open) & (scores > 0))] = IGNORED
    fired = np.flatnonzero(scores)
    shares = alike(cells.boxes[fired], composite.boxes[:count])
    nearest, share = (shares.argmax(1), shares.max(1)) if count else (np.zeros(len(fired), int), np.zeros(len(fired)))
    for i in range(count):
        mine = fired[(nearest == i) & (share >= _SAME)]
        best = float(scores[mine].max()) if len(mine) else 0.0
        if best < _SEEN:
            whose[within(middles, composite.boxes[i : i + 1])] = IGNORED
            continue
        whose[mine] = i
        top = mine[scores[mine] >= 0.8 * best]
        faces[i, :4] = np.average(cells.boxes[top], 0, scores[top])
        faces[i, 4:] = np.average(cells.points[top], 0, scores[top]).ravel()
    return Labels(np.where(whose >= 0, (scores * _STRETCH).clip(max=_TOP), 0).astype(np.float32), whose, faces)


def alike(boxes: Floats, others: Floats) -> Floats:
    """Intersection over union of every box (n, 4) with every other (m, 4), float32 (n, m)."""
    shares = np.zeros((len(boxes), len(others)), np.float32)
    for j, other in enumerate(others):
        common = overlap(other, boxes)
        shares[:, j] = common / (boxes[:, 2] * boxes[:, 3] + other[2] * other[3] - common)
    return shares


def within(places: Floats, boxes: Floats) -> npt.NDArray[np.bool_]:
    """Which places (n, 2) lie in any of the boxes (m, 4)."""
    low, high = boxes[None, :, :2], boxes[None, :, :2] + boxes[None, :, 2:]
    inside = (places[:, None] >= low) & (places[:, None] <= high)
    return np.asarray((inside[..., 0] & inside[..., 1]).sum(1) > 0, np.bool_)
