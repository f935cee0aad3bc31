"""``mfmc-precompute calibrate``: thresholds for the recognisers at hand, from pictures of known people."""

import argparse
import json
import sys
from datetime import UTC
from datetime import datetime
from pathlib import Path

import msgspec
import numpy as np

from edge import config as shared
from edge.errors import ConfigError
from precompute import calibration
from precompute import equipment
from precompute import thresholds
from precompute import verification
from precompute.calibration import Calibration
from precompute.config import Precompute
from precompute.config import own_tables
from precompute.models import ModelStore
from precompute.thresholds import Calibrated

SEED = 1


def calibrate(arguments: argparse.Namespace) -> int:
    """Measure and keep a threshold for every recogniser configured or named; 0 once all are written."""
    if not 0 < arguments.far <= 0.1:
        raise ConfigError("--far: a rate above 0 and at most 0.1, such as 1e-3")
    file, own = arguments.config, Precompute()
    if file.is_file():
        own = own_tables(file, shared.read(file))
    store = ModelStore(own.models.cache_folder, own.models.mirror_folder)
    kept = thresholds.file_of(own.faces, store)
    thresholds.read(kept)  # what cannot be kept is said before the work
    found = measured(arguments.folder, arguments.far, own, store, arguments.recogniser, datetime.now(UTC).date().isoformat())
    thresholds.write(kept, found)
    for sha256, entry in found.items():
        known = store.models[entry.recogniser].threshold if entry.recogniser in store.models else None
        print(json.dumps(_row(sha256, entry, known)) if arguments.json else _line(entry, known))
    print(f"mfmc-precompute: kept in {kept}", file=sys.stderr)
    for name in sorted(own.faces.thresholds.keys() & {entry.recogniser for entry in found.values()}):
        print(f"mfmc-precompute: {name}: precompute.faces.thresholds still comes first; take it out there", file=sys.stderr)
    return 0


def measured(
    folder: Path, rate: float, own: Precompute, store: ModelStore, names: list[str] | None, date: str
) -> dict[str, Calibrated]:
    """Thresholds by the model's SHA-256; ``names``: recognisers in place of the configured ones. Raises ``PrecomputeError``."""
    pictures = verification.collection(folder)
    people = np.unique(np.array(pictures.people), return_inverse=True)[1].astype(np.int64)
    calibration.require(people, rate)
    chosen = tuple(dict.fromkeys(names or own.faces.recognisers))
    # Any threshold does to load a recogniser with; none is asked for its verdict here.
    faces = msgspec.structs.replace(own.faces, recognisers=chosen, thresholds=dict.fromkeys(chosen, 0.0))
    models = equipment.load(faces, store)
    described = verification.describe(
        pictures, models.detector, faces.detect_long_sides_px, models.recognisers, own.upload, _progress
    )
    if described.left_out:
        print(f"mfmc-precompute: {described.left_out} pictures left out: no face in the middle, or not readable", file=sys.stderr)
    calibration.require(described.people, rate)
    found = {}
    for each in models.recognisers:
        result = calibration.calibrate(described.vectors[each.name], described.people, rate, np.random.default_rng(SEED))
        found[each.sha256] = entry(each.name, result, rate, described.people, pictures.sha256, date)
    return found


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
