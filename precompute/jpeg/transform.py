"""Pixels -> quantised coefficients, for the MCUs that a synthetic face touches (ITU-T T.81 §A.3, ITU-T T.871 §7)."""

from typing import Final

import numpy as np
import numpy.typing as npt

from precompute.jpeg.frame import Frame
from precompute.jpeg.frame import area_ids
from precompute.jpeg.frame import normalise_padding
from precompute.jpeg.zigzag import ZIGZAG

_LUMA: Final = np.array([0.114, 0.587, 0.299], np.float32)  # of B, G, R
_CHROMA_SCALE: Final = ((0, 0.5 / (1 - 0.114)), (2, 0.5 / (1 - 0.299)))  # Cb from B - Y, Cr from R - Y


def _dct_matrix() -> npt.NDArray[np.float32]:
    u, x = np.mgrid[:8, :8]
    matrix = np.cos((2 * x + 1) * u * np.pi / 16) / 2
    matrix[0] /= np.sqrt(2)
    return matrix.astype(np.float32)


_DCT: Final = _dct_matrix()


def blocks_of(
    window: npt.NDArray[np.uint8], frame: Frame, tables: tuple[npt.NDArray[np.uint16], ...], area: tuple[int, int, int, int]
) -> npt.NDArray[np.int16]:
    """The pixels of a rectangle of MCUs, BGR uint8 (h, w, 3) as stored -> int16 (n MCUs, blocks per MCU, 64) in zigzag order.

    ``window`` ends where the picture ends. ``tables``: per component (64,) quantisation steps in natural order. ``area``: MCU
    columns x0, x1 and rows y0, y1, ends excluded; the n MCUs come row by row. Chroma is the mean of the pixels it covers.
    """
    x0, x1, y0, y1 = area
    planes = _planes(_padded(window, frame, area), len(frame.components))
    w, h = frame.mcu_size
    parts = []
    for plane, part, table in zip(planes, frame.components, tables, strict=True):
        small = _shrink(plane, w // 8 // part.h, h // 8 // part.v)
        parts.append(_quantised(small, table, (y1 - y0, part.v, x1 - x0, part.h)))
    blocks = np.concatenate(parts, 1)
    normalise_padding(frame, area_ids(area, frame), blocks)
    return blocks


def _padded(window: npt.NDArray[np.uint8], frame: Frame, area: tuple[int, int, int, int]) -> npt.NDArray[np.float32]:
    (w, h), (x0, x1, y0, y1) = frame.mcu_size, area
    missing = (0, (y1 - y0) * h - window.shape[0]), (0, (x1 - x0) * w - window.shape[1]), (0, 0)
    return np.pad(window, missing, mode="edge").astype(np.float32)


def _planes(bgr: npt.NDArray[np.float32], components: int) -> list[npt.NDArray[np.float32]]:
    luma = bgr @ _LUMA
    chroma = [(bgr[:, :, channel] - luma) * np.float32(scale) for channel, scale in _CHROMA_SCALE]
    return [luma - 128, *chroma][:components]


def _shrink(plane: npt.NDArray[np.float32], x: int, y: int) -> npt.NDArray[np.float32]:
    rows, columns = plane.shape
    return plane if x == y == 1 else plane.reshape(rows // y, y, columns // x, x).mean((1, 3))


def _quantised(
    plane: npt.NDArray[np.float32], table: npt.NDArray[np.uint16], shape: tuple[int, int, int, int]
) -> npt.NDArray[np.int16]:
    down, v, across, h = shape
    blocks = plane.reshape(down, v, 8, across, h, 8).transpose(0, 3, 1, 4, 2, 5)  # (down, across, v, h, 8, 8)
    coefficients = (_DCT @ blocks @ _DCT.T).reshape(down * across, v * h, 64) / table
    return np.take(np.rint(coefficients).astype(np.int16), ZIGZAG, axis=2)
