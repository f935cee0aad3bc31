"""One smaller picture of a sealed photo: which units touch which of its blocks, and its blocks with any of them synthetic.

Everything comes from pictures that the edge would show: the photo with some faces real, decoded and scaled. The base is the
scaled base, whole, so that a rendition's base says nothing that the photo's own base does not say. Blocks that no face can reach
are the base's in every picture.
"""

from collections.abc import Iterable
from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt

from precompute.jpeg import transform
from precompute.jpeg.frame import Frame
from precompute.jpeg.frame import padding_sources
from precompute.variants import Blocks
from precompute.variants import Canvas
from precompute.variants import Layers
from precompute.variants import Units

Pixels = npt.NDArray[np.uint8]
Ids = npt.NDArray[np.int64]
Faces = frozenset[int]
Mask = npt.NDArray[np.bool_]
Tables = tuple[npt.NDArray[np.uint16], ...]

CELL: Final = 8
NOBODY: Final[Faces] = frozenset()


class Scaled(Layers):
    """A rendition. ``reaches``: per unit, which blocks it can touch.

    ``pictures``: scaled pixels, BGR uint8 as stored, by the faces that are real in them; nobody's, all's, and ``mixtures``.
    """

    def __init__(
        self, frame: Frame, tables: Tables, units: list[tuple[int, ...]], reaches: list[Mask], pictures: dict[Faces, Pixels]
    ) -> None:
        whole = 0, frame.mcus[0], 0, frame.mcus[1]
        self._base = transform.blocks_of(pictures[NOBODY], frame, tables, whole)
        super().__init__(Canvas(pictures[NOBODY], self._base.copy(), frame, tables), units)
        self.pictures = pictures
        for unit, reached in enumerate(reaches):
            self._mark(unit, *np.nonzero(reached))
        touched = self.labels > 0
        if touched.any():
            self.canvas.blocks[touched] = self._drawn(NOBODY, self.everyone, *np.nonzero(touched))

    @property
    def base(self) -> Blocks:
        """The scaled base, whole."""
        return self._base

    def _window(self, hidden: Units, touching: Units, rows: slice, columns: slice) -> Pixels:
        all_of, real = self._faces(touching), self._faces(touching - hidden)
        return next(pixels for shown, pixels in self.pictures.items() if shown & all_of == real)[rows, columns]

    def _faces(self, units: Units) -> Faces:
        return frozenset(face for unit in units for face in self.units[unit])


def mixtures(sets: Iterable[Units]) -> list[Units]:
    """Few pictures, each the units that are real in it: every part of every one of ``sets``, but none and all, is in one."""
    made: list[dict[int, bool]] = []
    for units in sorted(set(sets), key=sorted):
        for count in range(1, len(units)):
            for real in combinations(sorted(units), count):
                wanted = {unit: unit in real for unit in units}
                fit = next((each for each in made if all(each.get(u, is_real) == is_real for u, is_real in wanted.items())), None)
                if fit is None:
                    made.append(wanted)
                else:
                    fit.update(wanted)
    return [frozenset(unit for unit, is_real in each.items() if is_real) for each in made]


def reach(touched: Ids, full: Frame, small: Frame) -> Mask:
    """MCUs of the full picture -> (MCUs, blocks per MCU) bool of the small one: each block that any of their pixels can get into.

    Decoders smooth chroma over one more sample of it (libjpeg's "fancy upsampling"), and a scaled pixel is the mean of those that
    it covers; one pixel more on every side is for rounding.
    """
    (w, h), across = full.mcu_size, full.mcus[0]
    columns = _cells(touched % across * w, w, full.width, small.width)
    rows = _cells(touched // across * h, h, full.height, small.height)
    (sw, sh), (mcus_across, mcus_down) = small.mcu_size, small.mcus
    edges = np.zeros((mcus_down * sh // CELL + 1, mcus_across * sw // CELL + 1), np.int32)
    for y, in_y in ((rows[0], 1), (rows[1], -1)):
        for x, in_x in ((columns[0], 1), (columns[1], -1)):
            np.add.at(edges, (y, x), in_y * in_x)
    cells = edges.cumsum(0).cumsum(1)[:-1, :-1] > 0
    parts = []
    for part in small.components:
        bw, bh = sw // CELL // part.h, sh // CELL // part.v
        blocks = np.any(cells.reshape(mcus_down, part.v, bh, mcus_across, part.h, bw), axis=(2, 5))
        parts.append(np.transpose(blocks, (0, 2, 1, 3)).reshape(mcus_down * mcus_across, part.v * part.h))
    return np.take_along_axis(np.concatenate(parts, 1), padding_sources(small, np.arange(mcus_across * mcus_down)), 1)


def _cells(start: Ids, length: int, full: int, small: int) -> tuple[Ids, Ids]:
    """First cell, and the one behind the last, that stretches of ``length`` px of a line of ``full`` px reach in ``small`` px."""
    sample = length // CELL
    first = np.maximum(np.maximum(start - sample, 0) * small // full - 1, 0)
    behind = np.minimum(-(-np.minimum(start + length + sample, full) * small // full) + 1, small)
    return first // CELL, -(-behind // CELL)
