"""The recipe, downward: read the pool, let the teacher look past faces, train a network to see as it does, keep the best."""

from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch import nn
from torch.nn import functional

from precompute import landmarks
from precompute.facemodel import weights as facemodel
from precompute.landmarks import FaceMesh
from precompute.models import ModelStore
from precompute.session import Session
from precompute.settings import PERMISSIVE
from precompute.swap import warp
from precompute.training import export
from precompute.training import learning
from precompute.training.booth import pool
from precompute.training.facemodel import portraits
from precompute.training.learning import Batch
from precompute.training.mesh import batches
from precompute.training.mesh import crops
from precompute.training.mesh import judging
from precompute.training.mesh import looks
from precompute.training.mesh.network import POINTS
from precompute.training.mesh.network import SIDE
from precompute.training.mesh.network import Net

BATCH: Final = 64
RATE: Final = 2e-3
JUDGED: Final = 600  # shots held out; all of them are looked at when all is done
LOOKS: Final = 9000
BEGINNING: Final = 4000  # meshes that the ways are taken from
NAMES: Final = ("image", ["landmarks", "presence_logit"])
FINE: Final = 2.0  # weight of lids, irises and lips; of all others 1
DEEP: Final = 0.4  # weight of z, which no picture shows and the teacher guesses
PRESENCE: Final = 0.05


def train(folder: Path, weights: Path, store: ModelStore, minutes: float, seed: int = 0, start: Path | None = None) -> float:
    """A pool of shots -> weights; returns the mean error on portraits held out, as a share of the distance between the eyes."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    growing, judges = pool.Growing(folder), pool.some(pool.judges(folder), JUDGED)
    own = growing.shots()
    reference = facemodel.load(store.path("face-model")).reference
    corners, twin = warp.triangles(warp.ringed(reference)), portraits.twins(reference)
    past = looks.kept(folder / "looks" / f"looks-{seed}.npz", own, _teacher(store), corners, LOOKS, seed)
    network = Net()
    if start is None:
        rows = rng.choice(np.flatnonzero(own.presence > batches.BELIEVED), BEGINNING)
        network.begin(np.stack([crops.taken(_blank(), own.meshes[i], batches.near(own, i, rng)).mesh for i in rows]))
    else:
        export.restore(network, start)

    def judge(candidate: nn.Module) -> float:
        return judging.error(candidate, judges)

    def keep(candidate: nn.Module) -> None:
        plain = Net()
        plain.load_state_dict(candidate.state_dict())
        export.write(plain, torch.zeros(1, SIDE, SIDE, 3), NAMES, weights)

    task = learning.Task(network, batches.endless(growing, past, twin, BATCH, rng), loss, judge, keep)
    return learning.train(task, minutes, RATE if start is None else RATE / 2, "mesh")


def judged(folder: Path, weights: Path) -> dict[str, float]:
    """Figures of weights that were written, on the portraits held out."""
    network = Net().eval()
    export.restore(network, weights)
    return judging.figures(network, pool.judges(folder))


def loss(said: tuple[Tensor, Tensor], batch: Batch) -> Tensor:
    """Mean distance along each axis, of the distance between the eyes, where the mesh counts; and cross entropy to the
    teacher's presence."""
    _, wanted, presence, counts = batch
    apart = (said[0].reshape(-1, POINTS, 3) / SIDE - wanted).abs() * _share(wanted.device)
    eyes = (wanted[:, landmarks.LEFT_EYE[0]] - wanted[:, landmarks.RIGHT_EYE[1]]).norm(dim=1)
    each = apart.sum((1, 2)) / eyes.clamp_min(1e-3)
    seen = functional.binary_cross_entropy_with_logits(said[1][:, 0], presence)
    return (each * counts).sum() / counts.sum().clamp_min(1) + PRESENCE * seen


def _teacher(store: ModelStore) -> FaceMesh:
    return FaceMesh(Session(store.path(PERMISSIVE.landmarks)))


def _share(there: torch.device) -> Tensor:
    """How much each coordinate counts, float32 (478, 3), summing to 1."""
    share = torch.ones(POINTS, 3, device=there)
    share[[*landmarks.LIDS, *landmarks.MOUTH_EDGES, *range(landmarks.POINTS, POINTS)]] = FINE
    share[:, 2] *= DEEP
    return share / share.sum()


def _blank() -> crops.Pixels:
    return np.zeros((8, 8, 3), np.uint8)
