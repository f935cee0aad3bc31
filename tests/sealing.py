"""Sealed photos for tests: textured pictures with flat ellipses for synthetic faces, no model needed."""

import os
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import numpy.typing as npt

from edge.render import sealed as form
from precompute import photo as upload
from precompute import seal
from precompute.blend import Overlay
from precompute.jpeg.frame import area_ids
from precompute.variants import mcu_area
from precompute.variants import touched_blocks

Box = tuple[int, int, int, int]


def ellipse(box: Box, colour: tuple[int, int, int] = (90, 130, 200)) -> Overlay:
    """A flat synthetic face inside the box (x, y, w, h)."""
    x, y, w, h = box
    rows, columns = np.mgrid[:h, :w]
    inside = ((columns - (w - 1) / 2) / (w / 2)) ** 2 + ((rows - (h - 1) / 2) / (h / 2)) ** 2 <= 1
    return Overlay(x, y, np.full((h, w, 3), colour, np.uint8), inside.astype(np.float32))


@dataclass(frozen=True)
class Case:
    """A photo, where its faces are, and what sealing made of it."""

    photo: upload.Photo
    boxes: tuple[Box, ...]
    sealed: seal.SealedPhoto

    def parse(self, sidecar: bytes | None = None, **changed: bytes | int) -> form.Sealed:
        """The sidecar as the edge would parse it, with some of what it expects changed."""
        known: dict[str, bytes | int] = {
            "photo_id": self.sealed.photo_id,
            "version": self.sealed.version,
            "base_sha256": sha256(self.sealed.base).digest(),
            "base_size": len(self.sealed.base),
        }
        data = self.sealed.sidecar if sidecar is None else sidecar
        return form.parse(data, self.sealed.directory_key, **(known | changed))  # type: ignore[arg-type]

    def touched(self, face: int) -> npt.NDArray[np.bool_]:
        """(MCUs, blocks per MCU) bool: the blocks that hold a pixel of this synthetic face."""
        frame, overlay = self.photo.canvas.frame, ellipse(self.boxes[face])
        area = mcu_area(overlay, frame)
        mask = np.zeros(self.photo.canvas.blocks.shape[:2], bool)
        mask[area_ids(area, frame)] = touched_blocks(overlay, frame, area)
        return mask

    def keys(self, *faces: int) -> dict[int, bytes]:
        """The face keys of these faces, by slot."""
        return {self.sealed.slots[face]: self.sealed.face_keys[self.sealed.slots[face]] for face in faces}


def case(data: bytes, *boxes: Box) -> Case:
    """Seal an upload with a flat synthetic face in each box."""
    photo = upload.read(data, upload.Limits())
    overlays = [ellipse(box, (40 + 60 * (i % 3), 130, 200 - 50 * (i % 4))) for i, box in enumerate(boxes)]
    variants = seal.with_few_sharing(photo.canvas, overlays)
    return Case(photo, boxes, seal.photo(variants, photo.style, os.urandom(16), os.urandom))
