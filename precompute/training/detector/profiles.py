"""Heads as seen from the side: a face's mesh turned in three dimensions, before a skull, an ear and a neck in its colours."""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from precompute import landmarks
from precompute.facemodel import weights
from precompute.landmarks import FaceMesh
from precompute.models import ModelStore
from precompute.session import Session
from precompute.swap import warp
from precompute.swap.warp import Triangles
from precompute.training.booth import pose

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

# In widths of the face: the skull's middle behind and above the face's, half its width, height and depth, and the ear.
BEHIND: Final = 0.5
ABOVE: Final = 0.22
SKULL: Final = (0.54, 0.66, 0.68)
EAR: Final = (0.09, 0.15)
FEATHER: Final = 0.7  # px
FOREHEAD: Final = 10  # of the mesh's points
CHEEK: Final = 50


class Turning:
    """Turns the heads of portraits into profiles."""

    def __init__(self, mesh: FaceMesh, corners: Triangles) -> None:
        """``corners``: of the triangles of a mesh (478, 3)."""
        self._mesh = mesh
        self._corners = corners

    @classmethod
    def load(cls, store: ModelStore) -> "Turning":
        """With the shipped mesh; raises ``PrecomputeError``."""
        reference = weights.load(store.path("face-model")).reference
        return cls(FaceMesh(Session(store.path("face-mesh"), "cpu", 1)), warp.triangles(reference))

    def turned(
        self, pixels: Pixels, box: Floats, points: Floats, degrees: float, rng: np.random.Generator
    ) -> tuple[Pixels, Pixels]:
        """BGR uint8 (h, w, 3) with a face that looks ahead, in a box (4,) and with five points (5, 2) -> its head turned by so
        many degrees, uint8 (h, w, 3), and what of that is head and neck, uint8 (h, w).
        """
        mesh = self._mesh.fit(pixels, points, box).points
        wide, middle = landmarks.width(mesh), mesh[: landmarks.POINTS].mean(0)
        skull = middle + np.array([0, -ABOVE * wide, BEHIND * wide], np.float32)
        turned = pose.rotated(np.vstack([mesh, skull]), degrees, float(rng.normal(0, pose.PITCH)))
        turned[:, :2] += middle[:2] - (turned[: landmarks.POINTS, :2].mean(0) + turned[-1, :2]) / 2
        out, cut = _behind(pixels, rng), np.zeros(pixels.shape[:2], np.uint8)
        skin = _spread(pixels, mesh[CHEEK, :2], wide * 0.08, wide * 0.08)
        hair = _spread(pixels, mesh[FOREHEAD, :2] - np.array([0, wide * 0.16], np.float32), wide * 0.3, wide * 0.12)
        _neck(out, cut, skin, turned[-1], wide)
        _skull(out, cut, hair, turned[-1], wide, degrees)
        _ear(out, cut, skin, turned, wide, degrees)
        self._face(out, cut, pixels, turned[:-1], mesh)
        return out, np.asarray(cv2.GaussianBlur(cut, (0, 0), FEATHER), np.uint8)

    def _face(self, out: Pixels, cut: Pixels, pixels: Pixels, turned: Floats, mesh: Floats) -> None:
        places = warp.backward_map(mesh, turned, self._corners, (pixels.shape[0], pixels.shape[1]))
        drawn = cv2.remap(pixels, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
        mask, flat = np.zeros(cut.shape, np.uint8), turned[self._corners, :2]
        (ax, ay), (bx, by) = (flat[:, 1] - flat[:, 0]).T, (flat[:, 2] - flat[:, 0]).T
        for corner in np.round(flat[ax * by > ay * bx] * 16).astype(np.int32):
            cv2.fillConvexPoly(mask, corner, 255, shift=4)
        _lay(out, cut, np.asarray(drawn, np.uint8), mask)


def _behind(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """What the portrait shows beside its head, over the whole picture."""
    h, w = pixels.shape[:2]
    left = 0 if rng.random() < 0.5 else w - w // 8
    return np.asarray(cv2.resize(pixels[: h // 2, left : left + w // 8], (w, h), interpolation=cv2.INTER_LINEAR), np.uint8)


def _skull(out: Pixels, cut: Pixels, hair: Pixels, centre: Floats, wide: float, degrees: float) -> None:
    """An ellipsoid in what lies above the forehead: hair, a hat, or skin."""
    angle, mask = np.deg2rad(degrees), np.zeros(cut.shape, np.uint8)
    across = float(np.hypot(SKULL[0] * np.cos(angle), SKULL[2] * np.sin(angle))) * wide
    cv2.ellipse(mask, _whole(centre), (int(across), int(SKULL[1] * wide)), 0, 0, 360, 255, -1)
    _lay(out, cut, hair, mask)


def _neck(out: Pixels, cut: Pixels, skin: Pixels, centre: Floats, wide: float) -> None:
    (x, y), half, low, mask = centre[:2], wide * 0.33, float(len(out)), np.zeros(cut.shape, np.uint8)
    ends = np.array([[x - half, y], [x + half, y], [x + half * 1.2, low], [x - half * 1.2, low]])
    cv2.fillPoly(mask, [ends.astype(np.int32)], 255)
    _lay(out, cut, cv2.convertScaleAbs(skin, alpha=0.8), mask)


def _ear(out: Pixels, cut: Pixels, skin: Pixels, turned: Floats, wide: float, degrees: float) -> None:
    """Behind that end of the oval which is nearer to the back of the head."""
    ends = turned[list(landmarks.OVAL)]
    back = turned[-1, 0] < turned[: landmarks.POINTS, 0].mean()
    end = ends[ends[:, 0].argmin() if back else ends[:, 0].argmax()]
    mask, size = np.zeros(cut.shape, np.uint8), (max(1, int(EAR[0] * wide)), max(1, int(EAR[1] * wide)))
    cv2.ellipse(mask, _whole(end + (turned[-1] - end) * 0.12), size, float(np.sign(degrees)) * 10, 0, 360, 255, -1)
    _lay(out, cut, cv2.convertScaleAbs(skin, alpha=0.9), mask)


def _lay(out: Pixels, cut: Pixels, over: Pixels, mask: Pixels) -> None:
    share = cv2.GaussianBlur(mask, (0, 0), FEATHER).astype(np.float32) / 255
    out[:] = cv2.blendLinear(np.ascontiguousarray(over), np.ascontiguousarray(out), share, 1 - share)
    np.maximum(cut, mask, out=cut)


def _spread(pixels: Pixels, at: Floats, half_w: float, half_h: float) -> Pixels:
    """What is around a place, as much of it as there is, stretched over the whole picture."""
    h, w = pixels.shape[:2]
    x0, x1 = (int(np.clip(at[0] + s * half_w, 0, w - 1)) for s in (-1, 1))
    y0, y1 = (int(np.clip(at[1] + s * half_h, 0, h - 1)) for s in (-1, 1))
    patch = pixels[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)]
    return np.asarray(cv2.resize(patch, (w, h), interpolation=cv2.INTER_LINEAR), np.uint8)


def _whole(point: Floats) -> tuple[int, int]:
    return int(point[0]), int(point[1])
