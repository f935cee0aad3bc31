"""A synthetic face over a picture: the one place where pixels are mixed."""

from dataclasses import dataclass
from dataclasses import field
from typing import Literal

import numpy as np
import numpy.typing as npt

from precompute.donors import Donor

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Method = Literal["face-model", "donor", "opaque"]
Slices = tuple[slice, slice]


@dataclass(frozen=True, slots=True)
class Overlay:
    """What is drawn over a rectangle of a picture whose top left corner is x, y.

    pixels: BGR uint8 (h, w, 3); weight: float32 (h, w), 0 = the picture stays, 1 = nothing of it shows through.
    """

    x: int
    y: int
    pixels: Pixels
    weight: Floats


@dataclass(frozen=True, slots=True)
class Fake(Overlay):
    """A synthetic face, and how it was made.

    ``source``: whose face it is, None for a fill; it never leaves memory. ``looked_at``: how many candidates had been drawn for
    this face by then.
    """

    method: Method
    source: Donor | None = field(default=None, repr=False)
    looked_at: int = 0


def paste(canvas: Pixels, overlay: Overlay) -> Pixels:
    """BGR uint8 (h, w, 3) -> a new picture with the overlay, as far as it lies within; weight 0 keeps pixels bit for bit."""
    out = canvas.copy()
    draw(out, overlay, 0, 0)
    return out


def draw(window: Pixels, overlay: Overlay, x: int, y: int) -> None:
    """Draw an overlay in place on a window whose top left corner is at (x, y) of the picture."""
    place, own = meeting(overlay, x, y, window.shape[:2])
    weight = overlay.weight[own][:, :, None]
    under = window[place]
    mixed = np.rint(under + (overlay.pixels[own] - under.astype(np.float32)) * weight)
    np.copyto(under, mixed.astype(np.uint8), where=weight > 0)


def meeting(overlay: Overlay, x: int, y: int, shape: tuple[int, ...]) -> tuple[Slices, Slices]:
    """Where overlay and window meet: in the window of this shape whose corner is at (x, y), and in the overlay."""
    top, left = max(overlay.y - y, 0), max(overlay.x - x, 0)
    bottom = max(top, min(overlay.y + overlay.weight.shape[0] - y, shape[0]))
    right = max(left, min(overlay.x + overlay.weight.shape[1] - x, shape[1]))
    own = slice(top + y - overlay.y, bottom + y - overlay.y), slice(left + x - overlay.x, right + x - overlay.x)
    return (slice(top, bottom), slice(left, right)), own
