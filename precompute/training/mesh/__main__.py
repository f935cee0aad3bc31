"""``python -m precompute.training.mesh POOL WEIGHTS``: train the dense mesh on a pool of shots."""

import sys

from precompute.models import ModelStore
from precompute.training import command
from precompute.training.mesh import recipe


def run() -> int:
    """Train, keep the best, print its figures and what models.toml says of it."""
    given = command.parser("mesh", __doc__ or "", "face-mesh.onnx").parse_args()
    return command.run(
        given,
        lambda: recipe.train(given.pool, given.weights, ModelStore(), given.minutes, given.seed, given.start),
        lambda: recipe.judged(given.pool, given.weights),
    )


if __name__ == "__main__":
    sys.exit(run())
