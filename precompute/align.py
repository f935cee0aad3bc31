"""Square crops in which a face lies where a model expects it, and the way back to the picture."""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

# Where five points lie in a unit square: as ArcFace's 112 px crop (insightface `face_align.arcface_dst`), and as
# face-reidentification-retail-0095 wants them (OpenVINO Open Model Zoo).
ARCFACE: Final = (
    np.array([[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]) / 112
)
OPEN_MODEL_ZOO: Final = np.array(
    [[0.31556875, 0.46157410], [0.68262292, 0.46157410], [0.50026249, 0.64050538], [0.34947187, 0.82469195],
     [0.65343106, 0.82325950]]
)  # fmt: skip


def similarity(points: npt.NDArray[np.floating], template: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """(n, 2) points, (n, 2) template -> (2, 3) rotation, one scale and shift that fit points to template best.

    Least squares without reflection (Umeyama, PAMI 13(4), 1991). Points that all coincide give the bare shift.
    """
    source, target = points.astype(np.float64), template.astype(np.float64)
    a, b = source - source.mean(0), target - target.mean(0)
    power = max(float((a**2).sum()), 1e-9)
    c, s = float((a * b).sum()) / power, float((a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum()) / power
    turn = np.array([[c, -s], [s, c]])
    return np.hstack([turn, (target.mean(0) - turn @ source.mean(0))[:, None]])


def crop(pixels: Pixels, matrix: npt.NDArray[np.float64], side: int) -> Pixels:
    """BGR uint8 (h, w, 3) and a (2, 3) matrix picture -> crop: BGR uint8 (side, side, 3), border pixels repeated.

    A crop that shows the face much smaller is made in two steps, or a large face would be sampled at scattered pixels.
    """
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if scale < 0.5:
        pixels, matrix = _shrunk(pixels, matrix, scale, side)
    out = cv2.warpAffine(pixels, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(out, np.uint8)


def _shrunk(pixels: Pixels, matrix: npt.NDArray[np.float64], scale: float, side: int) -> tuple[Pixels, npt.NDArray[np.float64]]:
    """The part of the picture that the crop shows, a whole number of times smaller but not under the crop's scale; its matrix."""
    h, w = pixels.shape[:2]
    corners = apply(cv2.invertAffineTransform(matrix), np.array([[0, 0], [side, 0], [0, side], [side, side]]))
    x0, y0 = np.clip(np.floor(corners.min(0)).astype(int) - 2, 0, [w - 1, h - 1])
    x1, y1 = np.clip(np.ceil(corners.max(0)).astype(int) + 3, [x0 + 1, y0 + 1], [w, h])
    times = max(1, min(int(1 / max(scale, 1e-6)), x1 - x0, y1 - y0))
    size = (x1 - x0) // times, (y1 - y0) // times
    part = pixels[y0 : y0 + size[1] * times, x0 : x0 + size[0] * times]
    # Pixel centres: x in the picture lies at (x - x0 + 0.5) / times - 0.5 in the small part.
    back = np.array([[times, 0, x0 - 0.5 + times / 2], [0, times, y0 - 0.5 + times / 2], [0, 0, 1]])
    return np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8), matrix @ back


def apply(matrix: npt.NDArray[np.floating], points: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """(2, 3) matrix on (n, 2) points x, y."""
    moved: npt.NDArray[np.float64] = points @ matrix[:, :2].T + matrix[:, 2]
    return moved


def turned_square(centre: npt.NDArray[np.floating], span: float, angle: float, side: int) -> npt.NDArray[np.float64]:
    """Matrix picture -> crop of ``side`` px showing a square of ``span`` px around ``centre``, turned by ``angle`` radians."""
    scale = side / max(span, 1e-3)
    c, s = np.cos(angle) * scale, np.sin(angle) * scale
    turn = np.array([[c, s], [-s, c]])
    return np.hstack([turn, (side / 2 - turn @ np.asarray(centre, np.float64))[:, None]])


def five_point_crop(pixels: Pixels, points: Floats, template: npt.NDArray[np.float64], side: int) -> Pixels:
    """The face as recognisers want it: five points (5, 2) brought to a unit-square template."""
    return crop(pixels, similarity(points, template * side), side)
