"""Synthetic portraits as they are pasted: looked at from the side too, cut out, with the box and points of their one face."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from precompute.models import Progress
from precompute.training.detector.profiles import Turning
from precompute.training.detector.teacher import Teacher

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

SIDE: Final = 256
HELD_OUT: Final = 10  # every tenth portrait takes no part in training
SURE: Final = 0.5
ANY: Final = 0.2
ASIDE: Final = (20.0, 55.0)  # degrees, of a head turned as a cylinder
PROFILE: Final = (40.0, 95.0)  # degrees, of one turned in three dimensions
MIRRORED: Final = (1, 0, 2, 4, 3)
_ROUND: Final = 0.85  # of a head as seen from above: half its width over the width of its face box


@dataclass(frozen=True, slots=True)
class View:
    """BGR uint8 (256, 256, 3), the cut of head and shoulders uint8 (256, 256), the face's box (4,) and points (5, 2)."""

    pixels: Pixels
    cut: Pixels
    box: Floats
    points: Floats


def files(folder: Path) -> tuple[list[Path], list[Path]]:
    """Portraits to learn from and those held out, in the order of their names."""
    every = sorted(file for file in folder.iterdir() if file.suffix.lower() in (".jpg", ".jpeg", ".png"))
    return [f for i, f in enumerate(every) if i % HELD_OUT], every[::HELD_OUT]


def views(
    chosen: Sequence[Path], teacher: Teacher, turning: Turning, rng: np.random.Generator, progress: Progress
) -> list[View]:
    """Each portrait in which the teacher finds one face, and its head turned aside and into a profile where it still finds it."""
    found = []
    for done, file in enumerate(chosen, 1):
        pixels = cv2.imdecode(np.fromfile(file, np.uint8), cv2.IMREAD_COLOR)
        ahead = None if pixels is None else _ahead(cv2.resize(pixels, (SIDE, SIDE), interpolation=cv2.INTER_AREA), teacher)
        if ahead is not None:
            aside, profile = rng.uniform(*ASIDE) * rng.choice((-1, 1)), rng.uniform(*PROFILE) * rng.choice((-1, 1))
            sides = (
                [turned(each, ahead.box, float(aside)) for each in (ahead.pixels, ahead.cut)],
                turning.turned(ahead.pixels, ahead.box, ahead.points, float(profile), rng),
            )
            found += [ahead, *(view for pixels, cut in sides if (view := _view(pixels, cut, teacher)) is not None)]
        progress("portraits", done, len(chosen))
    return found


def turned(pixels: Pixels, box: Floats, degrees: float) -> Pixels:
    """The picture as if its head, a standing cylinder, were turned: uint8 (h, w, 3) or (h, w)."""
    h, w = pixels.shape[:2]
    centre, radius = box[0] + box[2] / 2, box[2] * _ROUND
    at = np.arange(w, dtype=np.float32) - centre
    angle = np.arcsin((at / radius).clip(-1, 1)) - np.deg2rad(degrees)
    around = radius * np.sin(angle.clip(-np.pi / 2, np.pi / 2))
    columns = np.where(np.abs(at) < radius, around, at + np.sign(at) * (np.abs(around) - radius)) + centre
    x = np.repeat(columns[None].astype(np.float32), h, 0)
    y = np.repeat(np.arange(h, dtype=np.float32)[:, None], w, 1)
    return np.asarray(cv2.remap(pixels, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _ahead(pixels: Pixels, teacher: Teacher) -> View | None:
    place = _place(pixels, teacher)
    return None if place is None else View(pixels, _cut(pixels, place[0]), *place)


def _view(pixels: Pixels, cut: Pixels, teacher: Teacher) -> View | None:
    place = _place(pixels, teacher)
    return None if place is None else View(pixels, cut, *place)


def _place(pixels: Pixels, teacher: Teacher) -> tuple[Floats, Floats] | None:
    """Box (4,) and points (5, 2); none unless the teacher finds one face, and the same one in the mirror."""
    seen, again = teacher.find(pixels, ANY), teacher.find(np.ascontiguousarray(pixels[:, ::-1]), ANY)
    if len(seen) != 1 or len(again) != 1 or min(seen.scores[0], again.scores[0]) < SURE:
        return None
    back = again.points[0][list(MIRRORED)] * [-1, 1] + [SIDE, 0]
    there = again.boxes[0] * [-1, 1, 1, 1] + [SIDE - again.boxes[0, 2], 0, 0, 0]
    box = np.asarray((seen.boxes[0] + there) / 2, np.float32)
    return box, np.asarray((seen.points[0] + back) / 2, np.float32)


def _cut(pixels: Pixels, box: Floats) -> Pixels:
    """The person as GrabCut tells it from what is behind (Rother, Kolmogorov, Blake, SIGGRAPH 2004), with a soft edge."""
    small = cv2.resize(pixels, (SIDE // 4, SIDE // 4), interpolation=cv2.INTER_AREA)
    x, y, w, h = (float(v) / 4 for v in box)
    centre, last = (int(x + w / 2), int(y + h * 0.45)), SIDE // 4
    mask = np.full(small.shape[:2], cv2.GC_PR_BGD, np.uint8)
    mask[: last // 2, :2] = mask[: last // 2, -2:] = mask[:1] = cv2.GC_BGD
    cv2.ellipse(mask, centre, (int(w * 0.75), int(h * 0.8)), 0, 0, 360, int(cv2.GC_PR_FGD), -1)
    cv2.rectangle(mask, (int(x - w * 0.4), int(y + h * 1.2)), (int(x + w * 1.4), last), int(cv2.GC_PR_FGD), -1)
    cv2.ellipse(mask, centre, (int(w * 0.45), int(h * 0.55)), 0, 0, 360, int(cv2.GC_FGD), -1)
    cv2.grabCut(small, mask, None, np.zeros((1, 65)), np.zeros((1, 65)), 2, cv2.GC_INIT_WITH_MASK)
    person = np.where((mask == cv2.GC_FGD) | (mask == cv2.GC_PR_FGD), 255, 0).astype(np.uint8)
    soft = cv2.GaussianBlur(cv2.resize(person, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC), (0, 0), 2)
    return np.asarray(soft, np.uint8)
