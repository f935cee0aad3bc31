"""What a face is like: whom recognisers see, gender and age, which way it looks, what it does with mouth and eyes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from typing import Literal
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from precompute import align
from precompute import landmarks
from precompute.models import Input
from precompute.session import Session
from precompute.thresholds import Origin
from precompute.thresholds import Threshold

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Gender = Literal["female", "male", "unknown"]

TEMPLATES: Final = {"arcface": align.ARCFACE, "open-model-zoo": align.OPEN_MODEL_ZOO}
# What `pitch` measures on faces that look straight ahead, in degrees (median of 1,069 portraits).
LEVEL_PITCH: Final = -6.0
AGE_BORDERS: Final = (18.0, 30.0, 45.0, 60.0)  # years


class Recogniser(Protocol):
    """Turns faces into vectors whose cosine says how likely two are of one person; ``origin``: who set the threshold."""

    name: str
    sha256: str
    threshold: float
    origin: Origin

    def embed(self, pixels: Pixels, points: Floats) -> Floats:
        """BGR uint8 (h, w, 3) and five points each, float32 (n, 5, 2) -> unit vectors float32 (n, d)."""


class Attributes(Protocol):
    """Tells gender and age."""

    def tell(self, pixels: Pixels, boxes: Floats) -> Floats:
        """BGR uint8 (h, w, 3), boxes x, y, w, h, float32 (n, 4) -> float32 (n, 2): probability of female, age in years."""


@dataclass(frozen=True, slots=True)
class Pose:
    """Degrees. yaw > 0: nose to the right of the picture; pitch > 0: up; roll > 0: head turned clockwise."""

    yaw: float
    pitch: float
    roll: float


class OnnxRecogniser:
    """A recogniser of the registry through onnxruntime."""

    def __init__(self, session: Session, name: str, sha256: str, threshold: Threshold, feed: Input) -> None:
        self.name = name
        self.sha256 = sha256
        self.threshold = threshold.value
        self.origin = threshold.origin
        self._session = session
        self._feed = feed

    def embed(self, pixels: Pixels, points: Floats) -> Floats:
        """See ``Recogniser``."""
        feed = self._feed
        crops = [align.five_point_crop(pixels, five, TEMPLATES[feed.template], feed.side_px) for five in points]
        if not crops:
            return np.zeros((0, 0), np.float32)
        blob = cv2.dnn.blobFromImages(
            crops, 1 / feed.scale, (feed.side_px, feed.side_px), (feed.mean,) * 3, swapRB=feed.colour == "rgb"
        )
        blobs = [blob] if feed.batch else np.split(blob, len(blob))
        found = np.concatenate([next(iter(self._session.run(part).values())) for part in blobs])
        return unit(found.reshape(len(crops), -1))


def unit(vectors: Floats) -> Floats:
    """float32 (n, d) -> the same, each of length 1."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-9), np.float32)


class AgeGender:
    """A model with the contract of age-gender-recognition-retail-0013, which was not made for children."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def tell(self, pixels: Pixels, boxes: Floats) -> Floats:
        """See ``Attributes``; the mean over each face and its mirror image, which is steadier."""
        if not len(boxes):
            return np.zeros((0, 2), np.float32)
        side = self._session.side
        crops = np.stack([align.crop(pixels, _level_square(box, side), side) for box in boxes])
        both = np.concatenate([crops, crops[:, :, ::-1]])
        out = self._session.run(both.transpose(0, 3, 1, 2).astype(np.float32))
        told = np.stack([out["prob_female_male"][:, 0], 100 * out["age_div100"].reshape(-1)], 1)
        return np.asarray(told.reshape(2, -1, 2).mean(0), np.float32)


def gender(female: float, certainty: float) -> Gender:
    """Probability -> a word; "unknown" where neither gender has the wanted certainty."""
    if max(female, 1 - female) < certainty:
        return "unknown"
    return "female" if female > 0.5 else "male"


def age_group(years: float) -> int:
    """0: under 18, then from 18, 30, 45 and 60 on."""
    return int(np.searchsorted(AGE_BORDERS, years, side="right"))


def within_group(years: float, margin: float) -> float:
    """The nearest age that is ``margin`` years or more inside of the same age group."""
    group = age_group(years)
    low = AGE_BORDERS[group - 1] + margin if group else -np.inf
    high = AGE_BORDERS[group] - margin if group < len(AGE_BORDERS) else np.inf
    return float(min(max(years, low), high))


def _level_square(box: Floats, side: int) -> npt.NDArray[np.float64]:
    centre = box[:2] + box[2:] / 2
    return align.turned_square(centre, 1.1 * float(box[2:].max()), 0.0, side)


def pose(mesh: Floats) -> Pose:
    """Mesh float32 (478, 3) -> which way the head looks, from the directions ear to ear and forehead to chin."""
    points = mesh.astype(np.float64)
    across = points[[454, 263, 291, 361]].mean(0) - points[[234, 33, 61, 132]].mean(0)
    down = points[152] - points[10]
    roll = np.arctan2(across[1], across[0])
    c, s = np.cos(roll), np.sin(roll)
    level_down = -s * down[0] + c * down[1]
    yaw = np.arctan2(across[2], np.hypot(across[0], across[1]))
    pitch = -np.arctan2(down[2], max(level_down, 1e-6))
    return Pose(float(np.degrees(yaw)), float(np.degrees(pitch)) - LEVEL_PITCH, float(np.degrees(roll)))


def expression(mesh: Floats) -> Floats:
    """Mesh (478, 3) -> float32 (3,): lips apart, mouth width, eyes open, each as a share of the face's height or width."""
    height = _apart(mesh, landmarks.BROW_TO_CHIN)
    wide = landmarks.width(mesh)
    eyes = (
        _apart(mesh, landmarks.LEFT_LIDS) / _apart(mesh, landmarks.LEFT_EYE)
        + _apart(mesh, landmarks.RIGHT_LIDS) / _apart(mesh, landmarks.RIGHT_EYE)
    ) / 2
    return np.array([_apart(mesh, landmarks.LIPS) / height, _apart(mesh, landmarks.MOUTH) / wide, eyes], np.float32)


def _apart(mesh: Floats, pair: Sequence[int]) -> float:
    return max(float(np.linalg.norm(mesh[pair[0]] - mesh[pair[1]])), 1e-6)
