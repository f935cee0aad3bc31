"""The geometry of a swapped face: the outline and pose of the target, the features of the donor, and the expression of either."""

from typing import Final

import numpy as np
import numpy.typing as npt

from precompute import landmarks

Floats = npt.NDArray[np.float32]

REACH: Final = 0.16  # of the face's width: features nearer than this to each other keep the donor's proportions
OUTLINE_REACH: Final = 0.07
LIPS_FOLLOW: Final = 0.85  # how far lips follow the target's
LIDS_FOLLOW: Final = 0.4  # lids less: eyes that are squeezed together lose their irises
MIMIC_REACH: Final = 0.03


class Shape:
    """Brings donors' meshes to a target: exactly at the oval, smoothly inside.

    A portrait's open mouth is not pulled out of a closed one: only what differs smoothly over the face follows the target. A
    sampled face has no expression of its own, so its lips and lids follow the target's too.
    """

    def __init__(self, reference: Floats) -> None:
        """``reference``: mean mesh (478, 3), face about 1 wide."""
        flat = reference[: landmarks.POINTS, :2].astype(np.float64)
        flat = flat / landmarks.width(reference)
        apart = np.square(flat[:, None] - flat[None]).sum(2)
        kernel = np.exp(-apart / (2 * REACH**2))
        smooth = kernel / kernel.sum(1, keepdims=True)
        outline = np.exp(-apart[:, list(landmarks.OVAL)].min(1) / (2 * OUTLINE_REACH**2))
        lips, lids = (np.exp(-apart[:, list(p)].min(1) / (2 * MIMIC_REACH**2)) for p in (landmarks.MOUTH_EDGES, landmarks.LIDS))
        mimic = np.maximum(LIPS_FOLLOW * lips, LIDS_FOLLOW * lids)

        def follow(near: npt.NDArray[np.float64]) -> Floats:
            return np.asarray(near[:, None] * np.eye(len(flat)) + (1 - near[:, None]) * smooth, np.float32)

        self._follow = follow(outline)
        self._mimic = follow(np.maximum(outline, mimic))

    def settle(self, donor: Floats, target: Floats, *, mimic: bool = False) -> Floats:
        """Donor's and target's mesh (478, 3) -> where the donor's points go, float32 (478, 3) in the target's pixels.

        ``mimic``: with the target's lips and lids.
        """
        known, wanted = donor[: landmarks.POINTS], target[: landmarks.POINTS]
        homogeneous = np.hstack([known, np.ones((len(known), 1), np.float32)])
        # An affine map of all three dimensions turns the donor's head the target's way.
        turned = homogeneous @ np.linalg.lstsq(homogeneous, wanted[:, :2], rcond=None)[0]
        settled = target.copy()
        settled[: landmarks.POINTS, :2] = turned + (self._mimic if mimic else self._follow) @ (wanted[:, :2] - turned)
        return settled
