"""The recognisers that the ``deepface`` package wraps, where it and a model's weights are installed; never fetched.

Named in the configuration as ``deepface:`` and the model's name there (``deepface:Facenet512``). Each is fed as deepface feeds
it: BGR from 0 to 1 in the model's own size, then the normalisation that it was trained with. The face is cut out by five points,
close for models that were trained on such crops, and with a margin for those that were trained on detectors' boxes. Many of
these weights are licensed for research alone.
"""

import importlib
from collections.abc import Iterator
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from typing import Final

import numpy as np
import numpy.typing as npt

from precompute import align
from precompute import models
from precompute import thresholds
from precompute.describe import unit
from precompute.errors import PrecomputeError
from precompute.errors import UnknownModel
from precompute.settings import FacesConfig
from precompute.thresholds import Calibrated
from precompute.thresholds import Threshold

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

PREFIX: Final = "deepface:"
CLOSE: Final = align.ARCFACE
WIDE: Final = (align.ARCFACE - 0.5) * 0.8 + 0.5


@dataclass(frozen=True, slots=True)
class Feed:
    """``normalisation``: a name of deepface's ``normalize_input``; ``template``: where the five points lie in the unit square."""

    normalisation: str
    template: npt.NDArray[np.float64]


# Those with "base" take pixels from 0 to 1 and do the rest themselves.
FEEDS: Final[Mapping[str, Feed]] = {
    "VGG-Face": Feed("VGGFace", WIDE), "Facenet": Feed("Facenet", WIDE), "Facenet512": Feed("Facenet2018", WIDE),
    "OpenFace": Feed("base", CLOSE), "DeepFace": Feed("base", WIDE), "DeepID": Feed("base", WIDE),
    "ArcFace": Feed("ArcFace", CLOSE), "Dlib": Feed("base", WIDE), "SFace": Feed("base", CLOSE),
    "GhostFaceNet": Feed("base", CLOSE),
}  # fmt: skip
_INSTALL: Final = "pip install deepface"


def is_named(name: str) -> bool:
    """Whether a configured model is one of deepface's."""
    return name.startswith(PREFIX)


def recogniser(name: str, config: FacesConfig, calibrated: Mapping[str, Calibrated]) -> "Wrapped":
    """A recogniser of deepface's; its threshold must be configured or calibrated. Raises ``UnknownModel``."""
    wanted = name.removeprefix(PREFIX)
    if wanted not in FEEDS:
        raise UnknownModel(f"{name}: deepface's recognisers are {', '.join(FEEDS)}")
    if name not in config.thresholds and not calibrated:
        raise _unset(name)  # before its weights are looked for: they would not help
    client, file = _load(name, wanted)
    sha256 = models.sha256(file)
    threshold = thresholds.choose(name, sha256, config, calibrated)
    if threshold is None:
        raise _unset(name)
    return Wrapped(client, _part("deepface.modules.preprocessing").normalize_input, name, sha256, threshold)


def _unset(name: str) -> UnknownModel:
    return UnknownModel(
        f"{name} needs its cosine threshold: run `mfmc-precompute calibrate FOLDER --recogniser {name}`, "
        f'or set it under [precompute.faces.thresholds] as "{name}"'
    )


def _load(name: str, wanted: str) -> tuple[Any, Path]:
    """deepface's client for a model, and the file of weights that it read."""
    modeling, weights = _part("deepface.modules.modeling"), _part("deepface.commons.weight_utils")
    # deepface keeps every model that it has built, and one that it kept would not say which weights it is made of.
    getattr(modeling, "cached_models", {}).get("facial_recognition", {}).pop(wanted, None)
    with _nothing_fetched(name, weights) as used:
        try:
            client = modeling.build_model(task="facial_recognition", model_name=wanted)
        except UnknownModel:
            raise
        except Exception as problem:  # tensorflow, torch, dlib and deepface itself raise what they like
            raise UnknownModel(f"{name}: deepface cannot load it: {_one_line(problem)}") from problem
    if not used:
        raise UnknownModel(f"{name}: deepface did not say which weights it read; update it: {_INSTALL} --upgrade")
    return client, used[0]


def _part(module: str) -> Any:
    try:
        return importlib.import_module(module)  # late: it imports for seconds, and only these models need it
    except ImportError as problem:
        raise PrecomputeError(f"deepface is not installed, or lacks what it needs ({problem.name}): {_INSTALL}") from problem
    except ValueError as problem:  # what deepface raises where tensorflow's Keras does not fit it
        raise PrecomputeError(f"deepface cannot be used: {_one_line(problem)}") from problem


@contextmanager
def _nothing_fetched(name: str, weights: Any) -> Iterator[list[Path]]:
    """Meanwhile deepface takes weights that are here, which are listed, and refuses where it would download."""
    used: list[Path] = []
    fetching = weights.download_weights_if_necessary

    def only_here(file_name: str, *_: object, **__: object) -> str:
        file = Path(weights.folder_utils.get_deepface_home()) / ".deepface" / "weights" / file_name
        if not file.is_file():
            raise UnknownModel(f"{name}: its weights are not here; put {file_name} into {file.parent}")
        used.append(file)
        return str(file)

    weights.download_weights_if_necessary = only_here
    try:
        yield used
    finally:
        weights.download_weights_if_necessary = fetching


def _one_line(problem: Exception) -> str:
    return " ".join(str(problem).split())[:200]


class Wrapped:
    """A model of deepface's (Serengil, Ozpinar, LightFace, ASYU 2020) as a ``Recogniser``."""

    def __init__(self, client: Any, normalise: Any, name: str, sha256: str, threshold: Threshold) -> None:
        self.name = name
        self.sha256 = sha256
        self.threshold = threshold.value
        self.origin = threshold.origin
        self._client = client
        self._normalise = normalise
        self._feed = FEEDS[name.removeprefix(PREFIX)]

    def embed(self, pixels: Pixels, points: Floats) -> Floats:
        """See ``Recogniser``."""
        rows = [np.asarray(self._client.forward(self._fed(pixels, five)), np.float32).reshape(-1) for five in points]
        return unit(np.stack(rows)) if rows else np.zeros((0, 0), np.float32)

    def _fed(self, pixels: Pixels, five: Floats) -> Floats:
        """One face as the model takes it, float32 (1, h, w, 3), BGR."""
        width, height = (int(side) for side in self._client.input_shape[:2])
        side = max(width, height)
        left, top = (side - width) // 2, (side - height) // 2
        crop = align.five_point_crop(pixels, five, self._feed.template, side)[top : top + height, left : left + width]
        return np.asarray(self._normalise(crop[None].astype(np.float32) / 255, self._feed.normalisation), np.float32)
