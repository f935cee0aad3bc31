"""The whole recipe, downward: cut out portraits, compose and label pictures without end, learn, keep the best."""

import copy
import math
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch

from precompute.models import ModelStore
from precompute.models import Progress
from precompute.session import Session
from precompute.training.detector import batches
from precompute.training.detector import composites
from precompute.training.detector import export
from precompute.training.detector import portraits
from precompute.training.detector.composites import Composite
from precompute.training.detector.labels import Labels
from precompute.training.detector.labels import labelled
from precompute.training.detector.losses import Loss
from precompute.training.detector.network import Network
from precompute.training.detector.network import rows
from precompute.training.detector.pool import SIDE
from precompute.training.detector.pool import Filling
from precompute.training.detector.pool import Pool
from precompute.training.detector.profiles import Turning
from precompute.training.detector.scoring import Score
from precompute.training.detector.scoring import score
from precompute.training.detector.teacher import NAME
from precompute.training.detector.teacher import Teacher

RATE: Final = 2.5e-3
WARM_UP: Final = 200  # steps
FADING: Final = 0.998  # of the running mean of weights, per step
HELD_COMPOSITES: Final = 240
SCORED_EVERY: Final = 90.0  # seconds


@dataclass(frozen=True, slots=True)
class Plan:
    """What one training is given; ``size`` is of the pool, in pictures of 0.2 MB."""

    portraits: Path
    minutes: float
    seed: int = 0
    device: str = "cpu"
    batch: int = 16
    size: int = 10000
    first: int = 400  # composites to begin with


def train(plan: Plan, start: Network, file: Path, store: ModelStore, progress: Progress) -> Score:
    """Train for so many minutes from when the pool has its first pictures, or until interrupted; ``file`` always holds the best
    network so far, which is ``start`` until there is a better one. Returns the score of the file.
    """
    torch.manual_seed(plan.seed)
    rng, teacher = np.random.default_rng(plan.seed), Teacher(Session(store.path(NAME), "cpu", 1))
    learnt, held_out = portraits.files(plan.portraits)
    with tempfile.TemporaryDirectory() as place, Filling(Path(place), plan.size, learnt, plan.seed + 1) as filling:
        pool = Pool.opened(Path(place), plan.size)
        held = _held(held_out, teacher, Turning.load(store), progress)
        while filling.made < plan.first and filling.alive:
            progress("composites", filling.made, plan.first)
            time.sleep(1)
        best = score(start.eval(), held)
        export.save(start, file)
        try:
            for network, said in _steps(plan, start, pool, filling, rng, progress):
                now = score(network, held)
                if now.total > best.total:
                    best = now
                    export.save(network, file)
                progress(f"{said} {now.recall:.3f} {now.precision:.3f} {now.error:.3f}", 0, 1)
        except KeyboardInterrupt:
            progress("stopped", 1, 1)
    return best


def _held(chosen: list[Path], teacher: Teacher, turning: Turning, progress: Progress) -> list[tuple[Composite, Labels]]:
    """Labelled composites of people who take no part in training, always the same ones."""
    rng = np.random.default_rng(0)
    views = portraits.views(chosen, teacher, turning, rng, progress)
    made = [composites.composed(SIDE, views, rng) for _ in range(HELD_COMPOSITES)]
    return [(each, labelled(each, teacher.cells(each.pixels))) for each in made]


def _steps(
    plan: Plan, start: Network, pool: Pool, filling: Filling, rng: np.random.Generator, progress: Progress
) -> Iterator[tuple[Network, str]]:
    """The running mean of the network's weights, and a word on how it goes, every so often until the time is up."""
    device = torch.device(plan.device)
    network = start.to(device).to(memory_format=torch.channels_last).train()
    mean, loss = copy.deepcopy(network).eval(), Loss(SIDE, device)
    optimiser = torch.optim.AdamW(network.parameters(), RATE, weight_decay=0.01)
    began = scored = time.monotonic()
    step, said = 0, np.zeros(3)
    while (spent := time.monotonic() - began) < plan.minutes * 60:
        for group in optimiser.param_groups:
            group["lr"] = rate(step, spent / (plan.minutes * 60))
        pixels, *wanted = batches.drawn(pool, filling.drawn(plan.batch, rng), rng, device)
        with torch.autocast(device.type, torch.bfloat16):
            out = network(pixels)
        parts = loss(rows(out), *wanted)
        optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(sum(parts, torch.zeros((), device=device)))
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        step += 1
        follow(mean, network, min(FADING, step / (step + 10)))
        said = said * 0.99 + 0.01 * np.array([float(part.detach()) for part in parts])
        progress("seconds", int(spent), int(plan.minutes * 60))
        if time.monotonic() - scored > SCORED_EVERY:
            yield mean, f"step {step}, made {filling.made}, losses {np.round(said / (1 - 0.99**step), 3)}, held out"
            scored = time.monotonic()
    yield mean, f"step {step}, held out"


def rate(step: int, share: float) -> float:
    """The learning rate: up in the first steps, then down along a cosine to a hundredth."""
    return RATE * min(1.0, (step + 1) / WARM_UP) * (0.01 + 0.99 * (0.5 + 0.5 * math.cos(math.pi * min(1.0, share))))


def follow(mean: Network, network: Network, fading: float) -> None:
    """Move the running mean towards the network, in place."""
    with torch.no_grad():
        for kept, new in zip(mean.state_dict().values(), network.state_dict().values(), strict=True):
            if kept.is_floating_point():
                kept.lerp_(new, 1 - fading)
            else:
                kept.copy_(new)
