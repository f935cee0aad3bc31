"""A session in the booth: sitters one after the other, posed, shot and judged by the teachers, into one file of the pool."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from precompute import donor_index
from precompute.facemodel import weights
from precompute.facemodel.layout import Layout
from precompute.facemodel.sampler import FaceModel
from precompute.models import ModelStore
from precompute.training.booth import camera
from precompute.training.booth import pool
from precompute.training.booth.pose import Stage
from precompute.training.booth.sitters import Sitters
from precompute.training.booth.teachers import CONFIG
from precompute.training.booth.teachers import Teachers
from precompute.training.facemodel import portraits

PER_FILE: Final = 2000


@dataclass(frozen=True, slots=True)
class Booth:
    """All that a session needs, loaded once per process."""

    sitters: Sitters
    stage: Stage
    teachers: Teachers

    @classmethod
    def open(cls, folder: Path, held_out: bool = False) -> "Booth":
        """Of a folder of portraits; raises ``PrecomputeError``."""
        cv2.setNumThreads(1)
        store = ModelStore()
        index = donor_index.open_index(folder, CONFIG, store)
        layout = Layout(portraits.symmetric(index.reference))
        model = FaceModel(weights.load(store.path("face-model")), [])
        return cls(Sitters(folder, index, layout, model, held_out), Stage(layout), Teachers.load(store))

    def take(self, file: Path, seed: int, count: int = PER_FILE) -> None:
        """A file of shots; the same seed gives the same ones."""
        rng = np.random.default_rng(seed)
        jpegs, said = [], []
        for _ in range(count):
            posed = self.stage.draw(self.sitters.someone(rng), rng)
            jpegs.append(pool.coded(camera.shot(posed, rng)))
            said.append(self.teachers.say(pool.decoded(jpegs[-1]), posed))
        pool.write(file, jpegs, said)


_booths: dict[tuple[Path, bool], Booth] = {}


def work(folder: Path, into: Path, number: int, held_out: bool) -> int:
    """One file, in a process of its own; what is there already stays."""
    file = into / f"{pool.JUDGES if held_out else 'shots'}-{number:04d}.npz"
    if not file.is_file():
        if (folder, held_out) not in _booths:
            _booths[folder, held_out] = Booth.open(folder, held_out)
        _booths[folder, held_out].take(file, seed=number + (1_000_000 if held_out else 0))
    return PER_FILE
