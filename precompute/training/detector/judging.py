"""How a detector does on photos of groups of people, none of which took part in training, with two teachers as the judges.

A face counts where both teachers find it and it is 40 px wide or more. A detection is true where it overlaps what either finds
at a low threshold. Points are compared with those of the first teacher.
"""

import time
from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from precompute import detect
from precompute.detect import Detections
from precompute.detect import Detector
from precompute.detect import YuNet
from precompute.models import ModelStore
from precompute.session import Session
from precompute.settings import FacesConfig
from precompute.training.detector.labels import alike

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

SMALLEST_PX: Final = 40.0
TEACHER: Final = "yunet_n_dynamic"
SECOND: Final = "ultralight_RFB-320"
SURE: Final = (0.6, 0.7)
ANY: Final = (0.2, 0.3)
SAME: Final = 0.35
TOUCHING: Final = 0.2
_TILE: Final = (320, 240)


class Ultralight:
    """RFB-320 of github.com/Linzaer/Ultra-Light-Fast-Generic-Face-Detector-1MB, over overlapping tiles of a picture."""

    def __init__(self, session: Session, threshold: float) -> None:
        self._session = session
        self._threshold = threshold

    def find(self, pixels: Pixels, long_sides: Sequence[int]) -> Detections:
        """See ``Detector``; the points are none, all zero."""
        found = []
        for scale in detect.scales(pixels.shape[:2], long_sides):
            small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            found += [self._in(small[y : y + _TILE[1], x : x + _TILE[0]], x, y, scale) for x, y in _tiles(small.shape[:2])]
        return detect.merge(found)

    def _in(self, tile: Pixels, x: int, y: int, scale: float) -> Detections:
        padded = np.zeros((_TILE[1], _TILE[0], 3), np.uint8)
        padded[: tile.shape[0], : tile.shape[1]] = tile
        blob = (padded[..., ::-1].astype(np.float32) - 127) / 128
        out = self._session.run(np.ascontiguousarray(blob.transpose(2, 0, 1)[None]))
        scores, corners = out["scores"][0, :, 1], out["boxes"][0] * np.array(_TILE * 2, np.float32)
        kept = np.flatnonzero(scores >= self._threshold)
        low, high = corners[kept, :2], corners[kept, 2:]
        boxes = np.hstack([low + np.array([x, y], np.float32), high - low]) / scale
        return Detections(boxes.astype(np.float32), scores[kept], np.zeros((len(kept), 5, 2), np.float32))


@dataclass(frozen=True, slots=True)
class Judged:
    """What the judges say of one picture: faces that count, with the first teacher's points, and all boxes that may be faces."""

    faces: Detections
    any: Floats


def judged(pixels: Pixels, teachers: Sequence[Detector], keen: Sequence[Detector], long_sides: Sequence[int]) -> Judged:
    """BGR uint8 (h, w, 3) -> what two teachers say, and the same two at a low threshold."""
    first, second = (teacher.find(pixels, long_sides) for teacher in teachers)
    counted = (alike(first.boxes, second.boxes).max(1, initial=0) >= SAME) & (first.boxes[:, 2] >= SMALLEST_PX)
    every = np.concatenate([each.find(pixels, long_sides).boxes for each in keen])
    return Judged(first.take(np.flatnonzero(counted)), every)


def compared(found: Detections, truth: Judged) -> dict[str, list[float]]:
    """Lists, to be put together over pictures: whether each face was found, whether each detection of at least 40 px is true, and
    the mean distance of five points as a share of the distance between the eyes.
    """
    shares = alike(found.boxes, truth.faces.boxes)
    hit = shares.max(axis=0, initial=0) >= SAME
    wide = found.boxes[:, 2] >= SMALLEST_PX
    errors = []
    for j in np.flatnonzero(hit):
        points = truth.faces.points[j]
        off = np.linalg.norm(found.points[shares[:, j].argmax()] - points, axis=1).mean()
        errors.append(float(off / max(np.linalg.norm(points[0] - points[1]), 0.2 * truth.faces.boxes[j, 2])))
    return {
        "found": [float(v) for v in hit],
        "true": [float(v) for v in alike(found.boxes[wide], truth.any).max(axis=1, initial=0) >= TOUCHING],
        "errors": errors,
    }


def judge(detector: Path, photos: Iterable[Path], store: ModelStore, config: FacesConfig | None = None) -> dict[str, float]:
    """Recall, precision, five-point error and time of a detector's file, over photos; raises ``PrecomputeError``.

    The second judge comes from the model mirror, as ``detect/ultralight_RFB-320.onnx``; without it the first judges alone.
    """
    config = config or FacesConfig()
    pupil, first = Session(detector, "cpu", 1), Session(store.path(TEACHER), "cpu", 1)
    second = _second(store)
    teachers, keen = _panel(first, second, SURE), _panel(first, second, ANY)
    lists: dict[str, list[float]] = {"found": [], "true": [], "errors": []}
    for file in photos:
        pixels = np.asarray(cv2.imread(str(file)), np.uint8)
        truth = judged(pixels, teachers, keen, config.detect_long_sides_px)
        for name, values in compared(YuNet(pupil, config.detect_score).find(pixels, config.detect_long_sides_px), truth).items():
            lists[name] += values
    return {
        "detector_faces": len(lists["found"]),
        "detector_recall": round(float(np.mean(lists["found"])), 4),
        "detector_precision": round(float(np.mean(lists["true"])), 4),
        "detector_points": round(float(np.mean(lists["errors"])), 4),
        "detector_time": round(slowness(pupil, first), 3),
    }


def slowness(session: Session, other: Session, side: int = 640, rounds: int = 10) -> float:
    """The time that one model takes over that of another, on the same picture, each at its best."""
    blob = np.random.default_rng(0).uniform(0, 255, (1, 3, side, side)).astype(np.float32)
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for times, each in zip(taken, (session, other), strict=True):
            began = time.perf_counter()
            each.run(blob)
            times.append(time.perf_counter() - began)
    return min(taken[0]) / min(taken[1])


def _panel(first: Session, second: Session | None, thresholds: tuple[float, float]) -> list[Detector]:
    yunet = YuNet(first, thresholds[0])
    return [yunet, yunet if second is None else Ultralight(second, thresholds[1])]


def _second(store: ModelStore) -> Session | None:
    """The second judge, which is not in the registry since nothing but judging needs it."""
    file = store.mirror / "detect" / f"{SECOND}.onnx" if store.mirror else None
    return Session(file, "cpu", 1) if file and file.is_file() else None


def _tiles(size: tuple[int, ...]) -> list[tuple[int, int]]:
    """Corners x, y of tiles that overlap by half and cover (h, w)."""
    columns = range(0, max(1, size[1] - _TILE[0] // 2), _TILE[0] // 2)
    return [(x, y) for y in range(0, max(1, size[0] - _TILE[1] // 2), _TILE[1] // 2) for x in columns]
