"""Many pictures, several processes: each loads the models once, and any of them stops when the first one is stopped."""

import signal
from collections.abc import Iterator
from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Final
from typing import Literal

import cv2

from precompute import equipment
from precompute import verification
from precompute.describe import Recogniser
from precompute.errors import NotEvaluated
from precompute.errors import Rejected
from precompute.evaluation import pairs
from precompute.face import Face
from precompute.faces import Anonymiser
from precompute.models import ModelStore
from precompute.models import Progress
from precompute.photo import Limits
from precompute.settings import FacesConfig

Whom = Literal["central", "everyone"]

AHEAD: Final = 4  # pictures handed to a process beyond the one it works on


@dataclass(frozen=True, slots=True)
class Task:
    """What is evaluated: the configuration as sealing takes it, and recognisers that take no part in choosing.

    ``whom``: the person in the middle of each picture, or every face of it. ``seed``: every fake follows from it and the
    picture's number.
    """

    config: FacesConfig
    store: ModelStore
    held_out: tuple[str, ...]
    limits: Limits
    whom: Whom
    seed: int


class Examiner:
    """Models, loaded, and what to do with each picture."""

    def __init__(self, task: Task, anonymiser: pairs.Examined, held_out: tuple[Recogniser, ...]) -> None:
        self.task = task
        self.anonymiser = anonymiser
        self.held_out = held_out

    @classmethod
    def load(cls, task: Task, progress: Progress | None = None) -> "Examiner":
        """Raises ``PrecomputeError`` as loading models does."""
        held_out = equipment.recognisers(task.held_out, task.config, task.store)
        return cls(task, Anonymiser.load(task.config, task.store, progress), held_out)

    @property
    def recognisers(self) -> tuple[Recogniser, ...]:
        """Those that choose, then those held out."""
        return (*self.anonymiser.recognisers, *self.held_out)

    def look(self, number: int, file: Path) -> pairs.Picture | None:
        """One picture; None where it cannot be read or nobody on it is meant."""
        task = self.task
        chooses = _central if task.whom == "central" else _everyone
        try:
            with file.open("rb") as source:
                data = source.read(task.limits.max_upload_bytes + 1)
            seed = f"{task.seed}/{number}".encode()
            return pairs.of(data, task.limits, self.anonymiser, self.held_out, seed, chooses)
        except (OSError, Rejected):
            return None


def _central(faces: Sequence[Face], size: tuple[int, ...]) -> list[int]:
    """The person's face, as calibrating takes it."""
    chosen = verification.in_the_middle(pairs.boxes(faces), size)
    return [] if chosen is None else [chosen]


def _everyone(faces: Sequence[Face], size: tuple[int, ...]) -> list[int]:
    return list(range(len(faces)))


def collect(
    files: Sequence[Path], examiner: Examiner, processes: int, progress: Progress | None = None
) -> list[pairs.Picture | None]:
    """What became of each picture, in order. One process: this one, with the models that it has already."""
    found: list[pairs.Picture | None] = [None] * len(files)
    finished = _here(files, examiner) if processes == 1 else _in_others(files, examiner.task, processes)
    for done, (number, picture) in enumerate(finished, 1):
        found[number] = picture
        if progress is not None:
            progress("pictures", done, len(files))
    return found


def _here(files: Sequence[Path], examiner: Examiner) -> Iterator[tuple[int, pairs.Picture | None]]:
    for number, file in enumerate(files):
        yield number, examiner.look(number, file)


def _in_others(files: Sequence[Path], task: Task, processes: int) -> Iterator[tuple[int, pairs.Picture | None]]:
    # Spawned, not forked: onnxruntime and OpenCV have threads by now, and a fork keeps their locks but not them.
    pool = ProcessPoolExecutor(processes, get_context("spawn"), _begin, (task,))
    running: dict[Future[pairs.Picture | None], int] = {}
    todo = iter(enumerate(files))
    try:
        for number, file in todo:
            running[pool.submit(_look, number, file)] = number
            if len(running) >= processes * AHEAD:
                done = next(as_completed(running))
                yield running.pop(done), done.result()
        for done in as_completed(running):
            yield running[done], done.result()
    except BrokenProcessPool:
        raise NotEvaluated("a process ended before its work was done, perhaps for memory; try fewer --processes") from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


_examiner: Examiner | None = None


def _begin(task: Task) -> None:
    """A process begins. Ctrl-C reaches the whole group; the first process alone decides what it means."""
    global _examiner
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
    _examiner = Examiner.load(task)


def _look(number: int, file: Path) -> pairs.Picture | None:
    if _examiner is None:
        raise RuntimeError("this process has not begun")
    return _examiner.look(number, file)
