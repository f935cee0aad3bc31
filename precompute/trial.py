"""Trying a donor on a face: the part of the picture that matters, at the size that is needed."""

from dataclasses import dataclass
from dataclasses import replace
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from precompute import landmarks
from precompute.blend import Fake
from precompute.blend import Method
from precompute.blend import paste
from precompute.donors import Donor
from precompute.face import Face
from precompute.swap import Swapper
from precompute.swap import mask
from precompute.swap import visible

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

SKETCH_PX: Final = 144  # recognisers look at faces narrower than this


@dataclass(frozen=True, slots=True)
class Around:
    """A face with what is close to it: the crop, its corner in the picture, and the mesh in the crop's pixels.

    weight float32 (h, w): 1 where the crop gives way to a fake, 0 outside of the face and where something is in front of it.
    """

    crop: Pixels
    corner: tuple[int, int]
    mesh: Floats
    weight: Floats

    @classmethod
    def of(cls, pixels: Pixels, mesh: Floats) -> "Around":
        """The part of the picture that the mask of the mesh covers, with a margin, as far as the picture goes."""
        edge = np.vstack([mask.outline(mesh), mesh[:, :2]])
        size = np.array(pixels.shape[1::-1])
        low = np.clip(np.floor(edge.min(0)).astype(int) - 2, 0, size - 1)
        high = np.clip(np.ceil(edge.max(0)).astype(int) + 3, low + 1, size)
        moved, crop = mesh - np.array([*low, 0], np.float32), pixels[low[1] : high[1], low[0] : high[0]]
        weight = mask.weight(moved, crop.shape[:2]) * visible.weight(crop, moved)
        return cls(crop, (int(low[0]), int(low[1])), moved, weight)

    def fake(self, swapper: Swapper, donor: Donor, rng: np.random.Generator, method: Method = "donor") -> Fake:
        """The donor's face for this place."""
        pixels = swapper.render(self.crop, self.mesh, donor, rng)
        return Fake(*self.corner, pixels, self.weight, method, donor)


def close_up(pixels: Pixels, face: Face, fake: Fake) -> tuple[Pixels, Floats]:
    """The picture close to a face with the fake on it, and the original's five points there, float32 (1, 5, 2)."""
    x, y, w, h = face.box
    size = np.array(pixels.shape[1::-1])
    low = np.clip(np.floor(np.minimum([x - w / 2, y - h / 2], [fake.x, fake.y])).astype(int), 0, size)
    far = np.array([fake.x, fake.y]) + fake.weight.shape[::-1]
    high = np.clip(np.ceil(np.maximum([x + 1.5 * w, y + 1.5 * h], far)).astype(int), low, size)
    moved = replace(fake, x=fake.x - int(low[0]), y=fake.y - int(low[1]))
    return paste(pixels[low[1] : high[1], low[0] : high[0]], moved), face.points[None] - low.astype(np.float32)


@dataclass(frozen=True, slots=True)
class Sketch:
    """A large face and what is around it, scaled down to what a recogniser would see; a small one as it is."""

    pixels: Pixels
    face: Face
    around: Around

    @classmethod
    def of(cls, pixels: Pixels, face: Face, mesh: Floats) -> "Sketch":
        """The sketch of a face of this picture with this mesh."""
        if landmarks.width(mesh) <= SKETCH_PX:
            return cls(pixels, face, Around.of(pixels, mesh))
        scale = SKETCH_PX / landmarks.width(mesh)
        x, y, w, h = face.box
        low = np.maximum(np.floor([x - w, y - h]).astype(int), 0)
        high = np.ceil([x + 2 * w, y + 2 * h]).astype(int)
        part = pixels[low[1] : high[1], low[0] : high[0]]
        small = np.asarray(cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
        box = ((x - low[0]) * scale, (y - low[1]) * scale, w * scale, h * scale)
        corner = np.array([*low, 0], np.float32)
        moved = np.asarray((mesh - corner) * scale, np.float32)
        points = np.asarray((face.points - corner[:2]) * scale, np.float32)
        return cls(small, replace(face, box=box, points=points, mesh=moved), Around.of(small, moved))
