"""The recipe, downward: read the pool, train a network to tell what the teacher tells, keep the best as ONNX."""

from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch import nn
from torch.nn import functional

from precompute.training import export
from precompute.training import learning
from precompute.training.attributes import batches
from precompute.training.attributes import judging
from precompute.training.attributes.network import SIDE
from precompute.training.attributes.network import Net
from precompute.training.booth import pool
from precompute.training.learning import Batch

BATCH: Final = 64
RATE: Final = 2e-3
JUDGED: Final = 600  # shots held out; all of them are looked at when all is done
NAMES: Final = ("data", ["prob_female_male", "age_div100"])
AGES: Final = 3.0  # weight of ages in centuries beside the gender's cross entropy


def train(folder: Path, weights: Path, minutes: float, seed: int = 0, start: Path | None = None) -> float:
    """A pool of shots -> weights; returns ``judging.error`` on portraits held out."""
    torch.manual_seed(seed)
    judges = pool.some(pool.judges(folder), JUDGED)
    network = Net()
    if start is not None:
        export.restore(network, start)

    def judge(candidate: nn.Module) -> float:
        return judging.error(candidate, judges)

    def keep(candidate: nn.Module) -> None:
        plain = Net()
        plain.load_state_dict(candidate.state_dict())
        export.write(plain, torch.zeros(1, 3, SIDE, SIDE), NAMES, weights, dynamic={0: "n"})

    task = learning.Task(network, batches.endless(pool.Growing(folder), BATCH, np.random.default_rng(seed)), loss, judge, keep)
    return learning.train(task, minutes, RATE if start is None else RATE / 2, "attributes")


def judged(folder: Path, weights: Path) -> dict[str, float]:
    """Figures of weights that were written, on the portraits held out."""
    network = Net().eval()
    export.restore(network, weights)
    shots = pool.judges(folder)
    return judging.compared(judging.tell(network, shots), shots.told)


def loss(said: tuple[Tensor, Tensor], batch: Batch) -> Tensor:
    """Cross entropy to the teacher's probabilities, and how far ages are off."""
    female, age = batch[1][:, 0], batch[1][:, 1]
    return functional.binary_cross_entropy(said[0][:, 0], female) + AGES * (said[1][:, 0] - age).abs().mean()
