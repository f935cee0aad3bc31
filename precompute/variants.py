"""Which faces touch which blocks, and the blocks of every picture that some viewer may be shown.

A *unit* is a set of faces that reveal only together. A block's *label* names the set of units that touch it; label 0 is nobody.
"""

from abc import ABC
from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from precompute.blend import Overlay
from precompute.blend import draw
from precompute.blend import meeting
from precompute.jpeg import transform
from precompute.jpeg.frame import Frame
from precompute.jpeg.frame import area_ids
from precompute.jpeg.frame import padding_sources

Units = frozenset[int]
Blocks = npt.NDArray[np.int16]


@dataclass(frozen=True)
class Canvas:
    """The upload as stored: BGR uint8 (h, w, 3), its blocks (MCUs, per MCU, 64), and per component its table."""

    pixels: npt.NDArray[np.uint8]
    blocks: Blocks
    frame: Frame
    tables: tuple[npt.NDArray[np.uint16], ...]


class Layers(ABC):
    """The blocks of the picture in which exactly the given units are synthetic, made only where they differ."""

    def __init__(self, canvas: Canvas, units: list[tuple[int, ...]]) -> None:
        self.canvas = canvas
        self.units = units
        self.label_sets: list[Units] = [frozenset()]
        self.labels = np.zeros(canvas.blocks.shape[:2], np.int32)

    def _mark(self, unit: int, ids: npt.NDArray[np.int64], places: npt.NDArray[np.int64]) -> None:
        """Say that a unit touches the blocks at these MCUs and places."""
        known = {members: i for i, members in enumerate(self.label_sets)}
        old = self.labels[ids, places]
        for label in np.unique(old):
            members = self.label_sets[label] | {unit}
            if members not in known:
                known[members] = len(self.label_sets)
                self.label_sets.append(members)
            old[old == label] = -known[members]
        self.labels[ids, places] = -old

    @cached_property
    def touched_mcus(self) -> npt.NDArray[np.int64]:
        """Sorted ids of the MCUs that any unit touches."""
        return np.flatnonzero(self.labels.any(1))

    @cached_property
    def touched_labels(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """The labels that each touched MCU has among its blocks: ids of MCUs, and labels, in parallel."""
        ids, kinds = self.touched_mcus, len(self.label_sets)
        pairs = np.unique(ids[:, None] * kinds + self.labels[ids])
        return pairs // kinds, pairs % kinds

    @cached_property
    def base(self) -> Blocks:
        """All blocks with every unit synthetic: what anyone may see."""
        out = self.canvas.blocks.copy()
        out[self.touched_mcus] = self.synthetic(self.everyone, self.touched_mcus)
        return out

    @property
    def everyone(self) -> Units:
        """All units."""
        return frozenset(range(len(self.units)))

    def synthetic(self, units: Units, ids: npt.NDArray[np.int64]) -> Blocks:
        """The blocks of these MCUs with just ``units`` synthetic.

        A block that none of them touches keeps the upload's coefficients bit for bit.
        """
        out, labels = self.canvas.blocks[ids], self.labels[ids]
        for label in np.unique(labels):
            members = self.label_sets[label] & units
            if members:
                rows, places = np.nonzero(labels == label)
                out[rows, places] = self._drawn(members, self.label_sets[label], ids[rows], places)
        return out

    def _drawn(self, hidden: Units, touching: Units, ids: npt.NDArray[np.int64], places: npt.NDArray[np.int64]) -> Blocks:
        """Blocks (n, 64) at these MCUs and places, which the units ``touching`` touch, with just the hidden ones synthetic."""
        across = self.canvas.frame.mcus[0]
        x, y = ids % across, ids // across
        area = int(x.min()), int(x.max()) + 1, int(y.min()), int(y.max()) + 1
        (w, h), (x0, x1, y0, y1) = self.canvas.frame.mcu_size, area
        window = self._window(hidden, touching, slice(y0 * h, y1 * h), slice(x0 * w, x1 * w))
        blocks = transform.blocks_of(window, self.canvas.frame, self.canvas.tables, area)
        return blocks[(y - y0) * (x1 - x0) + x - x0, places]

    @abstractmethod
    def _window(self, hidden: Units, touching: Units, rows: slice, columns: slice) -> npt.NDArray[np.uint8]:
        """The pixels of this part of the picture with just the hidden ones of the units ``touching`` synthetic."""


class Variants(Layers):
    """An upload and the synthetic faces drawn over it."""

    def __init__(self, canvas: Canvas, overlays: list[Overlay], units: list[tuple[int, ...]]) -> None:
        super().__init__(canvas, units)
        self._overlays = overlays
        for unit, faces in enumerate(units):
            for face in faces:
                area = mcu_area(overlays[face], canvas.frame)
                rows, places = np.nonzero(touched_blocks(overlays[face], canvas.frame, area))
                self._mark(unit, area_ids(area, canvas.frame)[rows], places)

    def _window(self, hidden: Units, touching: Units, rows: slice, columns: slice) -> npt.NDArray[np.uint8]:
        window = self.canvas.pixels[rows, columns].copy()
        for face in sorted(face for unit in hidden for face in self.units[unit]):
            draw(window, self._overlays[face], columns.start, rows.start)
        return window


def mcu_area(overlay: Overlay, frame: Frame) -> tuple[int, int, int, int]:
    """MCU columns x0, x1 and rows y0, y1 (ends excluded) that the overlay's rectangle lies in, inside the picture."""
    (w, h), (across, down) = frame.mcu_size, frame.mcus
    height, width = overlay.weight.shape
    x0, y0 = max(overlay.x, 0) // w, max(overlay.y, 0) // h
    return x0, max(x0, min(across, -(-(overlay.x + width) // w))), y0, max(y0, min(down, -(-(overlay.y + height) // h)))


def touched_blocks(overlay: Overlay, frame: Frame, area: tuple[int, int, int, int]) -> npt.NDArray[np.bool_]:
    """(MCUs of the area, blocks per MCU) bool: blocks that hold a pixel of weight above 0, and padding that repeats one."""
    (w, h), (x0, x1, y0, y1) = frame.mcu_size, area
    mask = np.zeros(((y1 - y0) * h, (x1 - x0) * w), bool)
    place, own = meeting(overlay, x0 * w, y0 * h, mask.shape)
    mask[place] = overlay.weight[own] > 0
    parts = []
    for part in frame.components:
        bw, bh = w // part.h, h // part.v
        blocks = np.any(mask.reshape(y1 - y0, part.v, bh, x1 - x0, part.h, bw), axis=(2, 5))
        parts.append(np.transpose(blocks, (0, 2, 1, 3)).reshape((y1 - y0) * (x1 - x0), part.v * part.h))
    touched = np.concatenate(parts, 1)
    return np.take_along_axis(touched, padding_sources(frame, area_ids(area, frame)), 1)
