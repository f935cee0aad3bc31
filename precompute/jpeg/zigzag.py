"""The zigzag order of a block's 64 coefficients (ITU-T T.81 figure A.6)."""

from typing import Final

import numpy as np


def _diagonal(place: int) -> tuple[int, int]:
    y, x = divmod(place, 8)
    return x + y, y if (x + y) % 2 else x


ZIGZAG: Final = np.array(sorted(range(64), key=_diagonal))
"""(64,) natural (row-major) index of each zigzag place; ``block[ZIGZAG]`` is in zigzag order."""
