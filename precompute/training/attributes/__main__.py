"""``python -m precompute.training.attributes POOL WEIGHTS``: train the attributes model on a pool of shots."""

import sys

from precompute.training import command
from precompute.training.attributes import recipe


def run() -> int:
    """Train, keep the best, print its figures and what models.toml says of it."""
    given = command.parser("attributes", __doc__ or "", "face-attributes.onnx").parse_args()
    return command.run(
        given,
        lambda: recipe.train(given.pool, given.weights, given.minutes, given.seed, given.start),
        lambda: recipe.judged(given.pool, given.weights),
    )


if __name__ == "__main__":
    sys.exit(run())
