"""A detector against its teachers on group photos: the faces that both teachers find, where, how surely, and how fast."""

import time
from collections.abc import Callable
from collections.abc import Sequence
from statistics import mean
from statistics import median
from typing import Final

import numpy as np

from benchmarks.report import Figures
from precompute.detect import Detections
from precompute.detect import Detector
from precompute.detect import Floats
from precompute.detect import Pixels
from precompute.detect import overlap

WIDE_PX: Final = 40.0
SAME: Final = 0.5  # least intersection over union of two boxes of one face
DOUBT: Final = 0.3  # the score at which teachers are asked whether something is a face after all
TURNED: Final = 0.3  # eyes closer than this, as a share of the box's width, are a profile's: errors over them say nothing
PRECISE: Final = 0.95  # precision at which recall is told too, at whatever score gives it
ROUNDS: Final = 3

Find = Callable[[Pixels], Detections]


def figures(
    photos: Sequence[Pixels], own: Find, teachers: tuple[Find, Find], doubting: Sequence[Find], score: float
) -> Figures:
    """BGR uint8 photos; ``own`` at the score ``DOUBT``, the two teachers, the same teachers at that score, and the score at which
    own finds count -> figures.

    recall: of faces of ``WIDE_PX`` and more that both teachers find; precision: of own finds of that width, those that either
    teacher sees too, be it with doubt; recall_precise and score_precise: recall at the lowest score at which precision is
    ``PRECISE``, and that score; point_error: mean distance of five points from the first teacher's, over its distance
    between the eyes, on faces that look ahead, and points_apart: that of the other teacher; time_ratio: over the first teacher's,
    each photo at its fastest.
    """
    common = found = 0
    errors: list[float] = []
    apart: list[float] = []
    hits: list[float] = []
    finds: list[tuple[float, bool]] = []
    own_s = teacher_s = 0.0
    for pixels in photos:
        (every, own_time), (first, teacher_time) = _fastest(pixels, own, teachers[0])
        mine = every.take(np.flatnonzero(every.scores >= score))
        own_s, teacher_s = own_s + own_time, teacher_s + teacher_time
        second = teachers[1](pixels)
        seen = [each(pixels) for each in doubting]
        for i, box in enumerate(first.boxes):
            twin = same(box, second.boxes)
            if box[2] < WIDE_PX or twin is None:
                continue
            common += 1
            if (keen := same(box, every.boxes)) is not None:
                hits.append(float(every.scores[keen]))
            match = same(box, mine.boxes)
            if match is None:
                continue
            found += 1
            if is_ahead(first.points[i], box):
                errors.append(point_error(first.points[i], mine.points[match]))
                apart.append(point_error(first.points[i], second.points[twin]))
        for box, sure in zip(every.boxes, every.scores, strict=True):
            if box[2] >= WIDE_PX:
                finds.append((float(sure), any(same(box, each.boxes) is not None for each in seen)))
    counted = [right for sure, right in finds if sure >= score]
    recall, lowest = precise(hits, finds, common)
    return {
        "detector_faces": common, "detector_recall": round(found / max(1, common), 4),
        "detector_precision": round(sum(counted) / max(1, len(counted)), 4),
        "detector_recall_precise": round(recall, 4), "detector_score_precise": round(lowest, 3),
        "detector_point_error": round(mean(errors), 4) if errors else float("nan"),
        "detector_point_error_median": round(median(errors), 4) if errors else float("nan"),
        "detector_points_apart": round(mean(apart), 4) if apart else float("nan"),
        "detector_time_ratio": round(own_s / teacher_s, 3), "detector_ms": round(1000 * own_s / len(photos), 2),
    }  # fmt: skip


def precise(hits: Sequence[float], finds: Sequence[tuple[float, bool]], common: int) -> tuple[float, float]:
    """Scores of the finds of ``common`` faces, and of all finds with whether each is one -> recall at the lowest score at which
    the precision is ``PRECISE``, and that score; 0 and 1 where there is none.
    """
    for lowest in sorted({score for score, _ in finds}):
        right = [is_face for score, is_face in finds if score >= lowest]
        if mean(right) >= PRECISE:
            return sum(hit >= lowest for hit in hits) / max(1, common), lowest
    return 0.0, 1.0


def finder(detector: Detector, sizes: Sequence[int]) -> Find:
    """A detector at the long sides that sealing searches."""
    return lambda pixels: detector.find(pixels, sizes)


def same(box: Floats, boxes: Floats) -> int | None:
    """Which of the boxes x, y, w, h (n, 4) overlaps this one (4,) most, if any is of the same face."""
    if not len(boxes):
        return None
    common = overlap(box, boxes)
    shares = common / (box[2] * box[3] + boxes[:, 2] * boxes[:, 3] - common)
    best = int(shares.argmax())
    return best if shares[best] >= SAME else None


def is_ahead(points: Floats, box: Floats) -> bool:
    """Whether the eyes of five points (5, 2) lie far enough from each other to measure by."""
    return float(np.linalg.norm(points[0] - points[1])) >= TURNED * float(box[2])


def point_error(points: Floats, others: Floats) -> float:
    """Five points (5, 2) each -> mean distance, over the distance between the first's eyes."""
    apart = np.linalg.norm(points - others, axis=1).mean()
    return float(apart / max(float(np.linalg.norm(points[0] - points[1])), 1e-6))


def _fastest(pixels: Pixels, *each: Find) -> list[tuple[Detections, float]]:
    """What each finds, and its fewest seconds of ``ROUNDS``, taken in turn so that other programs slow both down."""
    found = [find(pixels) for find in each]
    times: list[list[float]] = [[] for _ in each]
    for _ in range(ROUNDS):
        for find, spent in zip(each, times, strict=True):
            start = time.perf_counter()
            find(pixels)
            spent.append(time.perf_counter() - start)
    return [(result, min(spent)) for result, spent in zip(found, times, strict=True)]
