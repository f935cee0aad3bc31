"""``python -m precompute.training.thresholds PEOPLE NAME...``: the lines on thresholds that models.toml needs of a recogniser."""

import argparse
import math
import sys
from pathlib import Path
from typing import Final

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

from precompute import calibration
from precompute import equipment
from precompute import photo as upload
from precompute import verification
from precompute.command_evaluate import progress
from precompute.describe import Recogniser
from precompute.errors import PrecomputeError
from precompute.models import ModelStore
from precompute.settings import FacesConfig

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

FAR: Final = 1e-3
SUGGEST_FAR: Final = 1e-5
SMALLER: Final = (0.5, 0.355)  # of LFW's pictures, whose faces are 93 px wide: 47 and 33 px
SEED: Final = 1


class Smaller:
    """A recogniser that sees every picture this much smaller."""

    def __init__(self, recogniser: Recogniser, factor: float) -> None:
        self.name = f"{recogniser.name} at {factor}"
        self._recogniser = recogniser
        self._factor = factor

    def embed(self, pixels: Pixels, points: Floats) -> Floats:
        """See ``Recogniser``."""
        small = cv2.resize(pixels, None, fx=self._factor, fy=self._factor, interpolation=cv2.INTER_AREA)
        return self._recogniser.embed(np.asarray(small, np.uint8), points * np.float32(self._factor))


def lines(folder: Path, names: list[str], store: ModelStore) -> list[str]:
    """Of each recogniser ``threshold`` and ``suggest``, as models.toml explains them; raises ``PrecomputeError``."""
    config = msgspec.structs.replace(FacesConfig(), recognisers=tuple(names), thresholds=dict.fromkeys(names, 0.0))
    models = equipment.load(config, store)
    smaller = {each.name: [Smaller(each, factor) for factor in SMALLER] for each in models.recognisers}
    describers: list[verification.Describes] = [*models.recognisers, *(each for several in smaller.values() for each in several)]
    pictures = verification.collection(folder)
    with progress() as shown:
        found = verification.describe(
            pictures, models.detector, config.detect_long_sides_px, describers, upload.Limits(), shown
        )
    said = []
    for recogniser in models.recognisers:
        whole = found.vectors[recogniser.name]
        threshold = calibration.calibrate(calibration.cosine(whole), found.people, FAR, np.random.default_rng(SEED)).threshold
        seconds = [whole, *(found.vectors[each.name] for each in smaller[recogniser.name])]
        suggest = max(most(whole, second, found.people) for second in seconds)
        said += [f"[{recogniser.name}]", f"threshold = {threshold.value:.3f}", f"suggest = {math.ceil(100 * suggest) / 100:.2f}"]
    return said


def most(first: Floats, second: Floats, people: calibration.Ints) -> float:
    """Unit vectors (n, d) of the same pictures, of two sizes -> the similarity that ``SUGGEST_FAR`` of the pairs of different
    people reach; raises ``NotCalibrated`` where there are too few.
    """
    calibration.require(people, SUGGEST_FAR)
    passing = math.floor(calibration.impostor_count(people) * SUGGEST_FAR)
    alike = calibration.most_alike(lambda rows, columns: first[rows] @ second[columns].T, people, passing)
    return float(alike.similarity[passing - 1])


def run() -> int:
    """Print the lines."""
    parser = argparse.ArgumentParser(prog="python -m precompute.training.thresholds", description=__doc__)
    parser.add_argument("people", type=Path, help="folder with a folder of pictures for each person, such as LFW's")
    parser.add_argument("names", nargs="+", metavar="NAME", help="recognisers of models.toml")
    given = parser.parse_args()
    try:
        print("\n".join(lines(given.people, given.names, ModelStore())))
    except PrecomputeError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(run())
