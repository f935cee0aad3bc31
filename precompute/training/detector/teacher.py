"""What the teaching detector says of a picture: a score, a box and five points for every cell of its three grids."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from precompute.detect import Detections
from precompute.detect import merge
from precompute.session import Session

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

NAME: Final = "yunet_n_dynamic"
STRIDES: Final = (8, 16, 32)


@dataclass(frozen=True, slots=True)
class Cells:
    """n cells, stride 8 first, row by row: scores float32 (n,), boxes (n, 4) x, y, w, h and points (n, 5, 2) in pixels."""

    scores: Floats
    boxes: Floats
    points: Floats


def grid(side: int) -> tuple[Floats, Floats]:
    """Column and row float32 (n, 2), and stride float32 (n,), of every cell of a square picture of so many pixels."""
    corners, strides = [], []
    for stride in STRIDES:
        rows, columns = np.mgrid[: side // stride, : side // stride]
        corners.append(np.stack([columns.ravel(), rows.ravel()], 1))
        strides.append(np.full(rows.size, stride))
    return np.concatenate(corners).astype(np.float32), np.concatenate(strides).astype(np.float32)


class Teacher:
    """A detector of YuNet's output contract, asked about square pictures whose side is a multiple of 32 pixels."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def cells(self, pixels: Pixels) -> Cells:
        """BGR uint8 (side, side, 3) -> what each cell says."""
        out = self._session.run(np.ascontiguousarray(pixels.transpose(2, 0, 1)[None], np.float32))
        whole = {kind: np.concatenate([out[f"{kind}_{s}"][0] for s in STRIDES]) for kind in ("cls", "obj", "bbox", "kps")}
        corners, strides = grid(pixels.shape[0])
        scores = np.sqrt(whole["cls"][:, 0].clip(0, 1) * whole["obj"][:, 0].clip(0, 1))
        centres = (corners + whole["bbox"][:, :2]) * strides[:, None]
        sizes = np.exp(whole["bbox"][:, 2:].clip(max=8)) * strides[:, None]
        points = (whole["kps"].reshape(-1, 5, 2) + corners[:, None]) * strides[:, None, None]
        return Cells(scores, np.hstack([centres - sizes / 2, sizes]), points)

    def find(self, pixels: Pixels, threshold: float) -> Detections:
        """BGR uint8 (side, side, 3) -> its faces from a score on, best first."""
        cells = self.cells(pixels)
        kept = np.flatnonzero(cells.scores >= threshold)
        return merge([Detections(cells.boxes[kept], cells.scores[kept], cells.points[kept])])
