"""THE evaluation: a folder of known people -> every figure, each step one call."""

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from precompute import insightface_pack
from precompute import models
from precompute import verification
from precompute.errors import NotEvaluated
from precompute.evaluation import crew
from precompute.evaluation import groups
from precompute.evaluation import population as people
from precompute.evaluation import privacy
from precompute.evaluation import quality
from precompute.evaluation.crew import Examiner
from precompute.evaluation.crew import Task
from precompute.evaluation.population import Population
from precompute.models import ModelStore
from precompute.models import Progress
from precompute.settings import PERMISSIVE
from precompute.settings import FacesConfig
from precompute.verification import Collection

Figures = dict[str, object]

FORMAT: Final = 1
# Of the registry's recognisers, those that others trained, on photos: ours say nothing that their teachers do not know.
JUDGES: Final = (*PERMISSIVE.recognisers, "mobileface_v2", "mobileface_v3")
WIDE_PX: Final = 48.0
_PACKAGES: Final = ("mfmc-edge", "numpy", "opencv-python", "onnxruntime-gpu", "onnxruntime", "deepface", "insightface")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Every figure as ``report.json`` has it, and the faces that they come from."""

    figures: Figures
    population: Population


def held_out(config: FacesConfig, store: ModelStore, named: Sequence[str] | None) -> tuple[str, ...]:
    """The recognisers that only evaluate: those named, else of ``JUDGES`` those that are here and not configured, if any.

    Raises ``NotEvaluated`` where one takes part in choosing, so that nothing would be held out.
    """
    both = [name for name in named or () if name in config.recognisers]
    if both:
        raise NotEvaluated(f"{both[0]} takes part in choosing (precompute.faces.recognisers), so it cannot be held out")
    if named:
        return tuple(dict.fromkeys(named))
    return tuple(name for name in JUDGES if name not in config.recognisers and store.place(store.model(name)) is not None)


def run(
    folder: Path, task: Task, processes: int, limit: int | None = None, progress: Progress | None = None
) -> Evaluation:
    """Replace, measure, compute. Raises ``PrecomputeError``."""
    everything = verification.collection(folder)
    pictures = limited(everything, limit, task.seed)
    examiner = Examiner.load(task, progress)
    found = crew.collect(pictures.files, examiner, processes, progress)
    population = people.of(found, pictures.people)
    if not len(population):
        raise NotEvaluated(f"{folder}: no picture has a face in its middle that was found")
    return Evaluation(about(pictures, task, examiner, population) | measured(population, examiner, progress), population)


def limited(pictures: Collection, limit: int | None, seed: int) -> Collection:
    """The pictures of that many people drawn at random, before all of those who have several pictures."""
    names, counts = np.unique(pictures.people, return_counts=True)
    if limit is None or limit >= len(names):
        return pictures
    order = np.random.default_rng(seed).permutation(len(names))
    chosen = set(names[order[np.argsort(counts[order] < 2, kind="stable")][:limit]])
    kept = [i for i, person in enumerate(pictures.people) if person in chosen]
    files, whom = tuple(pictures.files[i] for i in kept), tuple(pictures.people[i] for i in kept)
    return Collection(files, whom, pictures.sha256)


def measured(population: Population, examiner: Examiner, progress: Progress | None = None) -> Figures:
    """Every figure of a population of known people."""
    seed, recognisers, matched = examiner.task.seed, {}, {}
    undone = privacy.pictures_undone(population, seed)
    for done, each in enumerate(examiner.recognisers, 1):
        held = each.name in examiner.task.held_out
        recognisers[each.name], matched[each.name] = privacy.figures(population, each, held, undone, seed)
        if progress is not None:
            progress("recognisers", done, len(examiner.recognisers))
    return {
        "recognisers": recognisers,
        "drop": drop(recognisers),
        "groups": groups.figures(population, matched),
        **looks(population, seed),
    }


def looks(population: Population, seed: int) -> Figures:
    """The figures that need nobody's name."""
    return {
        "kept": quality.keeping(population.pairs),
        "opaque": quality.opaque(population.pairs),
        "opaque_of_wide": {"least_width_px": WIDE_PX, **quality.opaque(population.pairs, WIDE_PX)},
        "pixels": quality.pixel_measures(population.pairs),
        "seam": quality.seams(population, seed),
        "outside": quality.around(population.pictures),
        "speed": quality.speed(population.pictures),
    }


def drop(recognisers: dict[str, privacy.Figures]) -> Figures:
    """How much rank-1 accuracy the recognisers lose on average, in points and as a share of what each had."""
    rates = [each["identification"] for each in recognisers.values()]
    before = np.array([float(rate["rank1_before"]) for rate in rates if isinstance(rate, dict) and rate])
    after = np.array([float(rate["rank1_after"]) for rate in rates if isinstance(rate, dict) and rate])
    if not len(before) or not (before > 0).all():
        return {"points": None, "relative": None}
    return {"points": round(100 * float((before - after).mean()), 2), "relative": round(float((1 - after / before).mean()), 4)}


def about(pictures: Collection, task: Task, examiner: Examiner, population: Population) -> Figures:
    """What was evaluated, on what, and by what."""
    return {
        "format": FORMAT,
        "configuration": msgspec.to_builtins(task.config, enc_hook=str),
        "held_out": list(task.held_out),
        "models": hashes(task.config, task.store) | {each.name: each.sha256 for each in examiner.recognisers},
        "notes": list(getattr(examiner.anonymiser, "notes", ())),
        "seed": task.seed,
        "data": {
            "folder_sha256": pictures.sha256, "pictures": len(pictures.files), "people": len(set(pictures.people)),
            "evaluated": len(population), "left_out": len(pictures.files) - len(population.pictures),
        },
        "versions": versions(),
    }  # fmt: skip


def hashes(config: FacesConfig, store: ModelStore) -> dict[str, str]:
    """The models that find, measure and describe faces, by the SHA-256 of their files; of an InsightFace pack, all its files."""
    found: dict[str, str] = {}
    for name in (config.detector, config.landmarks, config.attributes):
        if insightface_pack.is_named(name):
            found |= {f"{name} ({file.name})": models.sha256(file) for file in insightface_pack.files(name)}
        else:
            found[name] = store.model(name).sha256
    return found


def versions() -> dict[str, str]:
    """Of Python and of every package that can move a figure, as far as it is installed."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
