"""Pictures as stored and as seen upright (Exif orientation 1..8, CIPA DC-008 §4.6.4): views, never copies."""

from collections.abc import Callable
from typing import Any
from typing import Final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

_UPRIGHT: Final[dict[int, Callable[[Array], Array]]] = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: np.rot90(a, 1),
}
_INVERSE: Final = {6: 8, 8: 6}


def upright(stored: Array, orientation: int) -> Array:
    """(h, w, ...) as stored -> as seen."""
    return _UPRIGHT[orientation](stored)


def stored(seen: Array, orientation: int) -> Array:
    """(h, w, ...) as seen -> as stored; the inverse of ``upright``."""
    return _UPRIGHT[_INVERSE.get(orientation, orientation)](seen)


def seen_size(size: tuple[int, int], orientation: int) -> tuple[int, int]:
    """Width and height as stored -> as seen, and the other way round."""
    return size if orientation < 5 else (size[1], size[0])


def stored_corner(x: int, y: int, w: int, h: int, size: tuple[int, int], orientation: int) -> tuple[int, int]:
    """Rectangle in the upright picture of ``size`` (width, height) -> x, y of its top left corner as stored."""
    right, below = size[0] - x - w, size[1] - y - h
    corners = {1: (x, y), 2: (right, y), 3: (right, below), 4: (x, below)}
    turned = {5: (y, x), 6: (y, right), 7: (below, right), 8: (below, x)}
    return (corners | turned)[orientation]
