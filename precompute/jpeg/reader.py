"""An upload's quantised coefficients, read without leaving memory and without decoding a pixel."""

import ctypes
import os

import numpy as np
import numpy.typing as npt
from jpeglib import version
from jpeglib._bind import CJpegLib  # the public call copies the file to a temporary one on disk: the original must not land there

from precompute.jpeg.frame import Frame
from precompute.jpeg.frame import normalise_padding
from precompute.jpeg.zigzag import ZIGZAG

version.set("6b")
CJpegLib.get().read_jpeg_dct.restype = ctypes.c_int


class Unreadable(ValueError):
    """libjpeg does not accept the file."""


def read(data: bytes, frame: Frame) -> tuple[npt.NDArray[np.int16], tuple[npt.NDArray[np.uint16], ...]]:
    """JPEG bytes of this frame -> int16 (MCUs, blocks per MCU, 64) in zigzag order, and per component its (64,) table.

    The tables are in natural order. ``frame`` must come from a header walk of the same bytes: it sizes the buffers that the C
    library writes to. Raises ``Unreadable``.
    """
    planes = [np.zeros((frame.blocks_of(c)[1], frame.blocks_of(c)[0], 64), np.int16) for c in range(len(frame.components))]
    steps, chosen = np.zeros((4, 64), np.uint16), np.zeros(4, np.int16)
    buffers = [_pointer(plane) for plane in planes] + [None] * (4 - len(planes))
    fd = os.memfd_create("upload", os.MFD_CLOEXEC)
    try:
        _write_all(fd, data)
        name = ctypes.c_char_p(f"/proc/self/fd/{fd}".encode())
        if CJpegLib.get().read_jpeg_dct(name, *buffers, _pointer(steps), _pointer(chosen)) == 0:
            raise Unreadable
    finally:
        os.close(fd)
    tables = tuple(steps[int(chosen[c])] for c in range(len(planes)))
    return _scan_order(planes, frame), tables


def _pointer(array: npt.NDArray[np.generic]) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def _scan_order(planes: list[npt.NDArray[np.int16]], frame: Frame) -> npt.NDArray[np.int16]:
    across, down = frame.mcus
    out = np.empty((down, across, len(frame.places), 64), np.int16)
    at = 0
    for plane, part in zip(planes, frame.components, strict=True):
        full = np.zeros((down * part.v, across * part.h, 64), np.int16)
        full[: plane.shape[0], : plane.shape[1]] = np.take(plane, ZIGZAG, axis=2)
        split = full.reshape(down, part.v, across, part.h, 64).transpose(0, 2, 1, 3, 4)
        out[:, :, at : at + part.v * part.h] = split.reshape(down, across, part.v * part.h, 64)
        at += part.v * part.h
    blocks = out.reshape(down * across, len(frame.places), 64)
    normalise_padding(frame, np.arange(down * across), blocks)
    return blocks
