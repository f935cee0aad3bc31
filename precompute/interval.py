"""How long a restart interval should be: few faces to an interval, few bytes in all (ITU-T T.81 §B.2.4.4)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from edge.render.sealed import CUT
from edge.render.sealed import MAX_UNITS_SHARING
from precompute.jpeg import entropy
from precompute.jpeg import writer
from precompute.jpeg.frame import Frame
from precompute.variants import Layers
from precompute.variants import Units

LENGTHS: Final = (16, 8, 4, 2, 1)
_MARKER_BITS: Final = 16 + 4  # an RST marker, and on average half a byte of padding


@dataclass(frozen=True, slots=True)
class Layout:
    """Intervals of ``restart`` MCUs; ``sets`` maps the number of each touched interval to the units that touch it."""

    restart: int
    sets: dict[int, Units]
    mcus: int

    def members(self, ids: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """MCUs of these intervals, in scan order."""
        all_of = (ids[:, None] * self.restart + np.arange(self.restart)).ravel()
        return all_of[all_of < self.mcus]

    def starts(self, ids: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """First MCU of each interval, counted in ``members``."""
        sizes = np.minimum(self.restart, self.mcus - ids * self.restart)
        return np.cumsum(sizes) - sizes


def layout(variants: Layers, restart: int) -> Layout:
    """Which units touch which interval, for one interval length."""
    mcus, labels = variants.touched_labels
    kinds = len(variants.label_sets)
    sets: dict[int, Units] = {}
    for pair in np.unique(mcus // restart * kinds + labels).tolist():
        number, label = divmod(pair, kinds)
        sets[number] = sets.get(number, frozenset()) | variants.label_sets[label]
    return Layout(restart, sets, len(variants.labels))


def crowded(sets: Iterable[Units]) -> list[Units]:
    """The sets that are too large to keep a variant of each combination."""
    return [units for units in sets if len(units) > MAX_UNITS_SHARING]


def choose(variants: Layers, ac_bits: npt.NDArray[np.int64], tables: entropy.Tables) -> Layout:
    """The length with the smallest base and sidecar together, among those that keep few faces to an interval.

    ``ac_bits``: (MCUs,) bits of each MCU's AC tokens.
    """
    layouts = [layout(variants, restart) for restart in LENGTHS]
    fit = [plan for plan in layouts if not crowded(plan.sets.values())] or layouts[-1:]
    frame, dc = variants.canvas.frame, variants.canvas.blocks[:, :, 0]
    going_on, beginning = (ac_bits + _dc_bits(frame, dc, restart, tables) for restart in (len(dc), 1))
    return min(fit, key=lambda plan: _bits(plan, going_on, beginning))


def _dc_bits(frame: Frame, dc: npt.NDArray[np.int16], restart: int, tables: entropy.Tables) -> npt.NDArray[np.int64]:
    """(MCUs,) bits of each MCU's DC tokens at one interval length."""
    starts, _ = writer.interval_starts(len(dc), restart, dc.shape[1])
    return entropy.token_bits(writer.dc_of(frame, dc.ravel(), starts), tables).reshape(dc.shape).sum(1)


def _bits(plan: Layout, going_on: npt.NDArray[np.int64], beginning: npt.NDArray[np.int64]) -> int:
    """Bits of base and sidecar, given those of each MCU within an interval and at the beginning of one."""
    bits = going_on.copy()
    bits[:: plan.restart] = beginning[:: plan.restart]
    interval = np.add.reduceat(bits, np.arange(0, len(bits), plan.restart)) + _MARKER_BITS
    touched = np.fromiter(plan.sets, np.int64, len(plan.sets))
    copies = np.array([2 ** len(units) - 1 for units in plan.sets.values()], np.int64)
    cuts = int(np.count_nonzero(np.diff(np.sort(touched)) > 1)) + 1
    return int(interval.sum() + (interval[touched] * copies).sum()) + cuts * CUT.size * 8
