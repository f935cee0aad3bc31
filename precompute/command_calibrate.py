"""``mfmc-precompute calibrate``: thresholds for recognisers, or for the measures that compare pictures, from known people."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from datetime import datetime
from pathlib import Path

import msgspec
import numpy as np

from edge.errors import ConfigError
from precompute import calibration
from precompute import equipment
from precompute import similarity
from precompute import thresholds
from precompute import verification
from precompute.calibration import Calibration
from precompute.config import Precompute
from precompute.config import own_or_defaults
from precompute.detect import Detector
from precompute.models import ModelStore
from precompute.similarity.crops import Crops
from precompute.similarity.measures import OF_IMAGES
from precompute.thresholds import Calibrated

SEED = 1


def calibrate(arguments: argparse.Namespace) -> int:
    """Measure and keep a threshold for every recogniser configured or named, or measure; 0 once all are written."""
    if arguments.similarity and arguments.recogniser:
        raise ConfigError("--similarity measures no recogniser: give it or --recogniser")
    if not 0 < arguments.far <= 0.1:
        raise ConfigError("--far: a rate above 0 and at most 0.1, such as 1e-3")
    own = own_or_defaults(arguments.config)
    store = ModelStore(own.models.cache_folder, own.models.mirror_folder)
    kept = thresholds.file_of(own.faces, store)
    thresholds.read(kept)  # what cannot be kept is said before the work
    job = Job(arguments.folder, arguments.far, own, store, datetime.now(UTC).date().isoformat())
    found = job.similarity() if arguments.similarity else job.recognisers(arguments.recogniser)
    thresholds.write(kept, found)
    for sha256, entry in found.items():
        known = registry(entry.recogniser, store)
        print(json.dumps(_row(sha256, entry, known)) if arguments.json else _line(entry, known))
    print(f"mfmc-precompute: kept in {kept}", file=sys.stderr)
    for name in sorted(own.faces.thresholds.keys() & {entry.recogniser for entry in found.values()}):
        print(f"mfmc-precompute: {name}: precompute.faces.thresholds still comes first; take it out there", file=sys.stderr)
    return 0


@dataclass(frozen=True, slots=True)
class Job:
    """Pictures of known people, a false accept rate, what is configured, and today's date; raises ``PrecomputeError``."""

    folder: Path
    rate: float
    own: Precompute
    store: ModelStore
    date: str

    def recognisers(self, names: list[str] | None) -> dict[str, Calibrated]:
        """Thresholds by the model's SHA-256; ``names``: recognisers in place of the configured ones."""
        chosen = tuple(dict.fromkeys(names or self.own.faces.recognisers))
        pictures = self._pictures()
        # Any threshold does to load a recogniser with; none is asked for its verdict here.
        faces = msgspec.structs.replace(self.own.faces, recognisers=chosen, thresholds=dict.fromkeys(chosen, 0.0))
        models = equipment.load(faces, self.store)
        described = self._described(pictures, models.detector, models.recognisers)
        return {
            each.sha256: self._entry(each.name, calibration.cosine(described.vectors[each.name]), described, pictures)
            for each in models.recognisers
        }

    def similarity(self) -> dict[str, Calibrated]:
        """Thresholds of the measures that compare pictures, by their fingerprints."""
        pictures = self._pictures()
        described = self._described(pictures, equipment.load(self.own.faces, self.store).detector, [Crops()])
        crops = described.vectors[Crops.name].reshape(-1, similarity.SIDE_PX, similarity.SIDE_PX)
        found = {}
        for done, (name, kind) in enumerate(OF_IMAGES.items()):
            _progress("measures", done, len(OF_IMAGES))
            measure = kind()
            entry = self._entry(name, _alike(measure, crops), described, pictures)
            found[similarity.fingerprint(name)] = entry if measure.alike == "above" else _turned(entry)
        _progress("measures", len(OF_IMAGES), len(OF_IMAGES))
        return found

    def _pictures(self) -> verification.Collection:
        pictures = verification.collection(self.folder)
        calibration.require(np.unique(np.array(pictures.people), return_inverse=True)[1].astype(np.int64), self.rate)
        return pictures

    def _described(
        self, pictures: verification.Collection, detector: Detector, describers: Sequence[verification.Describes]
    ) -> verification.Described:
        sizes = self.own.faces.detect_long_sides_px
        described = verification.describe(pictures, detector, sizes, describers, self.own.upload, _progress)
        if described.left_out:
            said = f"{described.left_out} pictures left out: no face in the middle, or not readable"
            print(f"mfmc-precompute: {said}", file=sys.stderr)
        calibration.require(described.people, self.rate)
        return described

    def _entry(
        self, name: str, alike: calibration.Alike, described: verification.Described, pictures: verification.Collection
    ) -> Calibrated:
        result = calibration.calibrate(alike, described.people, self.rate, np.random.default_rng(SEED))
        return entry(name, result, self.rate, described.people, pictures.sha256, self.date)


def _alike(measure: similarity.Measure, crops: calibration.Floats) -> calibration.Alike:
    """How alike crops (n, 112, 112) are by a measure, greater for more alike."""

    def between(rows: calibration.Ints, columns: calibration.Ints) -> calibration.Floats:
        values = measure.values(similarity.Looks(crops[rows], {}), similarity.Looks(crops[columns], {}))
        return similarity.rising(measure, values).astype(np.float32)

    return between


def _turned(entry: Calibrated) -> Calibrated:
    """What was measured on the negative of a distance, as that distance."""
    low, high = -entry.threshold_high, -entry.threshold_low
    return msgspec.structs.replace(entry, threshold=-entry.threshold, threshold_low=low, threshold_high=high)


def registry(name: str, store: ModelStore) -> float | None:
    """The threshold of a recogniser or a measure that would count without the one found."""
    measure = next((kind for known, kind in OF_IMAGES.items() if known == name), None)
    if measure is not None:
        return measure().threshold
    return store.models[name].threshold if name in store.models else None


def entry(name: str, result: Calibration, rate: float, people: calibration.Ints, data_sha256: str, date: str) -> Calibrated:
    """A calibration as it is kept."""
    accepted = result.true_accept_rate
    return Calibrated(
        recogniser=name, threshold=result.threshold.value, threshold_low=round(result.threshold.low, 4),
        threshold_high=round(result.threshold.high, 4), false_accept_rate=rate, false_accepts=result.false_accepts,
        impostor_pairs=result.impostor_pairs,
        true_accept_rate=None if accepted is None else round(accepted.value, 4),
        true_accept_rate_low=None if accepted is None else round(accepted.low, 4),
        true_accept_rate_high=None if accepted is None else round(accepted.high, 4),
        genuine_pairs=result.genuine_pairs, people=len(np.unique(people)), pictures=len(people),
        data_sha256=data_sha256, date=date,
    )  # fmt: skip


def _progress(what: str, done: int, total: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{what}: {done} of {total}", end="\n" if done >= total else "", file=sys.stderr, flush=True)


def _row(sha256: str, entry: Calibrated, registry: float | None) -> dict[str, object]:
    return {"model_sha256": sha256, **msgspec.to_builtins(entry), "registry": registry}


def _line(entry: Calibrated, registry: float | None) -> str:
    said = (
        f"{entry.recogniser}: threshold {entry.threshold:.4f} (95 %: {entry.threshold_low:.4f} to {entry.threshold_high:.4f}), "
        f"false accept rate {entry.false_accept_rate:g}: "
        f"{entry.false_accepts} of {entry.impostor_pairs} pairs of {entry.people} people"
    )
    if entry.true_accept_rate is not None:
        said += (
            f"; true accept rate {entry.true_accept_rate:.4f} "
            f"(95 %: {entry.true_accept_rate_low:.4f} to {entry.true_accept_rate_high:.4f}) of {entry.genuine_pairs} pairs"
        )
    return said + ("" if registry is None else f"; the registry has {registry}")
