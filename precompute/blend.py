"""A synthetic face over a picture."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Method = Literal["donor", "opaque"]


@dataclass(frozen=True, slots=True)
class Fake:
    """A synthetic face for a rectangle of the picture whose top left corner is x, y.

    pixels: BGR uint8 (h, w, 3); weight: float32 (h, w), 0 = the picture stays, 1 = nothing of it shows through.
    """

    x: int
    y: int
    pixels: Pixels
    weight: Floats
    method: Method
    donor: str | None


def paste(canvas: Pixels, fake: Fake) -> Pixels:
    """BGR uint8 (h, w, 3) and a fake that lies within it -> a new picture with it; weight 0 keeps pixels bit for bit."""
    out = canvas.copy()
    h, w = fake.weight.shape
    under = out[fake.y : fake.y + h, fake.x : fake.x + w]
    share = fake.weight[..., None]
    under[:] = np.rint(share * fake.pixels + (1 - share) * under).astype(np.uint8)
    return out
