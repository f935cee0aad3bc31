"""A donor's face, drawn through the dense mesh onto another: its shape and expression, its light, its sharpness."""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from precompute import landmarks
from precompute.donors import Donor
from precompute.swap import eyes
from precompute.swap import grain
from precompute.swap import light
from precompute.swap import mouth
from precompute.swap import warp
from precompute.swap.shape import Shape

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

SHRINK_BELOW: Final = 0.75


class DonorSwapper:
    """Piecewise-affine warp of a donor through the mesh, relit by a smooth gain, with the photo's softness and grain."""

    def __init__(self, reference: Floats) -> None:
        """``reference``: mean mesh (478, 3) whose Delaunay triangles all warps share."""
        ringed = warp.ringed(reference)
        self._corners = warp.triangles(ringed)
        self._shape = Shape(reference)
        self._areas = point_areas(ringed, self._corners)
        self._bare = self._areas * is_bare(reference)

    def render(self, crop: Pixels, mesh: Floats, donor: Donor, rng: np.random.Generator) -> Pixels:
        """See ``Swapper``; a gray crop gives a gray face."""
        gray = is_gray(crop)
        pixels = grayed(donor.pixels) if gray else donor.pixels
        settled = self._shape.settle(donor.mesh if donor.shape is None else donor.shape, mesh, mimic=donor.shape is not None)
        drawn = self._draw(pixels, donor, settled, crop.shape[:2])
        lit = light.relit(drawn, light.skin(pixels, donor.mesh), light.skin(crop, mesh), mesh, self._areas, self._bare)
        if donor.shape is not None:
            eyes.draw(lit, settled, mesh)
        if donor.mouth is not None:
            gain = np.exp(light.of_face(light.skin(crop, mesh), mesh, crop.shape)[0] - donor.mouth.tone)
            mouth.draw(lit, mesh, donor.mouth.inside, gain)
        face = grain.match(lit, crop, mesh, rng)
        return grayed(face) if gray else face

    def _draw(self, pixels: Pixels, donor: Donor, settled: Floats, size: tuple[int, ...]) -> Pixels:
        pixels, known = shrunk(pixels, donor.mesh, landmarks.width(settled))
        source, target = warp.ringed(known, donor.reach), warp.ringed(settled)
        places = warp.backward_map(source, target, self._corners, (size[0], size[1]))
        drawn = cv2.remap(pixels, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
        return np.asarray(drawn, np.uint8)


def point_areas(reference: Floats, corners: npt.NDArray[np.int32]) -> Floats:
    """How much of the face each of the 468 points stands for, float32 (468,), summing to 1."""
    a, b, c = (reference[corners[:, i], :2] for i in range(3))
    area = np.abs(np.linalg.det(np.stack([b - a, c - a], 1)))
    total = np.bincount(corners.ravel(), np.repeat(area, 3), len(reference)).astype(np.float32)[: landmarks.POINTS]
    total[list(landmarks.OVAL)] /= 2  # the rest of theirs lies outside of the face
    return np.asarray(total / total.sum(), np.float32)


def is_bare(reference: Floats) -> npt.NDArray[np.bool_]:
    """Which of the 468 points lie on skin, bool (468,): not in or near an eye, a brow or the lips of the mean mesh."""
    points = reference[: landmarks.POINTS, :2]
    feature = _within(points, reference, landmarks.MOUTH, 0.65, 0.45)
    for eye in (landmarks.LEFT_EYE, landmarks.RIGHT_EYE):
        feature |= _within(points, reference, eye, 0.95, 0.95, raised=0.45)
    return ~feature


def _within(
    points: Floats, reference: Floats, pair: tuple[int, int], wide: float, high: float, raised: float = 0
) -> npt.NDArray[np.bool_]:
    """Points in an ellipse around the middle of a pair of points; half axes and shift up as shares of their distance."""
    apart = float(np.linalg.norm(reference[pair[0], :2] - reference[pair[1], :2]))
    off = (points - reference[list(pair), :2].mean(0)) / apart + np.array([0, raised], np.float32)
    return np.asarray(np.square(off / np.array([wide, high], np.float32)).sum(1) < 1, np.bool_)


def shrunk(pixels: Pixels, mesh: Floats, wanted: float) -> tuple[Pixels, Floats]:
    """A donor brought down to the wanted face width in pixels where it is much larger, or sampling would alias."""
    factor = wanted / max(landmarks.width(mesh), 1e-3)
    if factor >= SHRINK_BELOW:
        return pixels, mesh
    h, w = pixels.shape[:2]
    size = max(2, round(w * factor)), max(2, round(h * factor))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    step = np.array([size[0] / w, size[1] / h, factor], np.float32)
    half = np.array([0.5, 0.5, 0], np.float32)
    return np.asarray(small, np.uint8), (mesh + half) * step - half


def is_gray(pixels: Pixels) -> bool:
    """Whether all three channels of BGR uint8 (h, w, 3) are equal."""
    return bool((pixels[..., 0] == pixels[..., 1]).all() and (pixels[..., 1] == pixels[..., 2]).all())


def grayed(pixels: Pixels) -> Pixels:
    """BGR uint8 (h, w, 3) -> the same with its luma in all three channels."""
    return np.asarray(cv2.cvtColor(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR), np.uint8)
