"""The recipe, downward: read the pool, train a network to say what its teacher says, keep the best as ONNX."""

from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch import nn
from torch.nn import functional

from precompute.training import export
from precompute.training import learning
from precompute.training.booth import pool
from precompute.training.booth.pool import Shots
from precompute.training.learning import Batch
from precompute.training.recogniser import batches
from precompute.training.recogniser import networks
from precompute.training.recogniser.networks import DESIGNS
from precompute.training.recogniser.networks import SIDE
from precompute.training.recogniser.networks import Both
from precompute.training.recogniser.networks import Design
from precompute.training.recogniser.networks import Kind

BATCH: Final = 64
RATE: Final = 2e-3
RELATIONS: Final = 20.0  # weight of the similarities within a batch
NAMES: Final = ("crop", ["embedding"])


def train(folder: Path, kind: Kind, weights: Path, minutes: float, seed: int = 0, start: Path | None = None) -> float:
    """A pool of shots -> weights of one kind of network; returns 1 - mean cosine to the teacher on portraits held out."""
    torch.manual_seed(seed)
    design, judges = DESIGNS[kind], pool.judges(folder)
    network = networks.network(kind)
    if start is not None:
        export.restore(Both(network), start)

    def judge(candidate: nn.Module) -> float:
        return _apart(Both(candidate).to(learning.device()), judges, design)

    def keep(candidate: nn.Module) -> None:
        plain = networks.network(kind)
        plain.load_state_dict(candidate.state_dict())
        export.write(Both(plain), torch.zeros(1, 3, SIDE, SIDE), NAMES, weights, dynamic={0: "n"})

    rng = np.random.default_rng(seed)
    task = learning.Task(network, batches.endless(pool.Growing(folder), design, BATCH, rng), loss, judge, keep)
    return learning.train(task, minutes, RATE if start is None else RATE / 2, f"recogniser {kind}")


def judged(folder: Path, kind: Kind, weights: Path) -> dict[str, float]:
    """How near written weights come to the teacher on the pool's portraits that are held out."""
    network = Both(networks.network(kind)).to(learning.device(), memory_format=torch.channels_last)
    export.restore(network, weights)
    return {"mean cosine to the teacher, held out": 1 - _apart(network.eval(), pool.judges(folder), DESIGNS[kind])}


@torch.no_grad()
def _apart(network: nn.Module, judges: Shots, design: Design) -> float:
    there = learning.device()
    off = [1 - functional.cosine_similarity(network(x.to(there)).cpu(), y) for x, y in batches.judging(judges, design)]
    return float(torch.cat(off).mean())


def loss(said: Tensor, batch: Batch) -> Tensor:
    """How far embeddings are from the teacher's, and their cosines among each other from the teacher's (Park et al., Relational
    Knowledge Distillation, arXiv 1904.05068)."""
    own, wanted = functional.normalize(said.float()), batch[1]
    return (1 - (own * wanted).sum(1)).mean() + RELATIONS * functional.mse_loss(own @ own.T, wanted @ wanted.T)
