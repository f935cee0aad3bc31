"""A face of a photo, as everything after detection knows it."""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from typing import Final

import numpy as np
import numpy.typing as npt

from precompute import describe

Floats = npt.NDArray[np.float32]

CLEAR_PRESENCE: Final = 0.4
CLEAR_YAW: Final = 45.0


@dataclass(frozen=True, slots=True)
class Face:
    """A face of the upright picture; x, y in its pixels, angles in degrees (signs as in ``describe.Pose``).

    box x, y, w, h; points float32 (5, 2) left to right: eyes, nose, mouth corners; mesh float32 (478, 3); presence 0..1;
    embeddings: recogniser -> float32 (d,). ``usable``: it can be swapped; else ``reason`` says why not.
    """

    box: tuple[float, float, float, float]
    score: float
    points: Floats
    mesh: Floats | None
    presence: float
    gender: describe.Gender
    age: float
    yaw: float
    pitch: float
    roll: float
    embeddings: Mapping[str, Floats] = field(repr=False)
    usable: bool
    reason: str | None

    @property
    def unclear(self) -> str | None:
        """Why nobody should be known by this face, or None: more faces can be swapped than are shown well enough for that."""
        if self.reason is None and self.presence < CLEAR_PRESENCE:
            return "not clearly a face"
        return "turned too far" if self.reason is None and abs(self.yaw) > CLEAR_YAW else self.reason
