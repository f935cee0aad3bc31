"""A stiff head: the mean mesh, turned in three dimensions until it lies on the five points that a detector found."""

from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Complex = npt.NDArray[np.complex128]

MOST_YAW: Final = 72.0  # degrees; beyond, the outline of the mesh closes up, and a full profile still fits well enough
MOST_PITCH: Final = 30.0
STEP: Final = 4.0


class Head:
    """A rigid mesh in weak perspective; it needs no more of a picture than five points, so it fits full profiles as well."""

    def __init__(self, reference: Floats, five: Floats) -> None:
        """``reference``: a mesh (n, 3) that looks straight ahead, in any unit; ``five`` (5, 3): the detector's points on it."""
        middle = reference.mean(0)
        self._shape = (reference - middle).astype(np.float64)
        yaws = np.arange(-MOST_YAW, MOST_YAW + STEP / 2, STEP)
        pitches = np.arange(-MOST_PITCH, MOST_PITCH + STEP / 2, STEP)
        self._turns = np.stack([turn(yaw, pitch) for yaw in yaws for pitch in pitches])
        seen = (five - middle) @ self._turns.transpose(0, 2, 1)
        self._five: Complex = seen[..., 0] + 1j * seen[..., 1]

    def on(self, points: Floats) -> Floats:
        """Five points (5, 2) in pixels -> mesh float32 (n, 3) there: of all turns the one that misses them least.

        Roll, scale and shift of each turn come from least squares over complex numbers (Umeyama, PAMI 13(4), 1991).
        """
        there = points[:, 0].astype(np.float64) + 1j * points[:, 1]
        middle = self._five.mean(1, keepdims=True)
        own, wanted = self._five - middle, there - there.mean()
        factor = (own.conj() * wanted).sum(1) / np.square(np.abs(own)).sum(1)
        # Measured in the head's own unit, or the smallest head would always miss least.
        miss = np.square(np.abs(wanted - factor[:, None] * own)).sum(1) / np.maximum(np.square(np.abs(factor)), 1e-12)
        best = int(miss.argmin())
        turned = self._shape @ self._turns[best].T
        flat = (turned[:, 0] + 1j * turned[:, 1] - middle[best]) * factor[best] + there.mean()
        return np.stack([flat.real, flat.imag, turned[:, 2] * abs(factor[best])], 1).astype(np.float32)


def turn(yaw: float, pitch: float) -> npt.NDArray[np.float64]:
    """Degrees with the signs of ``describe.Pose`` -> rotation (3, 3) of column vectors x, y, z."""
    y, p = np.radians(yaw), np.radians(pitch)
    sideways = np.array([[np.cos(y), 0, -np.sin(y)], [0, 1, 0], [np.sin(y), 0, np.cos(y)]])
    upwards = np.array([[1, 0, 0], [0, np.cos(p), np.sin(p)], [0, -np.sin(p), np.cos(p)]])
    return np.asarray(sideways @ upwards, np.float64)
