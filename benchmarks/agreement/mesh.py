"""A dense mesh against its teacher's, on portraits kept back from training and on group photos."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks.report import Figures
from precompute import describe
from precompute.detect import Detector
from precompute.detect import Floats
from precompute.detect import Pixels
from precompute.evaluation import kept
from precompute.landmarks import FaceMesh
from precompute.landmarks import Mesh

WIDE_PX: Final = 40.0


@dataclass(frozen=True, slots=True)
class Agreed:
    """Faces that the teacher fitted a mesh to: how many, how many of them the other did not, and over the rest the mean error
    as a share of the interocular distance, and the mean differences of yaw, pitch and roll in degrees.
    """

    faces: int
    missed: int
    error: float
    angles: Floats


def figures(
    place: str, photos: Sequence[Pixels], own: FaceMesh, teacher: FaceMesh, detector: Detector, sizes: Sequence[int]
) -> Figures:
    """BGR uint8 photos -> figures; both meshes start from the same detections, of faces ``WIDE_PX`` wide and more."""
    pairs = []
    for pixels in photos:
        found = detector.find(pixels, sizes)
        for points, box in zip(found.points, found.boxes, strict=True):
            if box[2] >= WIDE_PX:
                pairs.append((teacher.fit(pixels, points, box), own.fit(pixels, points, box)))
    agreed = compared(pairs)
    yaw, pitch, roll = (round(float(angle), 2) for angle in agreed.angles)
    return {
        f"mesh_{place}_faces": agreed.faces, f"mesh_{place}_missed": round(agreed.missed / max(1, agreed.faces), 4),
        f"mesh_{place}_error": round(agreed.error, 4),
        f"mesh_{place}_yaw_degrees": yaw, f"mesh_{place}_pitch_degrees": pitch, f"mesh_{place}_roll_degrees": roll,
    }  # fmt: skip


def compared(pairs: Sequence[tuple[Mesh, Mesh]]) -> Agreed:
    """The teacher's mesh of each face and the other's; faces where the teacher saw none do not count."""
    fitted = [(teacher, own) for teacher, own in pairs if not teacher.stiff]
    both = [(teacher.points, own.points) for teacher, own in fitted if not own.stiff]
    errors = [kept.landmark_error(teacher, own) for teacher, own in both]
    angles = [np.abs(_angles(teacher) - _angles(own)) for teacher, own in both]
    nothing = not both
    return Agreed(
        len(fitted), len(fitted) - len(both),
        float("nan") if nothing else float(np.mean([error for error in errors if error is not None])),
        np.full(3, np.nan, np.float32) if nothing else np.asarray(np.mean(angles, 0), np.float32),
    )  # fmt: skip


def _angles(mesh: Floats) -> Floats:
    pose = describe.pose(mesh)
    return np.array([pose.yaw, pose.pitch, pose.roll], np.float32)
