"""Thousands of labelled composites on disk, which one process draws from while another replaces the oldest by new ones."""

import multiprocessing
import os
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import Any
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from precompute.models import ModelStore
from precompute.session import Session
from precompute.training.detector import composites
from precompute.training.detector import portraits
from precompute.training.detector.labels import MOST
from precompute.training.detector.labels import cell_count
from precompute.training.detector.labels import labelled
from precompute.training.detector.profiles import Turning
from precompute.training.detector.teacher import NAME
from precompute.training.detector.teacher import Teacher

SIDE: Final = 256
Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Pool:
    """``size`` slots: pixels uint8 (size, 256, 256, 3) BGR, and of each the labels: scores float16 (size, cells), whose int8
    (size, cells), faces float32 (size, 24, 14).
    """

    pixels: Pixels
    scores: npt.NDArray[np.float16]
    whose: npt.NDArray[np.int8]
    faces: npt.NDArray[np.float32]

    @classmethod
    def opened(cls, folder: Path, size: int) -> "Pool":
        """The pool's files in a folder, made where they are missing."""

        def array(name: str, kind: str, *shape: int) -> npt.NDArray[Any]:
            file = folder / name
            return np.memmap(file, kind, "r+" if file.exists() else "w+", shape=(size, *shape))

        cells = cell_count(SIDE)
        return cls(
            array("pixels", "u1", SIDE, SIDE, 3), array("scores", "f2", cells),
            array("whose", "i1", cells), array("faces", "f4", MOST, 14),
        )  # fmt: skip

    def put(self, slot: int, composite: composites.Composite, teacher: Teacher) -> None:
        """Label a composite and keep it."""
        labels = labelled(composite, teacher.cells(composite.pixels))
        self.pixels[slot], self.scores[slot] = composite.pixels, labels.scores
        self.whose[slot], self.faces[slot] = labels.whose, labels.faces


class Filling:
    """A process that fills a pool for as long as the ``with`` block lasts, one composite after the other, over and over."""

    def __init__(self, folder: Path, size: int, chosen: Sequence[Path], seed: int) -> None:
        spawning = multiprocessing.get_context("spawn")
        self._size, self._made = size, spawning.Value("q", 0)
        given = (folder, size, list(chosen), seed, self._made)
        self._process = spawning.Process(target=_fill, args=given, daemon=True)

    def __enter__(self) -> "Filling":
        self._process.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.join()

    @property
    def made(self) -> int:
        """Composites made so far."""
        return int(self._made.value)

    @property
    def alive(self) -> bool:
        """Whether composites are still being made."""
        return self._process.is_alive()

    def drawn(self, count: int, rng: np.random.Generator) -> npt.NDArray[np.intp]:
        """So many slots that are full and not being written."""
        made = self.made
        slots = rng.integers(0, min(made, self._size), count)
        return np.asarray(np.where(slots == made % self._size, (slots + 1) % min(made, self._size), slots), np.intp)


def _fill(folder: Path, size: int, chosen: list[Path], seed: int, made: "Synchronized[int]") -> None:
    # In a session of its own, so that an interrupt from the keyboard reaches the training alone.
    os.setsid()
    cv2.setNumThreads(1)
    store = ModelStore()
    teacher = Teacher(Session(store.path(NAME), "cpu", 1))
    rng, pool = np.random.default_rng(seed), Pool.opened(folder, size)
    views = portraits.views(chosen, teacher, Turning.load(store), rng, lambda what, done, total: None)
    parent = os.getppid()
    while os.getppid() == parent:
        pool.put(made.value % size, composites.composed(SIDE, views, rng), teacher)
        made.value += 1
