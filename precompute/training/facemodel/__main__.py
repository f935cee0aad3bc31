"""``python -m precompute.training.facemodel PORTRAITS WEIGHTS``: train the face model anew, in about a minute on two cores."""

import argparse
import sys
from pathlib import Path

from tqdm import tqdm

from precompute import models
from precompute.errors import PrecomputeError
from precompute.facemodel import weights
from precompute.models import ModelStore
from precompute.training.facemodel.recipe import train


def run() -> int:
    """Train, write the weights, and print what models.toml says of them."""
    parser = argparse.ArgumentParser(prog="python -m precompute.training.facemodel", description=__doc__)
    parser.add_argument("portraits", type=Path, help="folder of portraits of synthetic people, one face each")
    parser.add_argument("weights", type=Path, help="file to write, such as precompute/weights/face-model.npz")
    parser.add_argument("--seed", type=int, default=0, help="the same portraits and seed give the same file (default 0)")
    given = parser.parse_args()
    bars: dict[str, tqdm] = {}

    def progress(what: str, done: int, total: int) -> None:
        bar = bars.setdefault(what, tqdm(total=total, desc=what, disable=None))
        bar.update(done - bar.n)

    try:
        weights.save(train(given.portraits, ModelStore(), progress, given.seed), given.weights)
    except PrecomputeError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f'bytes = {given.weights.stat().st_size}\nsha256 = "{models.sha256(given.weights)}"')
    return 0


if __name__ == "__main__":
    sys.exit(run())
