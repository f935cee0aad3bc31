"""Made-up photos to measure servers with: texture with flat synthetic faces on it, through the real sealing; no model needed."""

import hashlib
import os
import time
from dataclasses import dataclass
from itertools import islice

import cv2
import numpy as np

from edge.catalog import Face
from edge.catalog import Photo
from edge.keys import ring
from edge.keys.envelope import wrap_context
from precompute import photo as upload
from precompute import seal
from precompute.blend import Overlay

Box = tuple[int, int, int, int]

QUALITY = 85
NOISE = 9  # grey levels: with it, files have the bits per pixel that photos of this quality have
CELL = 40  # px from one colour of the texture to the next
# By width, with the sizes in kB that they come to.
SMALL, MEDIUM, LARGE = (1280, 960), (2048, 1536), (4000, 3000)
THUMBNAIL = (320, 240)


@dataclass(frozen=True)
class Sample:
    """A sealed photo of this size in px, and the box (x, y, width, height) and owner of each face."""

    path: str
    size: tuple[int, int]
    boxes: tuple[Box, ...]
    owners: tuple[str, ...]
    made: seal.SealedPhoto

    def record(self, keys: ring.KeyRing) -> Photo:
        """The catalog's record of the photo."""
        made = self.made
        faces = tuple(
            Face(slot, box, owner, None, keys.wrap(made.face_keys[slot], wrap_context(made.photo_id, made.version, slot)))
            for slot, box, owner in zip(made.slots, self.boxes, self.owners, strict=True)
        )
        wrapped = keys.wrap(made.directory_key, wrap_context(made.photo_id, made.version, None))
        digest = hashlib.sha256(made.base).digest()
        return Photo(self.path, made.photo_id, made.version, digest, len(made.base), *self.size, wrapped, time.time(), faces)


def sample(path: str, size: tuple[int, int] = SMALL, faces: int = 2) -> Sample:
    """A photo of texture with so many faces in a grid, the n-th one ``u-n``'s."""
    read = upload.read(texture(*size), upload.Limits())
    boxes = tuple(islice(grid(*size), faces))
    overlays = [Overlay(x, y, np.full((h, w, 3), 128, np.uint8), np.ones((h, w), np.float32)) for x, y, w, h in boxes]
    made = seal.photo(seal.with_few_sharing(read.canvas, overlays), read.style, os.urandom(16), os.urandom)
    return Sample(path, size, boxes, tuple(f"u-{number}" for number in range(faces)), made)


def texture(width: int, height: int) -> bytes:
    """A JPEG with as much to code as a photo: smooth colours with noise on them."""
    rng = np.random.default_rng(7)
    colours = rng.integers(0, 256, (height // CELL, width // CELL, 3), np.uint8)
    smooth = cv2.resize(colours, (width, height), interpolation=cv2.INTER_CUBIC)
    noise = rng.standard_normal(smooth.shape, np.float32) * NOISE
    noisy = (smooth + noise).clip(0, 255).astype(np.uint8)
    return bytes(cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1])


def grid(width: int, height: int) -> list[Box]:
    """Places for 20 faces, five in a row: each about a ninth of the width."""
    w, h = width * 11 // 100, height * 18 // 100
    return [(width * (2 * x + 1) // 10 - w // 2, height * (2 * y + 1) // 8 - h // 2, w, h) for y in range(4) for x in range(5)]
