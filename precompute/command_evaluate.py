"""``mfmc-precompute evaluate``: what the fakes are worth, on a folder of known people, as ``report.json`` and ``report.html``."""

import argparse
import json
import os
import sys
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from edge.errors import ConfigError
from edge.keys import secret_file
from precompute.config import own_or_defaults
from precompute.config import published
from precompute.evaluation import course
from precompute.evaluation import page
from precompute.evaluation.course import Evaluation
from precompute.evaluation.crew import Task
from precompute.evaluation.population import Population
from precompute.models import ModelStore
from precompute.models import Progress

Figures = Mapping[str, Any]

Floats = npt.NDArray[np.float32]

PICTURES = 36
CLOSEST = 12
NOBODY_HELD_OUT = (
    "no recogniser is held out, so every figure is of recognisers that took part in choosing; name one with --held-out, "
    "or set MFMC_MODEL_MIRROR to a folder that has those of models.toml"
)


def evaluate(arguments: argparse.Namespace) -> int:
    """Evaluate, write both files, print what matters most; 0 once they are written."""
    own = own_or_defaults(arguments.config)
    _check(arguments, published(arguments.config))
    store = ModelStore(own.models.cache_folder, own.models.mirror_folder)
    held_out = course.held_out(own.faces, store, arguments.held_out)
    if not held_out:
        print(f"mfmc-precompute: {NOBODY_HELD_OUT}", file=sys.stderr)
    task = Task(own.faces, store, held_out, own.upload, "central", arguments.seed)
    with progress() as told:
        found = course.run(arguments.folder, task, arguments.processes, arguments.limit, told)
    for note in found.figures["notes"] if isinstance(found.figures["notes"], list) else ():
        print(f"mfmc-precompute: {note}", file=sys.stderr)
    written = write(found, arguments.out, pictures=not arguments.no_pictures, seed=arguments.seed)
    print("\n".join(summary(found.figures, as_json=arguments.json)))
    print(f"mfmc-precompute: written: {written[0]} and {written[1]}", file=sys.stderr)
    return 0


def _check(arguments: argparse.Namespace, public: Path | None) -> None:
    """What can be refused is, before the work; the folder for the report is made."""
    if arguments.processes < 1:
        raise ConfigError("--processes: at least 1")
    if arguments.seed < 0:
        raise ConfigError("--seed: 0 or more")
    if arguments.limit is not None and arguments.limit < 2:
        raise ConfigError("--limit: at least 2 people, or there is nobody to be taken for")
    if public is not None and not arguments.no_pictures and arguments.out.resolve().is_relative_to(public.resolve()):
        raise ConfigError(f"--out: {arguments.out} lies where photos are published, and the report shows originals; name another")
    try:
        arguments.out.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"--out: {arguments.out} cannot be made a folder ({error.strerror}); name another") from None
    if not os.access(arguments.out, os.W_OK | os.X_OK):
        raise ConfigError(f"--out: {arguments.out} cannot be written to")


@contextmanager
def progress() -> Iterator[Progress]:
    """A bar on stderr for each thing that takes long, where somebody is looking."""
    bars: dict[str, tqdm] = {}

    def show(what: str, done: int, total: int) -> None:
        if what not in bars:
            bars[what] = tqdm(desc=what, total=total, disable=not sys.stderr.isatty(), file=sys.stderr)
        bars[what].update(done - bars[what].n)

    try:
        yield show
    finally:
        for bar in bars.values():
            bar.close()


def write(found: Evaluation, folder: Path, *, pictures: bool, seed: int) -> tuple[Path, Path]:
    """Both files, mode 0600 and each whole or not at all; raises ``ConfigError`` where the folder does not take them."""
    figures = f"{json.dumps(found.figures, indent=1, allow_nan=False)}\n".encode()
    shows = page.render(found.figures, shown(found, seed) if pictures else {}).encode()
    files = folder / "report.json", folder / "report.html"
    with secret_file.alone(folder):
        secret_file.replace(files[0], figures)
        secret_file.replace(files[1], shows)
    return files


def shown(found: Evaluation, seed: int) -> dict[str, list[tuple[bytes, bytes]]]:
    """Faces to look at: some drawn at random, in the pictures' order, and those most like the original to any recogniser."""
    population = found.population
    drawn = np.sort(np.random.default_rng(seed).permutation(len(population))[:PICTURES])
    recognisers: Figures = found.figures["recognisers"]  # type: ignore[assignment]
    excess = [closeness(population, name) - each["threshold"] for name, each in recognisers.items()]
    closest = np.argsort(-np.max(excess, axis=0), kind="stable")[:CLOSEST]
    chosen = {"Faces drawn at random": drawn, "Faces that a recogniser finds most like the original": closest}
    return {title: [population.pairs[int(i)].views for i in each] for title, each in chosen.items()}


def closeness(population: Population, recogniser: str) -> Floats:
    """Cosine of each fake and its own original, (n,), by the look at it that is more alike."""
    return np.asarray((population.fakes(recogniser) * population.originals(recogniser)).sum(2).max(1), np.float32)


def summary(figures: Figures, *, as_json: bool) -> Sequence[str]:
    """A line for each recogniser, then one for each thing that is kept."""
    say: Callable[[dict[str, object]], str] = json.dumps if as_json else _spelled
    lines = []
    for name, each in figures["recognisers"].items():
        identified, verified = each["identification"], each["verification"]
        lines.append(say({
            "recogniser": name, "held_out": each["held_out"],
            "rank1_before": identified.get("rank1_before"), "rank1_after": identified.get("rank1_after"),
            "tar_before": verified["tar_before"], "tar_after": verified["tar_after"],
            "parrot_rank1": each["attacks"].get("parrot_rank1"),
        }))  # fmt: skip
    kept = figures["kept"]
    lines.append(say({name: kept[name] for name in ("found", "gender", "age_group", "landmark_error")}))
    lines.append(say({"opaque": figures["opaque"]["share"], "seam_auc": figures["seam"]["auc"], **_outside(figures)}))
    return lines


def _outside(figures: Figures) -> dict[str, object]:
    outside, speed = figures["outside"], figures["speed"]
    return {
        "drawn_difference": outside["drawn_difference"], "blocks_changed": outside["blocks_changed"],
        "find_and_replace_ms_a_face": speed["find_and_replace_ms_a_face"],
    }  # fmt: skip


def _spelled(row: dict[str, object]) -> str:
    first = [str(row["recogniser"]) + (" (held out)" if row["held_out"] else "")] if "recogniser" in row else []
    rest = [f"{name} {value}" for name, value in row.items() if name not in ("recogniser", "held_out")]
    return ": ".join([*first, ", ".join(rest)])
