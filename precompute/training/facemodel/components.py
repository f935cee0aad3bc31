"""Principal components of textures of which parts are unknown, odd parts being found on the way.

Expectation maximisation: what is unknown is filled with what the components say, and the components are taken anew (Roweis, EM
Algorithms for PCA and SPCA, NIPS 1997). A patch that
the components cannot explain, such as a fringe, a hand, glasses, becomes unknown.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from precompute.facemodel.layout import SIDE
from precompute.facemodel.layout import Layout

Floats = npt.NDArray[np.float32]

ROUNDS: Final = 7
ROUGH: Final = 40  # components that judge what is odd
ODD: Final = 3.0  # times the usual miss of a place
PATCH: Final = 5.0  # pixels over which a miss is averaged


@dataclass(frozen=True, slots=True)
class Components:
    """mean (n,), components (k, n), coefficients (m, k) of spread 1; ``share`` of the variance that they keep."""

    mean: Floats
    components: Floats
    coefficients: Floats
    share: float


def learn(textures: Floats, weights: Floats, layout: Layout, count: int) -> Components:
    """Vectors (m, n) and how far each number is known (m, n) -> the ``count`` first components."""
    weights = weights.copy()
    filled = textures.copy()
    mean = (textures * weights).sum(0) / np.maximum(weights.sum(0), 1e-3)
    said = np.broadcast_to(mean, textures.shape)
    for turn in range(ROUNDS):
        filled = said + (textures - said) * weights
        rough = _principal(filled, ROUGH if turn < ROUNDS - 1 else count)
        said = rough.mean + rough.coefficients @ rough.components
        if 0 < turn < ROUNDS - 2:
            weights = np.minimum(weights, _plain(textures - said, layout))
    return rough


def _principal(filled: Floats, count: int) -> Components:
    mean = filled.mean(0)
    centred = filled - mean
    values, vectors = np.linalg.eigh((centred @ centred.T).astype(np.float64))
    order = np.argsort(values)[::-1][:count]
    coefficients = (vectors[:, order] * np.sqrt(len(filled))).astype(np.float32)
    components = (coefficients.T @ centred / len(filled)).astype(np.float32)
    return Components(mean, components, coefficients, float(values[order].sum() / values.sum()))


def _plain(miss: Floats, layout: Layout) -> Floats:
    """1 where a texture is like the components say, 0 in patches where it is not, (m, n)."""
    count = int(layout.covered.sum())
    blurred = np.zeros((len(miss), count), np.float32)
    for i, row in enumerate(np.abs(miss[:, :count])):
        plane = np.zeros((SIDE, SIDE), np.float32)
        plane[layout.covered] = row
        blurred[i] = cv2.GaussianBlur(plane, (0, 0), PATCH)[layout.covered]
    usual = np.median(blurred, 0)
    out = np.empty_like(miss)
    for i, row in enumerate(blurred):
        plane = np.ones((SIDE, SIDE), np.float32)
        plane[layout.covered] = np.clip(ODD + 1 - row / usual, 0, 1)
        out[i] = layout.weights(plane)
    return out
