"""What the commands of all trainings on a pool of shots have in common."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import torch

from precompute import models
from precompute.errors import PrecomputeError


def parser(module: str, description: str, weights: str) -> argparse.ArgumentParser:
    """Options of ``python -m precompute.training.MODULE``; ``weights`` is the name of the file that is shipped."""
    made = argparse.ArgumentParser(prog=f"python -m precompute.training.{module}", description=description)
    made.add_argument("pool", type=Path, help="folder of shots, taken by python -m precompute.training.booth")
    made.add_argument("weights", type=Path, help=f"file to write, such as precompute/weights/{weights}")
    made.add_argument("--minutes", type=float, default=60, help="how long (default 60); longer is better; 0: only judge")
    made.add_argument("--seed", type=int, default=0)
    made.add_argument("--threads", type=int, default=1, help="cores (default 1: two trainings side by side are faster)")
    made.add_argument("--from", dest="start", type=Path, help="weights of an earlier training to go on from")
    return made


def run(given: argparse.Namespace, train: Callable[[], object], judged: Callable[[], dict[str, float]]) -> int:
    """Train unless no time is given, and print the figures and what models.toml says of the weights."""
    torch.set_num_threads(given.threads)
    try:
        if given.minutes > 0:
            train()
        for name, value in judged().items():
            print(f"{name}: {value:.4f}")
    except PrecomputeError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f'bytes = {given.weights.stat().st_size}\nsha256 = "{models.sha256(given.weights)}"')
    return 0
