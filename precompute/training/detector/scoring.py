"""How good a network is on composites of held-out people, as ``precompute.detect.YuNet`` would find their faces."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import torch

from precompute.detect import Detections
from precompute.detect import merge
from precompute.training.detector.composites import Composite
from precompute.training.detector.labels import Labels
from precompute.training.detector.labels import alike
from precompute.training.detector.network import Network
from precompute.training.detector.network import rows
from precompute.training.detector.teacher import grid

Floats = npt.NDArray[np.float32]

THRESHOLD: Final = 0.6
SAME: Final = 0.4


@dataclass(frozen=True, slots=True)
class Score:
    """Recall and precision at the threshold, and the mean error of points as a share of the distance between the eyes."""

    recall: float
    precision: float
    error: float

    @property
    def total(self) -> float:
        """What the best network has most of."""
        return 2 * self.recall * self.precision / max(self.recall + self.precision, 1e-6) - self.error


def score(network: Network, held: Sequence[tuple[Composite, Labels]]) -> Score:
    """Of a network in evaluation mode, on labelled composites."""
    wanted, hit, said, true, errors = 0, 0, 0, 0, [1.0]
    for composite, labels in held:
        found = detections(network, composite.pixels)
        there = labels.faces[labels.faces[:, 2] > 0]
        shares = alike(found.boxes, there[:, :4])
        allowed = alike(found.boxes, np.concatenate([there[:, :4], composite.boxes, composite.open]))
        wanted, said = wanted + len(there), said + len(found)
        true += int((allowed > SAME / 2).any(1).sum())
        for j in np.flatnonzero((shares > SAME).any(0)):
            hit += 1
            points = there[j, 4:].reshape(5, 2)
            apart = max(float(np.linalg.norm(points[0] - points[1])), 0.25 * float(there[j, 2]))
            errors.append(float(np.linalg.norm(found.points[shares[:, j].argmax()] - points, axis=1).mean()) / apart)
    return Score(hit / max(wanted, 1), true / max(said, 1), float(np.mean(errors[1:] or errors)))


def detections(network: Network, pixels: npt.NDArray[np.uint8], threshold: float = THRESHOLD) -> Detections:
    """BGR uint8 (side, side, 3) -> the faces that a network finds there."""
    device = next(network.parameters()).device
    with torch.no_grad():
        out = rows(network(torch.from_numpy(pixels).to(device).permute(2, 0, 1)[None].float()))[0].cpu()
    scores = out[:, :2].sigmoid().prod(1).sqrt().numpy()
    kept = np.flatnonzero(scores >= threshold)
    corners, strides = (each[kept] for each in grid(pixels.shape[0]))
    told = out.numpy()[kept, 2:]
    centres, sizes = (corners + told[:, :2]) * strides[:, None], np.exp(told[:, 2:4].clip(max=8)) * strides[:, None]
    points = (told[:, 4:].reshape(-1, 5, 2) + corners[:, None]) * strides[:, None, None]
    return merge([Detections(np.hstack([centres - sizes / 2, sizes]), scores[kept], points)])
