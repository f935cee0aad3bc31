"""The dense mesh of a face: 478 points in three dimensions, from a crop turned so that the eyes lie level."""

from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from precompute import align
from precompute.head import Head
from precompute.session import Session

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

SIDE: Final = 192  # of the crops that matrices lead to, whatever a model's own side is
POINTS: Final = 468  # the points after these are the irises

# Points of the mesh by their numbers (MediaPipe canonical face model), left and right as in the picture.
OVAL: Final = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
# Down the middle of the face, from the hairline over nose and lips to the chin: the silhouette of a profile.
MIDLINE: Final = (
    10, 151, 9, 8, 168, 6, 197, 195, 5, 4, 1, 19, 94, 2, 164, 0, 11, 12, 13, 14, 15, 16, 17, 18, 200, 199, 175, 152,
)  # fmt: skip
LEFT_EYE: Final = (33, 133)
RIGHT_EYE: Final = (362, 263)
RING: Final = 1.22  # how much larger than the oval the ring around it is, which reaches into the hair
LEFT_IRIS: Final = (468, 469, 470, 471, 472)  # middle and ring
RIGHT_IRIS: Final = (473, 474, 475, 476, 477)
IRISES: Final = (LEFT_IRIS[0], RIGHT_IRIS[0])
LEFT_LIDS: Final = (159, 145)
RIGHT_LIDS: Final = (386, 374)
MOUTH: Final = (61, 291)
LIPS: Final = (13, 14)
LIDS: Final = (
    33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246,
    263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466,
)  # fmt: skip
MOUTH_EDGES: Final = (
    61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146,
    78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95,
)  # fmt: skip
BROW_TO_CHIN: Final = (10, 152)
SIDES: Final = (234, 454)

FEATURES: Final = (
    (33, 133, 159, 145, 70, 63, 105, 66, 107, 46, 53, 52, 65, 55),  # left eye and brow
    (263, 362, 386, 374, 300, 293, 334, 296, 336, 276, 283, 282, 295, 285),  # right eye and brow
    (61, 291, 0, 17, 37, 267, 84, 314, 40, 270, 91, 321),  # lips
    (6, 197, 48, 278, 1, 2, 4, 5, 19, 94, 115, 344, 64, 294, 129, 358),  # nose
    (17, 18, 200, 199, 175, 83, 313, 208, 428),  # below the lips
)


# The five points of a detector on the mesh, in its order: eye, eye, nose tip, mouth corner, mouth corner.
FIVE: Final = (LEFT_EYE, RIGHT_EYE, (1,), MOUTH[:1], MOUTH[1:])

SURE: Final = 0.4  # trust from which the first looks are believed
LIKELY: Final = 0.08  # trust below which none is
HOPELESS: Final = 0.005  # presence below which no other crop is looked at
AGREE_SHARE: Final = 0.25  # of the face's width: eyes and mouth at most this far from the detector's
ON_BOX: Final = 0.6  # least overlap (intersection over union) of the mesh's bounds and the detector's box
LEAN: Final = 0.25  # radians
GRAY: Final = 128


@dataclass(frozen=True, slots=True)
class Mesh:
    """points float32 (478, 3): x, y in pixels of the picture, z in the same unit, smaller = nearer; presence 0..1.

    ``stiff``: the model saw no face there, and the points are those of a mean head laid on the detector's five points.
    """

    points: Floats
    presence: float
    stiff: bool = False


class FaceMesh:
    """A model with the contract of MediaPipe's (Kartynnik et al., Real-time Facial Surface Geometry, arXiv 1907.06724)."""

    def __init__(self, session: Session) -> None:
        self._session = session
        # What the model says of a plain gray picture is its mean face, looking straight ahead.
        mean = self.look(np.full((SIDE, SIDE, 3), GRAY, np.uint8), np.eye(2, 3)).points
        self._head = Head(mean, five(mean))

    def fit(self, pixels: Pixels, points: Floats, box: Floats) -> Mesh:
        """BGR uint8 (h, w, 3), five points (5, 2) and box x, y, w, h (4,) of a detector -> mesh.

        The second of two looks has the better crop. Where that is doubtful, as on profiles and behind hands, other crops are
        looked at too, and the best by presence and agreement with the detector is taken; if none will do, a stiff head.
        """
        mesh = self._looks(pixels, square_of_points(points))[1]
        best = trust(mesh, points, box)
        if best >= SURE:
            return mesh
        stiff = self._head.on(points)
        for matrix in (square_of_mesh(stiff), *other_squares(points, box)):
            looks = self._looks(pixels, matrix)
            trusted = [trust(look, points, box) for look in looks]
            if max(trusted) > best:
                mesh, best = looks[int(np.argmax(trusted))], max(trusted)
            if best >= SURE or max(look.presence for look in looks) < HOPELESS:
                break
        return mesh if best >= LIKELY else Mesh(stiff, 0.0, stiff=True)

    def _looks(self, pixels: Pixels, matrix: npt.NDArray[np.float64]) -> tuple[Mesh, Mesh]:
        first = self.look(pixels, matrix)
        return first, self.look(pixels, square_of_mesh(first.points))

    def look(self, pixels: Pixels, matrix: npt.NDArray[np.float64]) -> Mesh:
        """The mesh in the one crop of BGR uint8 (h, w, 3) that a (2, 3) matrix picture -> crop shows."""
        side = self._session.side
        matrix = matrix * (side / SIDE)
        view = align.crop(pixels, matrix, side)[:, :, ::-1].astype(np.float32) / 255
        out = self._session.run(np.ascontiguousarray(view[None]))
        found = out["landmarks"].reshape(-1, 3).astype(np.float64)
        turn = np.linalg.inv(matrix[:, :2])
        flat = (found[:, :2] - matrix[:, 2]) @ turn.T
        depth = found[:, 2:] * np.sqrt(abs(np.linalg.det(turn)))
        presence = 1 / (1 + np.exp(-float(out["presence_logit"].reshape(-1)[0])))
        return Mesh(np.hstack([flat, depth]).astype(np.float32), float(presence))


def five(mesh: Floats) -> Floats:
    """Mesh (478, 2 or 3) -> where a detector's five points should lie, float32 (5, 2 or 3)."""
    return np.stack([mesh[list(numbers)].mean(0) for numbers in FIVE])


def trust(mesh: Mesh, points: Floats, box: Floats) -> float:
    """The presence of a mesh, less the farther it is from a detector's five points, and 0 where it is not on its box."""
    return mesh.presence * max(0.0, 1 - (miss(mesh.points, points) / AGREE_SHARE) ** 2) * lies_on(mesh.points, box)


def miss(mesh: Floats, points: Floats) -> float:
    """Largest distance of eyes and mouth of the mesh from a detector's points, as a share of the face's width.

    The tip of the nose does not count: detectors put it anywhere.
    """
    apart = np.linalg.norm(five(mesh)[:, :2] - points, axis=1)[[0, 1, 3, 4]]
    return float(apart.max()) / max(width(mesh), 1e-6)


def lies_on(mesh: Floats, box: Floats) -> bool:
    """Whether the bounds of the mesh and the detector's box x, y, w, h overlap as much as those of one face do."""
    low, high = mesh[:POINTS, :2].min(0), mesh[:POINTS, :2].max(0)
    start, size = np.asarray(box[:2]), np.asarray(box[2:])
    common = float((np.minimum(high, start + size) - np.maximum(low, start)).clip(0).prod())
    return common > ON_BOX * (float((high - low).prod() + size.prod()) - common)


def other_squares(points: Floats, box: Floats) -> Iterator[npt.NDArray[np.float64]]:
    """Matrices of squares around a detector's box, 1.3 or 1.6 times its long side, level and turned."""
    down = points[3:].mean(0) - points[:2].mean(0)
    # On profiles the way from the eyes to the mouth says more than the line through the eyes.
    lean = float(np.arctan2(-down[0], down[1]))
    centre, side = box[:2] + box[2:] / 2, float(box[2:].max())
    for span, angle in ((1.3, 0.0), (1.3, lean), (1.6, lean), (1.6, lean - LEAN), (1.6, lean + LEAN)):
        yield align.turned_square(centre, span * side, angle, SIDE)


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


def width(mesh: Floats) -> float:
    """How wide the face is across the cheeks, or as wide as it would be if turned to us, in pixels."""
    across = mesh[SIDES[1]] - mesh[SIDES[0]]
    return float(np.linalg.norm(across))


def enlarged(mesh: Floats, factors: Sequence[float]) -> Iterator[Floats]:
    """Mesh (478, 3) -> the same shape around the same middle, by each of the factors."""
    middle = mesh[:POINTS].mean(0)
    for factor in factors:
        yield np.asarray((mesh - middle) * factor + middle, np.float32)
