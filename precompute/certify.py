"""How like the original a replaced face still is, by recognisers that look at the published pixels."""

from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from typing import Final

import numpy as np
import numpy.typing as npt

from precompute import align
from precompute.describe import Recogniser
from precompute.detect import Detector
from precompute.detect import overlap
from precompute.thresholds import Origin

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

LOOK_SIDE: Final = 192
LOOK_REACH: Final = 2.2
SAME_SHARE: Final = 0.3
SAME_PLACE: Final = 0.05


@dataclass(frozen=True, slots=True)
class Measurement:
    """One recogniser's verdict: cosine similarity to the original, and whether it is below the threshold of this origin.

    ``seen``: the fake's own unit vectors, float32 (views, d), for comparing it with others; they never leave memory.
    """

    recogniser: str
    model_sha256: str
    similarity: float
    threshold: float
    origin: Origin
    passed: bool
    seen: Floats = field(default_factory=lambda: np.zeros((0, 0), np.float32), repr=False, compare=False)


def measure(
    output: Pixels, points: Floats, box: Floats, originals: Mapping[str, Floats],
    recognisers: Iterable[Recogniser], detector: Detector,
) -> tuple[Measurement, ...]:  # fmt: skip
    """Published picture BGR uint8 (h, w, 3), the original's points (5, 2), box and embeddings (d,) -> one verdict each.

    The face is looked at where the original's points were, and where the detector now sees it unless that is the same place to
    a recogniser; the more alike counts.
    """
    views = np.stack([points, *(view for view in seen_again(output, box, detector) if _apart(view, points) > SAME_PLACE)])
    return tuple(verdict(recogniser, output, views, originals) for recogniser in recognisers)


def _apart(view: Floats, points: Floats) -> float:
    """How far two looks at a face (5, 2) are apart at most, as a share of the distance between the eyes or to the mouth."""
    size = max(float(np.linalg.norm(points[1] - points[0])), float(np.linalg.norm(points[3:].mean(0) - points[:2].mean(0))), 1.0)
    return float(np.linalg.norm(view - points, axis=1).max()) / size


def verdict(recogniser: Recogniser, output: Pixels, views: Floats, originals: Mapping[str, Floats]) -> Measurement:
    """Picture BGR uint8 (h, w, 3) looked at by five points each, float32 (n, 5, 2); the view most alike counts."""
    seen = recogniser.embed(output, views)
    similarity = float((seen @ originals[recogniser.name]).max())
    passed = similarity < recogniser.threshold
    return Measurement(recogniser.name, recogniser.sha256, similarity, recogniser.threshold, recogniser.origin, passed, seen)


def seen_again(output: Pixels, box: Floats, detector: Detector) -> list[Floats]:
    """The five points (5, 2) of the face that the detector finds at the box x, y, w, h now, if it finds one."""
    centre, side = box[:2] + box[2:] / 2, max(LOOK_REACH * float(box[2:].max()), 1.0)
    matrix = align.turned_square(centre, side, 0.0, LOOK_SIDE)
    found = detector.find(align.crop(output, matrix, LOOK_SIDE), (LOOK_SIDE,))
    scale = side / LOOK_SIDE
    corner = centre - side / 2
    boxes = found.boxes * scale + np.concatenate([corner, [0, 0]])
    shared = overlap(box, boxes.astype(np.float32)) / np.maximum(box[2] * box[3], boxes[:, 2] * boxes[:, 3])
    if not len(found) or shared.max() < SAME_SHARE:
        return []
    return [(found.points[int(shared.argmax())] * scale + corner).astype(np.float32)]
