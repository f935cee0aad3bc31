"""A contact sheet of sampled faces, drawn from the weights alone: what the model makes, without any photo."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from precompute import landmarks
from precompute.blend import Overlay
from precompute.blend import draw
from precompute.donors import Donor
from precompute.donors import Wanted
from precompute.facemodel.sampler import FaceModel
from precompute.facemodel.weights import Weights
from precompute.models import Progress
from precompute.swap import eyes
from precompute.swap import light
from precompute.swap import mask
from precompute.swap import mouth
from precompute.swap import warp

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

CELL: Final = 192  # pixels
FILLS: Final = 0.88  # of the cell's height
GRAY: Final = 128
NEAR: Final = 12.0  # years around a row's age, of the training faces whose tone and expression its faces take


@dataclass(frozen=True, slots=True)
class Row:
    """What all faces of a row are like: ``female`` or ``male``, years."""

    gender: str
    age: float


def drawn(weights: Weights, rows: list[Row], faces: int, rng: np.random.Generator, progress: Progress) -> Pixels:
    """``faces`` new faces in so many rows, BGR uint8; the last cells stay empty where they do not fill the sheet."""
    columns = -(-faces // len(rows))
    sheet = np.full((len(rows) * CELL, columns * CELL, 3), GRAY, np.uint8)
    painter, model = Painter(weights), FaceModel(weights, [])
    sources = [_samples(weights, model, row, rng) for row in rows]
    for i in range(faces):
        column, row = divmod(i, len(rows))
        donor, tone = next(sources[row])
        draw(sheet, painter.portrait(donor, tone, column * CELL, row * CELL), 0, 0)
        progress("faces", i + 1, faces)
    return sheet


def _samples(weights: Weights, model: FaceModel, row: Row, rng: np.random.Generator) -> Iterator[tuple[Donor, Floats]]:
    """Faces for a row, each in the tone (3,), log BGR, and with about the expression of another training face like it."""
    share = weights.females if row.gender == "female" else 1 - weights.females
    off = np.abs(weights.ages - row.age)
    like = np.flatnonzero((share > 0.5) & (off <= max(NEAR, float(off[share > 0.5].min()))))
    ahead, nobody = np.zeros(3, np.float32), np.zeros(0, np.float32)
    while True:
        i = int(rng.choice(like))
        lit = np.zeros((6, 3), np.float32)
        lit[0] = weights.tones[i]
        wanted = Wanted(row.gender, row.age, ahead, weights.expressions[i], lit, CELL, nobody, weights.variations[i])
        yield next(model.choose(wanted, rng)), weights.tones[i]


class Painter:
    """Draws samples that look straight ahead, each in its own shape."""

    def __init__(self, weights: Weights) -> None:
        self._corners = warp.triangles(warp.ringed(weights.reference))

    def portrait(self, donor: Donor, tone: Floats, x: int, y: int) -> Overlay:
        """The face in the cell whose corner is at x, y, in even light of the log colour (3,), with the soft edge of the mask."""
        mesh, size = _centred(donor.mesh if donor.shape is None else donor.shape), (CELL, CELL)
        source = warp.ringed(donor.mesh, donor.reach)
        places = warp.backward_map(source, warp.ringed(mesh), self._corners, size)
        own = light.of_face(light.skin(donor.pixels, donor.mesh), donor.mesh, donor.pixels.shape)[0]
        texture = cv2.remap(donor.pixels, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
        face = np.asarray((texture + np.float32(light.FLOOR)) * np.exp(tone - own) - np.float32(light.FLOOR), np.float32)
        eyes.draw(face, mesh, mesh)
        if donor.mouth is not None:
            mouth.draw(face, mesh, donor.mouth.inside, np.exp(tone - donor.mouth.tone))
        pixels = np.clip(np.rint(light.unclipped(face)), 0, 255).astype(np.uint8)
        return Overlay(x, y, pixels, mask.weight(mesh, size))


def _centred(shape: Floats) -> Floats:
    """A shape (478, 3) in the pixels of a cell, in its middle."""
    edge = mask.outline(shape)
    low, high = edge.min(0), edge.max(0)
    scale = FILLS * CELL / float((high - low).max())
    middle = np.array([*(low + high) / 2, float(shape[: landmarks.POINTS, 2].mean())])
    return np.asarray((shape - middle) * scale + np.array([(CELL - 1) / 2, (CELL - 1) / 2, 0]), np.float32)
