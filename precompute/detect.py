"""Where the faces are: boxes and five points, from two scales of the picture so that neither large nor small ones are missed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from precompute.session import Session

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

SAME_IOU: Final = 0.4
SAME_WITHIN: Final = 0.85
_STRIDES: Final = (8, 16, 32)


@dataclass(frozen=True, slots=True)
class Detections:
    """n faces, best score first: boxes float32 (n, 4) x, y, w, h; scores float32 (n,); points float32 (n, 5, 2).

    Points are x, y in pixels: the eye, eye, nose tip, mouth corner, mouth corner, as they lie left to right in the picture.
    """

    boxes: Floats
    scores: Floats
    points: Floats

    def __len__(self) -> int:
        return len(self.boxes)

    def take(self, order: npt.NDArray[np.intp]) -> "Detections":
        """The detections of the given indices, in that order."""
        return Detections(self.boxes[order], self.scores[order], self.points[order])


class Detector(Protocol):
    """Finds faces in a picture of any size."""

    def find(self, pixels: Pixels, long_sides: Sequence[int]) -> Detections:
        """BGR uint8 (h, w, 3) -> faces, from the picture scaled down to each of the long sides in pixels, merged."""


class YuNet:
    """YuNet through onnxruntime (Wu, Peng, Yu: YuNet, a tiny millisecond-level face detector; MIR 2023)."""

    def __init__(self, session: Session, threshold: float) -> None:
        self._session = session
        self._threshold = threshold

    def find(self, pixels: Pixels, long_sides: Sequence[int]) -> Detections:
        """See ``Detector``. The picture is never enlarged; faces under about 10 px at the largest scale are not found."""
        small, found = pixels, []
        for scale in scales(pixels.shape[:2], long_sides):
            h, w = (max(1, round(side * scale)) for side in pixels.shape[:2])
            small = small if (h, w) == small.shape[:2] else cv2.resize(small, (w, h), interpolation=cv2.INTER_AREA)
            found.append(self._in(small, pixels.shape[:2]))
        return merge(found)

    def _in(self, small: Pixels, size: tuple[int, ...]) -> Detections:
        """Faces of a picture that was scaled down from ``size`` (h, w), in pixels of that size."""
        h, w = small.shape[:2]
        padded = np.zeros((-h % 32 + h, -w % 32 + w, 3), np.float32)
        padded[:h, :w] = small
        out = self._session.run(np.ascontiguousarray(padded.transpose(2, 0, 1)[None]))
        found = joined([_decode(out, stride, padded.shape[1] // stride, self._threshold) for stride in _STRIDES])
        factor = np.array([size[1] / w, size[0] / h], np.float32)
        return Detections(found.boxes * np.tile(factor, 2), found.scores, found.points * factor)


def scales(size: tuple[int, ...], long_sides: Sequence[int]) -> list[float]:
    """Factors that bring (h, w) to each long side without enlarging, largest first, each once."""
    longest = max(size)
    return sorted({min(1.0, side / longest) for side in long_sides}, reverse=True)


def _decode(out: dict[str, Floats], stride: int, columns: int, threshold: float) -> Detections:
    score = np.sqrt(out[f"cls_{stride}"][0, :, 0].clip(0, 1) * out[f"obj_{stride}"][0, :, 0].clip(0, 1))
    kept = np.flatnonzero(score >= threshold)
    grid = np.stack([kept % columns, kept // columns], 1).astype(np.float32)
    box = out[f"bbox_{stride}"][0, kept]
    centre, size = (grid + box[:, :2]) * stride, np.exp(box[:, 2:].clip(max=8)) * stride
    points = (out[f"kps_{stride}"][0, kept].reshape(-1, 5, 2) + grid[:, None]) * stride
    return Detections(np.hstack([centre - size / 2, size]), score[kept], points)


def joined(parts: Sequence[Detections]) -> Detections:
    """All detections of all parts, one after the other."""
    return Detections(
        np.concatenate([part.boxes for part in parts]),
        np.concatenate([part.scores for part in parts]),
        np.concatenate([part.points for part in parts]),
    )


def merge(parts: Sequence[Detections]) -> Detections:
    """Of detections that mean the same face, the one with the best score (non-maximum suppression over all scales)."""
    every = joined(parts)
    every = every.take(np.argsort(-every.scores, kind="stable"))
    kept: list[int] = []
    for i, box in enumerate(every.boxes):
        if not _same(box, every.boxes[kept]).any():
            kept.append(i)
    return every.take(np.array(kept, np.intp))


def _same(box: Floats, others: Floats) -> npt.NDArray[np.bool_]:
    """Whether each of the others (n, 4) overlaps the box so much that both mean one face."""
    common = overlap(box, others)
    area, areas = box[2] * box[3], others[:, 2] * others[:, 3]
    same: npt.NDArray[np.bool_] = (common > SAME_IOU * (area + areas - common)) | (common > SAME_WITHIN * np.minimum(area, areas))
    return same


def overlap(box: Floats, others: Floats) -> Floats:
    """Shared area in px² of a box (4,) with each of (n, 4), all x, y, w, h."""
    low = np.maximum(box[:2], others[:, :2])
    high = np.minimum(box[:2] + box[2:], others[:, :2] + others[:, 2:])
    sides = (high - low).clip(0)
    return np.asarray(sides[:, 0] * sides[:, 1], np.float32)
