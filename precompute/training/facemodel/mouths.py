"""Insides of open mouths to draw between lips that are apart, which the components of textures would only smear."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from precompute import describe
from precompute.swap import light
from precompute.swap import mouth
from precompute.training.facemodel.portraits import Portrait

Floats = npt.NDArray[np.float32]

LEAST_GAP: Final = 0.08  # of the mouth's width
MOST: Final = 60


@dataclass(frozen=True, slots=True)
class Mouths:
    """pixels BGR uint8 (j, 24, 48, 3); gaps (j,) lips apart over the face's height; tones (j,) log luma of the skin."""

    pixels: npt.NDArray[np.uint8]
    gaps: Floats
    tones: Floats


def lifted(portraits: list[Portrait]) -> Mouths:
    """The clearest of the open mouths: many teeth, so much contrast between the bright and the dark."""
    wide = [portrait for portrait in portraits if mouth.gap(portrait.mesh) >= LEAST_GAP]
    pixels = [mouth.lifted(portrait.pixels, portrait.mesh) for portrait in wide]
    clear = np.array([_teeth(each) for each in pixels])
    chosen = np.argsort(-clear, kind="stable")[:MOST]
    gaps = [describe.expression(wide[i].mesh)[0] for i in chosen]
    tones = [_tone(wide[i]) for i in chosen]
    return Mouths(np.stack([pixels[i] for i in chosen]), np.array(gaps, np.float32), np.array(tones, np.float32))


def _teeth(inside: npt.NDArray[np.uint8]) -> float:
    """How bright and colourless the upper middle of a mouth is."""
    middle = inside[2:14, 12:36].astype(np.float32)
    return float(middle.mean() - 1.5 * (middle.max(2) - middle.min(2)).mean())


def _tone(portrait: Portrait) -> float:
    """Log luma of the skin."""
    seen = light.of_face(light.skin(portrait.pixels, portrait.mesh), portrait.mesh, portrait.pixels.shape)
    return float(seen[0] @ light.LUMA)
