"""``python -m precompute.training.recogniser POOL WEIGHTS --kind residual``: train one of the two recognisers on a pool of shots
(``python -m precompute.training.booth``)."""

import argparse
import sys
from pathlib import Path
from typing import get_args

import torch

from precompute import models
from precompute.training.recogniser.networks import Kind
from precompute.training.recogniser.recipe import train


def run() -> int:
    """Train, keep the best, and print what models.toml says of it."""
    parser = argparse.ArgumentParser(prog="python -m precompute.training.recogniser", description=__doc__)
    parser.add_argument("pool", type=Path, help="folder of shots")
    parser.add_argument("weights", type=Path, help="file to write, such as precompute/weights/face-recogniser-a.onnx")
    parser.add_argument("--kind", choices=get_args(Kind), required=True)
    parser.add_argument("--minutes", type=float, default=60, help="how long (default 60); longer is better")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1, help="cores (default 1: two trainings side by side are faster)")
    parser.add_argument("--from", dest="start", type=Path, help="weights of an earlier training to go on from")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    best = train(given.pool, given.kind, given.weights, given.minutes, given.seed, given.start)
    print(f'held out: 1 - cosine = {best:.4f}\nbytes = {given.weights.stat().st_size}\nsha256 = "{models.sha256(given.weights)}"')
    return 0


if __name__ == "__main__":
    sys.exit(run())
