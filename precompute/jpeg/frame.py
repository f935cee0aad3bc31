"""What a JPEG's frame header says, and the geometry of blocks and MCUs that follows from it (ITU-T T.81 §A.1, §A.2)."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Component:
    """One colour component: its sampling factors."""

    h: int
    v: int


@dataclass(frozen=True)
class Frame:
    """Size in pixels as stored (before orientation), and 1 (gray) or 3 (YCbCr) components."""

    width: int
    height: int
    components: tuple[Component, ...]

    @cached_property
    def mcu_size(self) -> tuple[int, int]:
        """Width and height of an MCU in pixels."""
        return 8 * max(c.h for c in self.components), 8 * max(c.v for c in self.components)

    @cached_property
    def mcus(self) -> tuple[int, int]:
        """MCUs across and down."""
        w, h = self.mcu_size
        return -(-self.width // w), -(-self.height // h)

    @cached_property
    def places(self) -> tuple[tuple[int, int, int], ...]:
        """(component, block column, block row) of each block of an MCU, in scan order."""
        return tuple((c, x, y) for c, part in enumerate(self.components) for y in range(part.v) for x in range(part.h))

    @cached_property
    def chroma(self) -> npt.NDArray[np.bool_]:
        """(blocks per MCU,) bool: which blocks use the second pair of Huffman tables."""
        return np.array([c > 0 for c, _, _ in self.places])

    def blocks_of(self, component: int) -> tuple[int, int]:
        """Columns and rows of blocks that hold pixels of this component; what an MCU has beyond them is padding."""
        part, (w, h) = self.components[component], self.mcu_size
        return -(-self.width * part.h // w), -(-self.height * part.v // h)

    def crop(self, across: int, down: int) -> "Frame":
        """The frame of a picture of whole MCUs, ``across`` by ``down``."""
        w, h = self.mcu_size
        return Frame(across * w, down * h, self.components)


def padding_sources(frame: Frame, ids: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """(n,) MCU indices -> (n, blocks per MCU) int64: for every block the place in its own MCU whose DC it shows.

    A block that holds pixels is its own source; a padding block's is the last block inside the picture, so that padding is a
    function of what is visible anyway.
    """
    across = frame.mcus[0]
    where = {place: k for k, place in enumerate(frame.places)}
    sources = np.tile(np.arange(len(frame.places)), (len(ids), 1))
    for k, (c, x, y) in enumerate(frame.places):
        part, (columns, rows) = frame.components[c], frame.blocks_of(c)
        sx = np.minimum(x, columns - 1 - ids % across * part.h)
        sy = np.minimum(y, rows - 1 - ids // across * part.v)
        for bx in range(x + 1):
            for by in range(y + 1):
                sources[(sx == bx) & (sy == by), k] = where[c, bx, by]
    return sources


def normalise_padding(frame: Frame, ids: npt.NDArray[np.int64], blocks: npt.NDArray[np.int16]) -> None:
    """Overwrite, in place, the padding blocks of ``blocks`` (n MCUs, blocks per MCU, 64): their source's DC, no AC."""
    edge = edge_mcus(frame, ids)
    part = blocks[edge]
    sources = padding_sources(frame, ids[edge])
    padding = sources != np.arange(len(frame.places))
    dc = np.take_along_axis(part[:, :, 0], sources, 1)
    part[padding] = 0
    part[:, :, 0] = dc
    blocks[edge] = part


def edge_mcus(frame: Frame, ids: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Indices into ``ids`` of the MCUs in the last column or row, the only ones that can hold padding blocks."""
    across, down = frame.mcus
    return np.flatnonzero((ids % across == across - 1) | (ids // across == down - 1))


def area_ids(area: tuple[int, int, int, int], frame: Frame) -> npt.NDArray[np.int64]:
    """Ids of an area's MCUs, row by row."""
    x0, x1, y0, y1 = area
    return (np.arange(y0, y1)[:, None] * frame.mcus[0] + np.arange(x0, x1)).ravel()
