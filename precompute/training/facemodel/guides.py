"""What recognisers and the attributes model say of drawn faces, as linear functions of the coefficients.

Random samples are drawn into photos of several people, as sealing would draw them; what belongs to the photo is taken off, and
ridge regression tells what belongs to the sample.
"""


from typing import Final

import numpy as np
import numpy.typing as npt

from precompute.blend import paste
from precompute.detect import Detector
from precompute.equipment import Equipment
from precompute.facemodel.sampler import FaceModel
from precompute.facemodel.weights import Readout
from precompute.facemodel.weights import Weights
from precompute.models import Progress
from precompute.swap import Swapper
from precompute.training.facemodel.portraits import Portrait
from precompute.trial import Around

Floats = npt.NDArray[np.float32]

SAMPLES: Final = 2400
RIDGE: Final = 0.03  # of the number of samples
LOG_ODDS: Final = 6.0  # the most that a probability counts


def learn(
    weights: Weights, portraits: list[Portrait], swapper: Swapper, models: Equipment, rng: np.random.Generator,
    progress: Progress,
) -> dict[str, Readout]:  # fmt: skip
    """Readouts by the SHA-256 of each recogniser, and ``female`` (log odds) and ``age`` (years)."""
    model = FaceModel(weights, [])
    each = SAMPLES // len(portraits)
    coefficients, photos = [], []
    seen: dict[str, list[Floats]] = {}
    for number, portrait in enumerate(portraits):
        place = _place(portrait, models.detector)
        if place is None:
            continue
        around, (box, points) = Around.of(portrait.pixels, portrait.mesh), place
        for _ in range(each):
            own, donor = model.anyone(rng)
            drawn = paste(portrait.pixels, around.fake(swapper, donor, rng))
            coefficients.append(own)
            photos.append(number)
            for recogniser in models.recognisers:
                seen.setdefault(recogniser.sha256, []).append(recogniser.embed(drawn, points)[0])
            female, age = models.attributes.tell(drawn, box)[0]
            odds = float(np.clip(np.log(max(female, 1e-6) / max(1 - female, 1e-6)), -LOG_ODDS, LOG_ODDS))
            seen.setdefault("female", []).append(np.array([odds], np.float32))
            seen.setdefault("age", []).append(np.array([age], np.float32))
        progress("photos", number + 1, len(portraits))
    known = np.array(coefficients, np.float32)
    return {name: regress(known, np.array(said, np.float32), np.array(photos)) for name, said in seen.items()}


def _place(portrait: Portrait, detector: Detector) -> tuple[Floats, Floats] | None:
    """Box (1, 4) and five points (1, 5, 2) of the largest face."""
    found = detector.find(portrait.pixels, (640,))
    if not len(found):
        return None
    largest = found.take(np.argsort(-found.boxes[:, 2], kind="stable")[:1])
    return largest.boxes, largest.points


def regress(coefficients: Floats, said: Floats, photos: npt.NDArray[np.integer]) -> Readout:
    """Coefficients (n, k), what was said (n, d), the photo of each (n,) -> slope and level, each photo's own level taken off."""
    centred, answers = coefficients.astype(np.float64).copy(), said.astype(np.float64).copy()
    for photo in np.unique(photos):
        rows = photos == photo
        centred[rows] -= centred[rows].mean(0)
        answers[rows] -= answers[rows].mean(0)
    gram = centred.T @ centred + RIDGE * len(centred) * np.eye(centred.shape[1])
    slope = np.linalg.solve(gram, centred.T @ answers)
    level = said.mean(0) - coefficients.mean(0) @ slope
    return Readout(slope.astype(np.float32), level.astype(np.float32))
