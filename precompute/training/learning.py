"""The loop that every network here is trained by: as long as it may take, the average of the weights, the best state so far."""

import copy
import math
import sys
import time
from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from typing import Final

import cv2
import torch
from torch import Tensor
from torch import nn
from tqdm import tqdm

WARM: Final = 0.03  # of the time
DECAY: Final = 0.05
SMOOTH: Final = 0.998  # of the average of the weights
JUDGED: Final = 12  # times in one training
LOUDEST: Final = 5.0  # norm of a gradient

Batch = tuple[Tensor, ...]


@dataclass(frozen=True, slots=True)
class Task:
    """network; batches without end; loss of a batch's outputs; judge: the smaller the better, of a network in ``eval``."""

    network: nn.Module
    batches: Iterator[Batch]
    loss: Callable[[Any, Batch], Tensor]
    judge: Callable[[nn.Module], float]
    keep: Callable[[nn.Module], None]


def device() -> torch.device:
    """The GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def train(task: Task, minutes: float, rate: float, name: str) -> float:
    """Train for so many minutes; whenever the average of the weights is judged better, ``keep`` is called. Returns the best.

    The rate follows a half cosine (Loshchilov and Hutter, SGDR, arXiv 1608.03983) of the time that has passed. Ctrl-C ends the
    training and loses nothing that was kept.
    """
    # Crops are small: OpenCV's helpers would mostly wait, and they wait by spinning, on cores that other work needs.
    cv2.setNumThreads(1)
    there = device()
    network = task.network.to(there, memory_format=torch.channels_last)
    average = copy.deepcopy(network).eval()
    optimiser = torch.optim.AdamW(_groups(network), lr=rate, betas=(0.9, 0.98))
    best, steps, judged = math.inf, 0, 0
    start = time.monotonic()
    with tqdm(total=round(minutes * 60), desc=name, unit="s", mininterval=5) as bar:
        try:
            while (passed := (time.monotonic() - start) / (60 * minutes)) < 1:
                for group in optimiser.param_groups:
                    group["lr"] = rate * min(1, passed / WARM + 0.01) * (0.02 + 0.98 * (0.5 + 0.5 * math.cos(math.pi * passed)))
                loss = _step(task, network, optimiser, there)
                steps += 1
                _follow(average, network, min(SMOOTH, steps / (steps + 20)))
                if steps % 20 == 0:
                    bar.set_postfix(loss=f"{loss.item():.4f}", steps=steps, best=f"{best:.4f}", refresh=False)
                    bar.update(min(bar.total, round(passed * 60 * minutes)) - bar.n)
                if passed * JUDGED > judged + 1:
                    judged += 1
                    best = _judged(task, average, best, bar)
        except KeyboardInterrupt:
            print("stopped; the best so far stays", file=sys.stderr)
            return best
    return _judged(task, average, best, None)


def _groups(network: nn.Module) -> list[dict[str, Any]]:
    """Weights decay; biases, slopes and scales do not."""
    weights = [each for each in network.parameters() if each.ndim > 1]
    others = [each for each in network.parameters() if each.ndim <= 1]
    return [{"params": weights, "weight_decay": DECAY}, {"params": others, "weight_decay": 0.0}]


def _step(task: Task, network: nn.Module, optimiser: torch.optim.Optimizer, there: torch.device) -> Tensor:
    batch = tuple(each.to(there, non_blocking=True) for each in next(task.batches))
    network.train()
    with torch.autocast(there.type, dtype=torch.bfloat16):
        outputs = network(batch[0])
    loss = task.loss(outputs, batch)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(network.parameters(), LOUDEST)
    optimiser.step()
    return loss.detach()


@torch.no_grad()
def _follow(average: nn.Module, network: nn.Module, share: float) -> None:
    for mean, own in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
        if mean.dtype.is_floating_point:
            mean.lerp_(own, 1 - share)
        else:
            mean.copy_(own)


@torch.no_grad()
def _judged(task: Task, average: nn.Module, best: float, bar: "tqdm[Any] | None") -> float:
    found = task.judge(average.eval())
    (bar.write if bar is not None else print)(f"held out: {found:.5f}")
    if found < best:
        task.keep(average)
    return min(best, found)
