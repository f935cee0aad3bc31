"""The dense mesh of a face: 478 points in three dimensions, from a crop turned so that the eyes lie level."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from precompute import align
from precompute.session import Session

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

SIDE: Final = 192
POINTS: Final = 468  # the points after these are the irises

# Points of the mesh by their numbers (MediaPipe canonical face model), left and right as in the picture.
OVAL: Final = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
LEFT_EYE: Final = (33, 133)
RIGHT_EYE: Final = (362, 263)
LEFT_LIDS: Final = (159, 145)
RIGHT_LIDS: Final = (386, 374)
NOSE_TIP: Final = 1
MOUTH: Final = (61, 291)
LIPS: Final = (13, 14)
BROW_TO_CHIN: Final = (10, 152)
SIDES: Final = (234, 454)

FEATURES: Final = (
    (33, 133, 159, 145, 70, 63, 105, 66, 107, 46, 53, 52, 65, 55),  # left eye and brow
    (263, 362, 386, 374, 300, 293, 334, 296, 336, 276, 283, 282, 295, 285),  # right eye and brow
    (61, 291, 0, 17, 37, 267, 84, 314, 40, 270, 91, 321),  # lips
    (6, 197, 48, 278, 1, 2, 4, 5, 19, 94, 115, 344, 64, 294, 129, 358),  # nose
    (17, 18, 200, 199, 175, 83, 313, 208, 428),  # below the lips
)


@dataclass(frozen=True, slots=True)
class Mesh:
    """points float32 (478, 3): x, y in pixels of the picture, z in the same unit, smaller = nearer; presence 0..1."""

    points: Floats
    presence: float


class FaceMesh:
    """MediaPipe's face landmark model (Kartynnik et al., Real-time Facial Surface Geometry, arXiv 1907.06724)."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def fit(self, pixels: Pixels, points: Floats) -> Mesh:
        """BGR uint8 (h, w, 3) and five points (5, 2) -> mesh; the second of two looks has the better crop."""
        first = self._look(pixels, square_of_points(points))
        return self._look(pixels, square_of_mesh(first.points))

    def _look(self, pixels: Pixels, matrix: npt.NDArray[np.float64]) -> Mesh:
        view = align.crop(pixels, matrix, SIDE)[:, :, ::-1].astype(np.float32) / 255
        out = self._session.run(np.ascontiguousarray(view[None]))
        found = out["landmarks"].reshape(-1, 3).astype(np.float64)
        turn = np.linalg.inv(matrix[:, :2])
        flat = (found[:, :2] - matrix[:, 2]) @ turn.T
        depth = found[:, 2:] * np.sqrt(abs(np.linalg.det(turn)))
        presence = 1 / (1 + np.exp(-float(out["presence_logit"].reshape(-1)[0])))
        return Mesh(np.hstack([flat, depth]).astype(np.float32), float(presence))


def square_of_points(points: Floats) -> npt.NDArray[np.float64]:
    """Five points -> matrix of a level square, about 1.5 times the face."""
    eyes, mouth = points[1] - points[0], (points[3] + points[4]) / 2 - (points[0] + points[1]) / 2
    # On a profile the eyes nearly coincide, but the way to the mouth stays.
    span = 3.07 * max(float(np.hypot(*eyes)), float(np.hypot(*mouth)))
    centre = (points[0] + points[1] + points[3] + points[4]) / 4
    return align.turned_square(centre, span, float(np.arctan2(eyes[1], eyes[0])), SIDE)


def square_of_mesh(mesh: Floats) -> npt.NDArray[np.float64]:
    """Mesh (n, 2 or 3) -> matrix of a level square, 1.5 times the long side of the turned face."""
    flat = mesh[:, :2].astype(np.float64)
    eyes = flat[list(RIGHT_EYE)].mean(0) - flat[list(LEFT_EYE)].mean(0)
    angle = float(np.arctan2(eyes[1], eyes[0]))
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    level = flat @ turn.T
    low, high = level.min(0), level.max(0)
    return align.turned_square(((low + high) / 2) @ turn, 1.5 * float((high - low).max()), angle, SIDE)


def five_points(mesh: Floats) -> Floats:
    """Mesh (478, 3) -> float32 (5, 2) as detectors give them, left to right: eyes, tip of the nose, mouth corners."""
    eyes = [mesh[list(pair), :2].mean(0) for pair in (LEFT_EYE, RIGHT_EYE)]
    return np.asarray(np.stack([*eyes, mesh[NOSE_TIP, :2], *(mesh[i, :2] for i in MOUTH)]), np.float32)


def width(mesh: Floats) -> float:
    """How wide the face is across the cheeks, or as wide as it would be if turned to us, in pixels."""
    across = mesh[SIDES[1]] - mesh[SIDES[0]]
    return float(np.linalg.norm(across))
