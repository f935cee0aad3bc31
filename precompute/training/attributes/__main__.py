"""``python -m precompute.training.attributes POOL WEIGHTS``: train the attributes model on a pool of shots
(``python -m precompute.training.booth``)."""

import argparse
import sys
from pathlib import Path

import torch

from precompute import models
from precompute.errors import PrecomputeError
from precompute.training.attributes import recipe


def run() -> int:
    """Train, keep the best, print its figures and what models.toml says of it."""
    parser = argparse.ArgumentParser(prog="python -m precompute.training.attributes", description=__doc__)
    parser.add_argument("pool", type=Path, help="folder of shots")
    parser.add_argument("weights", type=Path, help="file to write, such as precompute/weights/face-attributes.onnx")
    parser.add_argument("--minutes", type=float, default=60, help="how long (default 60); longer is better; 0: only judge")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1, help="cores (default 1: two trainings side by side are faster)")
    parser.add_argument("--from", dest="start", type=Path, help="weights of an earlier training to go on from")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    try:
        if given.minutes > 0:
            recipe.train(given.pool, given.weights, given.minutes, given.seed, given.start)
        for name, value in recipe.judged(given.pool, given.weights).items():
            print(f"{name}: {value:.4f}")
    except PrecomputeError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f'bytes = {given.weights.stat().st_size}\nsha256 = "{models.sha256(given.weights)}"')
    return 0


if __name__ == "__main__":
    sys.exit(run())
