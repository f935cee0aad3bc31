"""The square in which all textures of the face model lie: every face warped onto one mesh, so that features line up.

A texture as a *vector* is float32 (n,): the luma of the square's covered pixels, then both colour differences of a square a
quarter as wide, for skin colour changes slowly. Colours are YCrCb as in ITU-T T.871 (JFIF), 0..255.
"""

from functools import cached_property
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from precompute.swap import warp

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

SIDE: Final = 192
COARSER: Final = 4
MARGIN: Final = 1.0  # pixels around the outermost points
REACH: Final = 1.08  # of the outer oval: little of the square is spent on what masks leave out


class Layout:
    """``reference``: mean mesh float32 (478, 3), in any unit; ``mesh``: the same in pixels of the square."""

    def __init__(self, reference: Floats) -> None:
        ringed = warp.ringed(reference, REACH)
        low, high = ringed[:, :2].min(0), ringed[:, :2].max(0)
        scale = (SIDE - 1 - 2 * MARGIN) / float((high - low).max())
        corner = (low + high) / 2 - (SIDE - 1) / 2 / scale
        self.reference = reference
        self.mesh = np.asarray((reference - np.array([*corner, 0])) * scale, np.float32)
        self.ring = warp.ringed(self.mesh, REACH)
        self.corners = warp.triangles(ringed)

    @cached_property
    def covered(self) -> npt.NDArray[np.bool_]:
        """Pixels of the square inside of the mesh and its ring, bool (192, 192)."""
        return self.within(self.corners)

    @cached_property
    def _covered_coarsely(self) -> npt.NDArray[np.bool_]:
        side = SIDE // COARSER
        return np.asarray(self.covered.reshape(side, COARSER, side, COARSER).any((1, 3)), np.bool_)

    def within(self, corners: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
        """Pixels inside of these triangles, bool (192, 192)."""
        drawn = np.zeros((SIDE, SIDE), np.uint8)
        for corner in np.round(self.ring[:, :2] * 16).astype(np.int32)[corners]:
            cv2.fillConvexPoly(drawn, corner, 1, shift=4)
        return np.asarray(drawn > 0, np.bool_)

    def lift(self, pixels: Pixels, mesh: Floats) -> Floats:
        """A photo's face BGR uint8 (h, w, 3) with its mesh (478, 3) -> its texture, BGR float32 (192, 192, 3)."""
        places = warp.backward_map(warp.ringed(mesh), self.ring, self.corners, (SIDE, SIDE))
        lifted = cv2.remap(pixels, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(lifted, np.float32)

    def vector(self, texture: Floats) -> Floats:
        """BGR float32 (192, 192, 3) -> float32 (n,)."""
        colours = cv2.cvtColor(texture / 255, cv2.COLOR_BGR2YCrCb) * 255
        coarse = cv2.resize(colours[..., 1:], None, fx=1 / COARSER, fy=1 / COARSER, interpolation=cv2.INTER_AREA)
        return np.concatenate([colours[..., 0][self.covered], coarse[self._covered_coarsely].T.ravel()]).astype(np.float32)

    def weights(self, known: Floats) -> Floats:
        """How far each pixel is known, float32 (192, 192) in 0..1 -> the same for each number of a vector, (n,)."""
        coarse = cv2.resize(known, None, fx=1 / COARSER, fy=1 / COARSER, interpolation=cv2.INTER_AREA)[self._covered_coarsely]
        return np.concatenate([known[self.covered], coarse, coarse]).astype(np.float32)

    def texture(self, vector: Floats) -> Pixels:
        """float32 (n,) -> BGR uint8 (192, 192, 3); uncovered pixels are gray."""
        luma = np.full((SIDE, SIDE), 128, np.float32)
        count = int(self.covered.sum())
        luma[self.covered] = vector[:count]
        side = SIDE // COARSER
        coarse = np.full((2, side, side), 128, np.float32)
        coarse[:, self._covered_coarsely] = vector[count:].reshape(2, -1)
        smooth = [cv2.resize(plane, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR) for plane in coarse]
        colours = np.stack([luma, *smooth], 2)
        whole = np.clip(np.rint(colours), 0, 255).astype(np.uint8)
        return np.asarray(cv2.cvtColor(whole, cv2.COLOR_YCrCb2BGR), np.uint8)
