"""``python -m precompute.training.recogniser POOL WEIGHTS --kind residual``: train a recogniser on a pool of shots."""

import sys
from typing import get_args

from precompute.training import command
from precompute.training.recogniser import recipe
from precompute.training.recogniser.networks import Kind


def run() -> int:
    """Train, keep the best, print its figure and what models.toml says of it."""
    parser = command.parser("recogniser", __doc__ or "", "face-recogniser-a.onnx")
    parser.add_argument("--kind", choices=get_args(Kind), required=True)
    given = parser.parse_args()
    return command.run(
        given,
        lambda: recipe.train(given.pool, given.kind, given.weights, given.minutes, given.seed, given.start),
        lambda: recipe.judged(given.pool, given.kind, given.weights),
    )


if __name__ == "__main__":
    sys.exit(run())
