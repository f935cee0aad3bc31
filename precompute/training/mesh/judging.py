"""How far a mesh network is from its teacher on shots held out, by what the teacher says of each."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from precompute import describe
from precompute import landmarks
from precompute.evaluation import kept
from precompute.training import learning
from precompute.training.booth.pool import Shots
from precompute.training.mesh import batches
from precompute.training.mesh.network import POINTS
from precompute.training.mesh.network import SIDE

Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

TURNED: Final = 20.0  # degrees of yaw


def error(network: nn.Module, shots: Shots) -> float:
    """Mean over the shots in which the teacher sees a face, as a share of the distance between the eyes."""
    errors, _ = seen(network, shots)
    return float(np.nanmean(errors))


@torch.no_grad()
def seen(network: nn.Module, shots: Shots) -> tuple[Floats, Floats]:
    """Errors (n,), NaN where the teacher sees no face, and presence 0..1 (n,)."""
    there = learning.device()
    errors, presence = [], []
    for crop, wanted, _, counts in batches.judging(shots):
        points, logit = (each.cpu().numpy() for each in network(crop.to(there)))
        found = points.reshape(-1, POINTS, 3) / SIDE
        errors += [
            kept.landmark_error(right, own) if counted else None
            for right, own, counted in zip(wanted.numpy(), found, counts.numpy(), strict=True)
        ]
        presence.append(1 / (1 + np.exp(-logit[:, 0])))
    return np.array(errors, np.float32), np.concatenate(presence)


def groups(shots: Shots) -> Mapping[str, Flags]:
    """Shots by gender, age group and pose, as the teachers see them."""
    ages = np.array([describe.age_group(years) for years in shots.told[:, 1]])
    yaws = np.abs([describe.pose(mesh).yaw for mesh in shots.meshes])
    by = {"female": shots.told[:, 0] > 0.5, "male": shots.told[:, 0] <= 0.5}
    by |= {name: ages == number for number, name in enumerate(kept.AGE_GROUPS)}
    return by | {f"yaw to {TURNED:g} degrees": yaws <= TURNED, f"yaw over {TURNED:g} degrees": yaws > TURNED}


def figures(network: nn.Module, shots: Shots) -> dict[str, float]:
    """Errors over all and by group, those of eyes and lips, and how far presence is from the teacher's."""
    errors, presence = seen(network, shots)
    found = {"error": float(np.nanmean(errors)), "error of the worst in twenty": float(np.nanquantile(errors, 0.95))}
    found |= {f"error, {name}": float(np.nanmean(errors[rows])) for name, rows in groups(shots).items() if rows.any()}
    found["presence off by"] = float(np.abs(presence - shots.presence).mean())
    for bar in (landmarks.SURE, landmarks.LIKELY):
        found[f"same side of presence {bar:g}"] = float(((presence >= bar) == (shots.presence >= bar)).mean())
    return found
