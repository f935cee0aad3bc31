"""How far an attributes network is from its teacher on shots held out, over all and by group."""

from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from precompute import describe
from precompute.evaluation import kept
from precompute.training import learning
from precompute.training.attributes import batches
from precompute.training.booth.pool import Shots

Floats = npt.NDArray[np.float32]

SURE: Final = 0.8  # probability of either gender from which the teacher counts as sure


@torch.no_grad()
def tell(network: nn.Module, shots: Shots) -> Floats:
    """Probability of female and years, float32 (n, 2): as at runtime the mean over each crop and its mirror image."""
    there, told = learning.device(), []
    for crops, _ in batches.judging(shots):
        both = torch.cat([crops, crops.flip(3)]).to(there)
        female, age = network(both)
        told.append(torch.stack([female[:, 0], 100 * age[:, 0]], 1).reshape(2, -1, 2).mean(0).cpu().numpy())
    return np.concatenate(told)


def error(network: nn.Module, shots: Shots) -> float:
    """Share of shots of another gender than the teacher surely tells, and a hundredth for every year that ages are off by."""
    own, teacher = tell(network, shots), shots.told
    sure = np.abs(teacher[:, 0] - 0.5) >= SURE - 0.5
    other = (own[:, 0] > 0.5) != (teacher[:, 0] > 0.5)
    return float(other[sure].mean() + np.abs(own[:, 1] - teacher[:, 1]).mean() / 100)


def compared(own: Floats, teacher: Floats) -> dict[str, float]:
    """Probability of female and years (n, 2) of both -> shares that agree, and years that ages are off by, by group too."""
    sure = np.abs(teacher[:, 0] - 0.5) >= SURE - 0.5
    same = (own[:, 0] > 0.5) == (teacher[:, 0] > 0.5)
    groups = [np.array([describe.age_group(years) for years in each[:, 1]]) for each in (own, teacher)]
    near, off = np.abs(groups[0] - groups[1]) <= 1, np.abs(own[:, 1] - teacher[:, 1])
    members = {"all": np.ones(len(own), np.bool_), "female": teacher[:, 0] > 0.5, "male": teacher[:, 0] <= 0.5}
    members |= {name: groups[1] == number for number, name in enumerate(kept.AGE_GROUPS)}
    found: dict[str, float] = {}
    for name, rows in members.items():
        if rows.any():
            found |= {f"gender, {name}": float(same[rows].mean()), f"age within a group, {name}": float(near[rows].mean())}
            found[f"years off, {name}"] = float(off[rows].mean())
            if (rows & sure).any():
                found[f"gender where the teacher is sure, {name}"] = float(same[rows & sure].mean())
    return found
