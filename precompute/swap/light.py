"""Coarse light and skin colour of a face, and the smooth gain that brings one face into the light of another."""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from precompute import align
from precompute import landmarks

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

PATCH: Final = 96
PATCH_BLUR: Final = 2.0
FLOOR: Final = 6.0
MOST_SLOPE: Final = 0.5  # natural logarithms, around the middle of the face
MIDDLE: Final = 0.6  # of the half face
RIDGE: Final = 0.003
STIFF: Final = (100, 100, 30, 10, 3, 1, 1, 1)  # times the ridge: round by round the fit may bend more
GRAZING: Final = 0.3  # cosine added, for points of the outline face sideways even on a head that looks straight at us
GRID: Final = 40
CONTRAST: Final = (0.75, 1.3)
COARSE: Final = 48
PATCH_LEVELS: Final = 15.0  # of 255
FEATURE_BLUR: Final = 0.03  # of the face
COLOUR: Final = (0.0, 1.0)
LUMA: Final = np.array([0.114, 0.587, 0.299], np.float32)


def skin(pixels: Pixels, mesh: Floats) -> Floats:
    """BGR uint8 (h, w, 3) and mesh (478, 3) -> log colour at the 468 points, blurred over about 5 % of the face; (468, 3)."""
    matrix = align.turned_square(middle(mesh), 1.6 * size(mesh), 0.0, PATCH)
    patch = cv2.GaussianBlur(align.crop(pixels, matrix, PATCH), (0, 0), PATCH_BLUR)
    at = align.apply(matrix, mesh[: landmarks.POINTS, :2]).astype(np.float32)
    sampled = cv2.remap(patch, at[None], None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[0]
    return np.log(sampled.astype(np.float32) + np.float32(FLOOR))


def middle(mesh: Floats) -> Floats:
    """Middle of a mesh's bounds, float32 (2,)."""
    points = mesh[: landmarks.POINTS, :2]
    return np.asarray((points.min(0) + points.max(0)) / 2, np.float32)


def size(mesh: Floats) -> float:
    """Long side of a mesh's bounds in pixels."""
    return float(np.ptp(mesh[: landmarks.POINTS, :2], axis=0).max())


def frame(mesh: Floats, points: Floats) -> Floats:
    """Points (n, 2) in units of the half face around its middle, float32 (n, 2)."""
    return np.asarray((points - middle(mesh)) / (size(mesh) / 2), np.float32)


def basis(at: Floats) -> Floats:
    """Smooth functions of the place (n, 2): second-order polynomials, float32 (n, 6)."""
    x, y = at[:, 0], at[:, 1]
    return np.stack([np.ones_like(x), x, y, x * y, x * x, y * y], 1)


def fit(difference: Floats, at: Floats, weight: Floats) -> Floats:
    """Log colour difference (468, 3) at places (468, 2) with weights (468,) -> coefficients (6, 3), float32.

    Robust (Tukey's biweight, iteratively reweighted): hair, glasses, hands and beards are outvoted by skin. The first guess
    is nearly even and comes from the middle of the face, which is covered least often, or a curtain of hair would be taken for
    shade.
    """
    functions = basis(at)
    trust = weight * np.exp(-np.square(at / MIDDLE).sum(1))
    ridge = np.diag([0, 1, 1, 4, 4, 4]).astype(np.float32) * RIDGE * weight.sum()
    found = np.zeros((functions.shape[1], 3), np.float32)
    for stiff in STIFF:
        weighted = functions * trust[:, None]
        found = np.linalg.solve(functions.T @ weighted + stiff * ridge, weighted.T @ difference)
        miss = np.linalg.norm(difference - functions @ found, axis=1)
        limit = 3.0 * max(float(np.median(miss)), 0.05)
        trust = weight * np.square(1 - np.square(np.minimum(miss / limit, 1)))
    return np.asarray(found, np.float32)


def of_face(skin: Floats, mesh: Floats, shape: tuple[int, ...]) -> Floats:
    """Log colours (468, 3) of a face with mesh (478, 3) in a (h, w) picture -> its own smooth light and colour, (6, 3)."""
    return fit(skin, frame(mesh, mesh[: landmarks.POINTS, :2]), trusted(mesh, shape))


def trusted(mesh: Floats, shape: tuple[int, ...]) -> Floats:
    """Mesh (478, 3) in the pixels of a (h, w) picture -> how well each point is seen, float32 (468,), summing to 1.

    0 off the picture and on the side of the head that is turned away, where hair or background would be taken for skin; less
    along the outline, where a fringe, a hat or a hand lies more often than on nose and cheeks.
    """
    points = mesh[: landmarks.POINTS]
    away = points - mesh[list(landmarks.SIDES)].mean(0)
    facing = -away[:, 2] / np.maximum(np.linalg.norm(away, axis=1), 1e-6)
    seen = np.clip(GRAZING + facing, 0, 1) * ((points[:, :2] >= 0) & (points[:, :2] < np.array(shape[1::-1]))).all(1)
    if not seen.any():
        seen = np.ones(landmarks.POINTS, np.float32)
    return np.asarray(seen / seen.sum(), np.float32)


def variation(skin: Floats, mesh: Floats, shape: tuple[int, ...]) -> Floats:
    """Log colours (468, 3) of a face with mesh (478, 3) in a (h, w) picture -> how much it varies beside its smooth light.

    float32 (2,), natural logarithms: of lightness, and of colour. Dark skin in strong light may be as bright as light skin in the
    shade, but it varies more.
    """
    at, seen = frame(mesh, mesh[: landmarks.POINTS, :2]), trusted(mesh, shape)
    detail = skin - basis(at) @ fit(skin, at, seen)
    luma = detail @ LUMA
    return np.asarray(np.log([np.abs(luma) @ seen + 0.01, np.abs(detail - luma[:, None]).sum(1) @ seen + 0.01]), np.float32)


def relit(drawn: Pixels, own: Floats, wanted: Floats, mesh: Floats, areas: Floats, bare: Floats) -> Floats:
    """A drawn face BGR uint8 (h, w, 3) in the light, skin colour and contrast of another; float32 (h, w, 3), 0..255.

    own, wanted: log colours (468, 3) of the donor and of the target; mesh (478, 3) of the target in the drawn pixels;
    areas (468,): the share of the face that each point stands for; bare (468,): the same, 0 on eyes, brows and lips.
    Only smooth light and two spreads are taken from the target.
    """
    at, shape = frame(mesh, mesh[: landmarks.POINTS, :2]), (drawn.shape[0], drawn.shape[1])
    seen = bare * trusted(mesh, shape)
    change, level = fit(wanted - own, at, seen / seen.sum()), fit(wanted, at, seen / seen.sum())
    smooth = spread_out(level, mesh, shape, 2 * MOST_SLOPE) - np.float32(FLOOR)
    detail = drawn * spread_out(change, mesh, shape, MOST_SLOPE) - smooth
    lit = own + basis(at) @ change - basis(at) @ level
    contrast, colour = contrasts(lit, wanted - basis(at) @ level, areas)
    # Shade in the skin's own colour: equal parts of all three channels would make strongly coloured skin gray.
    tint = smooth / np.maximum(cv2.cvtColor(smooth, cv2.COLOR_BGR2GRAY), 1)[..., None]
    shade = cv2.cvtColor(detail, cv2.COLOR_BGR2GRAY)[..., None] * tint
    varied = np.asarray(colour * (detail - shade) + contrast * shade, np.float32)
    return unclipped(smooth + varied + patches(varied, mesh, tint))


def unclipped(face: Floats) -> Floats:
    """float32 (h, w, 3) -> the same with too bright pixels darkened as a whole: cutting channels off would bleach them."""
    brightest = face.max(2, keepdims=True)
    return np.asarray(face * (255 / np.maximum(brightest, 255)), np.float32)


def patches(detail: Floats, mesh: Floats, tint: Floats) -> Floats:
    """What takes broad dark, bright or coloured patches away from a face's detail float32 (h, w, 3).

    ``tint`` float32 (h, w, 3): the colour of the skin, of luma 1.

    Eyes, brows, nose and lips keep their shade and more of their colour. A donor's own make-up, fringe, beard, cast shadows
    and coloured lamps are such patches. Fine texture stays.
    """
    h, w = detail.shape[:2]
    coarse = cv2.resize(detail, (COARSE, COARSE), interpolation=cv2.INTER_AREA)
    step = np.array([COARSE / w, COARSE / h], np.float32)
    free = features((mesh[:, :2] + 0.5) * step - 0.5, COARSE)[..., None]
    skin = cv2.resize(tint, (COARSE, COARSE), interpolation=cv2.INTER_AREA)
    shade = cv2.cvtColor(coarse, cv2.COLOR_BGR2GRAY)[..., None]
    coloured = limits(coarse - shade * skin, PATCH_LEVELS + PATCH_LEVELS / 2 * free)
    change = (1 - free) * limits(shade, PATCH_LEVELS) * skin + coloured
    return np.asarray(cv2.resize(change, (w, h), interpolation=cv2.INTER_LINEAR), np.float32)


def limits(values: Floats, most: float | Floats) -> Floats:
    """What brings values softly below ``most`` in size, when added to them."""
    return np.asarray(values / (1 + np.abs(values) / most) - values, np.float32)


def features(points: Floats, side: int) -> Floats:
    """Mesh points (478, 2) in a square of ``side`` cells -> float32 (side, side): 1 on eyes, brows, nose and lips."""
    drawn = np.zeros((side, side), np.uint8)
    for group in landmarks.FEATURES[:4]:
        hull = cv2.convexHull(np.round(points[list(group)] * 16).astype(np.int32))
        cv2.fillConvexPoly(drawn, hull, 1, shift=4)
    blur = float(np.ptp(points[list(landmarks.OVAL)], axis=0).max()) * FEATURE_BLUR
    spread = cv2.GaussianBlur(drawn.astype(np.float32), (0, 0), max(blur, 0.3))
    return np.asarray(np.clip(2 * spread, 0, 1), np.float32)


def contrasts(detail: Floats, wanted: Floats, areas: Floats) -> tuple[np.float32, np.float32]:
    """Factors for the lightness and for the colour of a face's detail (468, 3), so that it varies as much as the wanted."""
    luma, other = detail @ LUMA, wanted @ LUMA
    contrast = (np.abs(other) @ areas) / max(float(np.abs(luma) @ areas), 1e-3)
    colour = (np.abs(wanted - other[:, None]).sum(1) @ areas) / max(float(np.abs(detail - luma[:, None]).sum(1) @ areas), 1e-3)
    return np.float32(np.clip(contrast, *CONTRAST)), np.float32(np.clip(colour, *COLOUR))


def spread_out(coefficients: Floats, mesh: Floats, shape: tuple[int, int], most: float) -> Floats:
    """exp of the smooth function with these coefficients (6, 3) at every pixel of a (h, w) crop, float32 (h, w, 3)."""
    h, w = shape
    y, x = np.mgrid[:GRID, :GRID].astype(np.float32)
    places = np.stack([(x.ravel() + 0.5) * w / GRID - 0.5, (y.ravel() + 0.5) * h / GRID - 0.5], 1)
    inside = np.clip(frame(mesh, places), -1.15, 1.15)
    logs = (coefficients[0] + np.clip(basis(inside)[:, 1:] @ coefficients[1:], -most, most)).reshape(GRID, GRID, 3)
    return np.asarray(cv2.resize(np.exp(logs), (w, h), interpolation=cv2.INTER_LINEAR), np.float32)
