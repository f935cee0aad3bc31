"""``python -m precompute.training.detector PORTRAITS WEIGHTS``: train the face detector anew, in an hour or more on two cores."""

import argparse
import sys
from pathlib import Path

import torch
from tqdm import tqdm

from precompute import models
from precompute.errors import PrecomputeError
from precompute.models import ModelStore
from precompute.training.detector import export
from precompute.training.detector.network import Network
from precompute.training.detector.recipe import Plan
from precompute.training.detector.recipe import train


def run() -> int:
    """Train, write the weights, and print what models.toml says of them."""
    given = _arguments().parse_args()
    device = given.device if given.device != "auto" else "cuda" if torch.cuda.is_available() else "cpu"
    torch.set_num_threads(given.threads)
    torch.manual_seed(given.seed)
    plan = Plan(given.portraits, given.minutes, given.seed, device, given.batch)
    bars: dict[str, tqdm] = {}

    def progress(what: str, done: int, total: int) -> None:
        if total == 1:
            tqdm.write(what, file=sys.stderr)
            return
        bar = bars.setdefault(what, tqdm(total=total, desc=what, disable=None))
        bar.update(done - bar.n)

    try:
        best = train(plan, export.load(given.start) if given.start else Network(), given.weights, ModelStore(), progress)
    except PrecomputeError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"held-out composites: recall {best.recall:.3f}, precision {best.precision:.3f}, points {best.error:.3f} interocular")
    print(f'bytes = {given.weights.stat().st_size}\nsha256 = "{models.sha256(given.weights)}"')
    return 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m precompute.training.detector",
        description=__doc__,
        epilog="Ctrl-C ends it early; WEIGHTS always holds the best network so far, and --from WEIGHTS goes on from there.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("portraits", type=Path, help="folder of portraits of synthetic people, one face each")
    parser.add_argument("weights", type=Path, help="file to write, such as precompute/weights/face-detector.onnx")
    parser.add_argument("--minutes", type=float, default=60.0, help="how long to train")
    parser.add_argument("--seed", type=int, default=0, help="of weights and composites; how many are made depends on the machine")
    parser.add_argument("--from", type=Path, dest="start", metavar="WEIGHTS", help="go on from weights that this wrote")
    parser.add_argument("--batch", type=int, default=16, help="pictures a step; more on a GPU")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help="where to train")
    parser.add_argument("--threads", type=int, default=1, help="cores for the training itself; one more makes the composites")
    return parser


if __name__ == "__main__":
    sys.exit(run())
