"""Portraits -> textures in even light, skin to the edge, with what is known of each: not the side that is turned away."""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from precompute import landmarks
from precompute.facemodel.layout import SIDE
from precompute.facemodel.layout import Layout
from precompute.swap import light
from precompute.swap import warp
from precompute.training.facemodel.portraits import Portrait

Floats = npt.NDArray[np.float32]

STEEPEST: Final = 1.0  # natural logarithms of light evened out
SOFT: Final = 3.0  # pixels
INSIDE: Final = 0.92  # of the oval: what lies farther out may be hair or background


def even(texture: Floats, layout: Layout, wanted: Floats, bare: Floats) -> Floats:
    """Texture BGR float32 (192, 192, 3) -> the same in the smooth light and the skin tone of the log colours (468, 3) wanted."""
    own = light.skin(np.clip(texture, 0, 255).astype(np.uint8), layout.mesh)
    at = light.frame(layout.mesh, layout.mesh[: landmarks.POINTS, :2])
    gain = light.spread_out(light.fit(wanted - own, at, bare), layout.mesh, (SIDE, SIDE), STEEPEST)
    return np.asarray((texture + light.FLOOR) * gain - light.FLOOR, np.float32)


def known(portrait: Portrait, layout: Layout) -> Floats:
    """How far each pixel of the layout was seen in the portrait, float32 (192, 192): 0 on the far side of a turned head."""
    ringed = warp.ringed(portrait.mesh)[:, :2]
    a, b, c = (ringed[layout.corners[:, i]] for i in range(3))
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    there = (a >= 0).all(1) & (a < np.array(portrait.pixels.shape[1::-1])).all(1)
    seen = layout.within(layout.corners[(area > 0) & there]).astype(np.float32)
    return np.asarray(cv2.erode(cv2.GaussianBlur(seen, (0, 0), SOFT), np.ones((3, 3))), np.float32)


def extended(texture: Floats, layout: Layout) -> Floats:
    """Texture (192, 192, 3) with the skin at the oval's edge carried on outwards, in place of hair and background."""
    inside = np.zeros((SIDE, SIDE), np.uint8)
    centre = layout.mesh[warp.CENTRE, :2]
    oval = centre + (layout.mesh[list(landmarks.OVAL), :2] - centre) * INSIDE
    cv2.fillPoly(inside, [np.round(oval * 16).astype(np.int32)], 1, shift=4)
    _, labels = cv2.distanceTransformWithLabels(1 - inside, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL)
    colours = np.zeros((int(labels.max()) + 1, 3), np.float32)
    colours[labels[inside > 0]] = cv2.GaussianBlur(texture, (0, 0), 1)[inside > 0]
    carried = cv2.GaussianBlur(np.where(inside[..., None] > 0, texture, colours[labels]), (0, 0), SOFT)
    share = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), 1)[..., None]
    return np.asarray(carried + (texture - carried) * share * inside[..., None], np.float32)
