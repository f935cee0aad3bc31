"""InsightFace's own models in our roles, from packs or files that the operator has; never fetched, never the default.

Named in the configuration as ``insightface:`` and a pack below ``~/.insightface/models`` (``insightface:buffalo_l``), a
folder, or one ``.onnx`` file. Most of these weights are licensed for non-commercial research alone.
"""

from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from typing import Final

import numpy as np
import numpy.typing as npt

from precompute import detect
from precompute import models
from precompute import thresholds
from precompute.describe import unit
from precompute.detect import Detections
from precompute.errors import PrecomputeError
from precompute.errors import UnknownModel
from precompute.session import options
from precompute.session import providers
from precompute.settings import FacesConfig
from precompute.thresholds import Calibrated
from precompute.thresholds import Threshold

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

PREFIX: Final = "insightface:"
_MULTIPLE: Final = 32


def is_named(name: str) -> bool:
    """Whether a configured model is one of InsightFace's."""
    return name.startswith(PREFIX)


def detector(name: str, config: FacesConfig) -> "Scrfd":
    """A SCRFD detector; raises ``UnknownModel``."""
    return Scrfd(_load(name, "SCRFD", config)[0], config.detect_score)


def recogniser(name: str, config: FacesConfig, calibrated: Mapping[str, Calibrated]) -> "ArcFace":
    """An ArcFace recogniser; its threshold must be configured or calibrated. Raises ``UnknownModel``."""
    if name not in config.thresholds and not calibrated:
        raise _unset(name)  # before a pack is looked for: it would not help
    model, file = _load(name, "ArcFaceONNX", config)
    sha256 = models.sha256(file)
    threshold = thresholds.choose(name, sha256, config, calibrated)
    if threshold is None:
        raise _unset(name)
    return ArcFace(model, name, sha256, threshold)


def _unset(name: str) -> UnknownModel:
    return UnknownModel(
        f"{name} needs its cosine threshold: run `mfmc-precompute calibrate FOLDER --recogniser {name}`, "
        f'or set it under [precompute.faces.thresholds] as "{name}"'
    )


def attributes(name: str, config: FacesConfig) -> "GenderAge":
    """A gender and age model; raises ``UnknownModel``."""
    return GenderAge(_load(name, "Attribute", config)[0])


def files(name: str) -> list[Path]:
    """The model files that a configured name stands for, in the order of their names."""
    text = name.removeprefix(PREFIX)
    place = Path(text).expanduser()
    if not place.exists():
        place = Path.home() / ".insightface" / "models" / text
    return [place] if place.is_file() else sorted(place.glob("*.onnx"))


def _load(name: str, kind: str, config: FacesConfig) -> tuple[Any, Path]:
    """The first model of the wanted class in a pack, and its file."""
    try:
        from insightface import model_zoo  # late: it imports for seconds, and only these models need it
    except ImportError as problem:
        raise PrecomputeError("insightface is not installed: pip install 'mfmc-edge[precompute]'") from problem
    for file in files(name):
        model = model_zoo.get_model(str(file), providers=providers(config.provider), sess_options=options(config.threads))
        if type(model).__name__ == kind:
            return model, file
    raise UnknownModel(f"{name}: no {kind} model there; put the pack into ~/.insightface/models or name its file")


class Scrfd:
    """SCRFD (Guo et al., ICLR 2022) as a ``Detector``."""

    def __init__(self, model: Any, threshold: float) -> None:
        self._model = model
        self._threshold = threshold

    def find(self, pixels: Pixels, long_sides: Sequence[int]) -> Detections:
        """See ``Detector``."""
        return detect.merge([self._at(pixels, scale) for scale in detect.scales(pixels.shape[:2], long_sides)])

    def _at(self, pixels: Pixels, scale: float) -> Detections:
        h, w = pixels.shape[:2]
        # The model resizes to this size itself, keeping the proportions, and pads below and at the right.
        size = tuple(max(_MULTIPLE, -(-round(side * scale) // _MULTIPLE) * _MULTIPLE) for side in (w, h))
        found, points = self._model.detect(_padded(pixels, scale, size), size, det_thresh=self._threshold)
        points = np.zeros((0, 5, 2)) if points is None else points
        boxes = np.hstack([found[:, :2], found[:, 2:4] - found[:, :2]])
        return Detections(boxes.astype(np.float32), found[:, 4].astype(np.float32), points.astype(np.float32))


def _padded(pixels: Pixels, scale: float, size: tuple[int, ...]) -> Pixels:
    """The picture with black below and at the right, so that resizing it to ``size`` scales it by ``scale``."""
    h, w = (max(round(side / scale), real) for side, real in zip(size[::-1], pixels.shape[:2], strict=True))
    padded = np.zeros((h, w, 3), np.uint8)
    padded[: pixels.shape[0], : pixels.shape[1]] = pixels
    return padded


class ArcFace:
    """ArcFace (Deng et al., CVPR 2019) as a ``Recogniser``."""

    def __init__(self, model: Any, name: str, sha256: str, threshold: Threshold) -> None:
        self.name = name
        self.sha256 = sha256
        self.threshold = threshold.value
        self.origin = threshold.origin
        self._model = model

    def embed(self, pixels: Pixels, points: Floats) -> Floats:
        """See ``Recogniser``."""
        from insightface.utils import face_align

        side = self._model.input_size[0]
        crops = [face_align.norm_crop(pixels, landmark=five, image_size=side) for five in points]
        return unit(np.asarray(self._model.get_feat(crops), np.float32)) if crops else np.zeros((0, 0), np.float32)


class GenderAge:
    """InsightFace's genderage model as ``Attributes``."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def tell(self, pixels: Pixels, boxes: Floats) -> Floats:
        """See ``Attributes``; the model is always certain."""
        return np.array([self._one(pixels, box) for box in boxes], np.float32).reshape(-1, 2)

    def _one(self, pixels: Pixels, box: Floats) -> tuple[float, float]:
        from insightface.app.common import Face

        sex, age = self._model.get(pixels, Face(bbox=np.concatenate([box[:2], box[:2] + box[2:]])))
        return 1.0 - float(sex), float(age)
