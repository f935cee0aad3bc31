"""Our own models against those that taught them, in one run, on pictures that took no part in training.

The teachers are the permissive models (``MFMC_MODEL_MIRROR``). Detector and mesh are judged on group photos (``--photos`` or
``MFMC_GROUPS``), the mesh on portraits that training leaves out as well (``--portraits`` or ``MFMC_DONORS``), recognisers,
gender and age on a folder per person (``--people`` or ``MFMC_VERIFICATION``). What is not here is skipped and said to be.
"""

import argparse
import sys
from collections.abc import Callable
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import msgspec
import numpy as np

from benchmarks import report
from benchmarks.agreement import detector
from benchmarks.agreement import mesh
from benchmarks.agreement import people
from precompute import command_evaluate
from precompute import equipment
from precompute import verification
from precompute.describe import AgeGender
from precompute.describe import Recogniser
from precompute.detect import Pixels
from precompute.detect import YuNet
from precompute.errors import PrecomputeError
from precompute.evaluation import course
from precompute.landmarks import FaceMesh
from precompute.models import ModelStore
from precompute.session import Session
from precompute.settings import OWN
from precompute.settings import PERMISSIVE
from precompute.settings import FacesConfig
from precompute.training.booth.sitters import HELD_OUT

SECOND_DETECTOR = "yunet_s_dynamic"
TITLES = {
    "detector_recall_precise": "detector: recall of faces >= 40 px that both teachers find, at precision 0.95",
    "detector_point_error": "detector: error of five points, share of the distance between the eyes",
    "detector_time_ratio": "detector: time over the teacher's",
    "mesh_portraits_error": "mesh: error on portraits kept back, share of interocular distance",
    "mesh_groups_error": "mesh: error on group photos, share of interocular distance",
    "recogniser_accuracy": "recognisers: accuracy on the pairs, ten folds, the worse of both",
    "attributes_gender": "gender as the teacher says",
    "attributes_age_group": "age group at most one from the teacher's",
}


class NotHere(Exception):
    """Why a part cannot be measured here, as a sentence."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What is measured, by what, and where the pictures are; each part raises ``NotHere``."""

    config: FacesConfig
    store: ModelStore
    options: argparse.Namespace

    def of_detector(self) -> report.Figures:
        """Recall, precision, points and time on group photos."""
        teachers = self._needed(PERMISSIVE.detector, SECOND_DETECTOR)
        (name,) = self._needed(self.config.detector)
        sizes, score = self.config.detect_long_sides_px, self.config.detect_score
        first, second = (detector.finder(self._yunet(each, score), sizes) for each in teachers)
        own, *doubting = [detector.finder(self._yunet(each, detector.DOUBT), sizes) for each in (name, *teachers)]
        return detector.figures(self._photos(), own, (first, second), doubting, score)

    def of_mesh(self) -> report.Figures:
        """Errors on portraits kept back, and on group photos."""
        finder, teacher, own = self._needed(PERMISSIVE.detector, PERMISSIVE.landmarks, self.config.landmarks)
        found = self._yunet(finder, self.config.detect_score)
        sizes = self.config.detect_long_sides_px
        both = FaceMesh(self._session(own)), FaceMesh(self._session(teacher))
        groups = mesh.figures("groups", self._photos(), *both, found, sizes)
        held_out = self._pictures("portraits", "MFMC_DONORS")[HELD_OUT - 1 :: HELD_OUT][: self.options.limit]
        return groups | mesh.figures("portraits", list(_read(held_out)), *both, found, sizes)

    def of_people(self) -> tuple[report.Figures, dict[str, str]]:
        """Recognisers and attributes, whichever of them is here, and why the other is not."""
        (finder,) = self._needed(PERMISSIVE.detector)
        folder = self.options.people
        if folder is None:
            raise NotHere("no folder of known people; name it: --people FOLDER or MFMC_VERIFICATION")
        recognisers, skipped = self._recognisers()
        attributes = {}
        try:
            for name in self._needed(PERMISSIVE.attributes, self.config.attributes):
                attributes[name] = AgeGender(self._session(name))
        except NotHere as reason:
            attributes, skipped["attributes"] = {}, str(reason)
        if not recognisers and not attributes:
            return {}, skipped
        pictures = course.limited(verification.collection(folder), self.options.limit, people.SEED)
        with command_evaluate.progress() as shown:
            known = people.look(
                pictures, self._yunet(finder, self.config.detect_score), self.config.detect_long_sides_px, recognisers,
                attributes, shown,
            )  # fmt: skip
        found: report.Figures = {"people_faces": len(known.people)}
        if attributes:
            found |= people.described(known.told[self.config.attributes], known.told[PERMISSIVE.attributes])
        if recognisers:
            found |= self._recognised(known, folder)
        return found, skipped

    def _recognised(self, known: people.Known, folder: Path) -> report.Figures:
        lists = sorted(folder.rglob("pairs*.txt"))
        listed = [pair for file in lists for pair in people.pairs(file, known.names)]
        groups = people.by_what_is_told(known.told[PERMISSIVE.attributes]) if PERMISSIVE.attributes in known.told else {}
        found: report.Figures = {"recogniser_pairs": len(listed)}
        for name in known.vectors:
            found |= {f"recogniser_{figure}": value for figure, value in people.recognised(name, known, listed, groups).items()}
        for figure in ("accuracy", "tar"):
            own = [found.get(f"recogniser_{figure}_{name}") for name in self.config.recognisers]
            values = [value for value in own if value is not None]
            found |= {f"recogniser_{figure}": min(values)} if values else {}
        return found

    def _recognisers(self) -> tuple[tuple[Recogniser, ...], dict[str, str]]:
        """Those of the set that are here and their teachers; none, and why, where one of the set is not."""
        try:
            names = self._needed(*self.config.recognisers, *PERMISSIVE.recognisers)
        except NotHere as reason:
            return (), {"recogniser": str(reason)}
        return equipment.recognisers(dict.fromkeys(names), self.config, self.store), {}

    def _needed(self, *names: str) -> tuple[str, ...]:
        for name in names:
            if name not in self.store.models:
                raise NotHere(f"there is no model {name} yet")
            if self.store.place(self.store.models[name]) is None:
                raise NotHere(f"the model {name} is not here; set MFMC_MODEL_MIRROR to a folder that has it")
        return names

    def _session(self, name: str) -> Session:
        return Session(self.store.path(name), self.config.provider, self.config.threads)

    def _yunet(self, name: str, score: float) -> YuNet:
        return YuNet(self._session(name), score)

    def _photos(self) -> list[Pixels]:
        return list(_read(self._pictures("photos", "MFMC_GROUPS")[: self.options.limit]))

    def _pictures(self, option: str, variable: str) -> list[Path]:
        folder = getattr(self.options, option)
        files = [] if folder is None else sorted(folder.glob("*.jpg"))
        if not files:
            raise NotHere(f"there are no pictures; name a folder of JPEG files: --{option} FOLDER or {variable}")
        return files


def _read(files: Iterable[Path]) -> Iterable[Pixels]:
    for file in files:
        pixels = cv2.imread(str(file))
        if pixels is not None:
            yield np.asarray(pixels, np.uint8)


def main(argv: list[str]) -> int:
    """The command line."""
    options = parser().parse_args(argv)
    cv2.setNumThreads(1)
    config = msgspec.structs.replace(
        OWN, detector=options.detector, landmarks=options.landmarks, attributes=options.attributes,
        recognisers=tuple(options.recogniser or OWN.recognisers),
    )  # fmt: skip
    try:
        found, skipped = measure(Bench(config, ModelStore(), options))
    except PrecomputeError as error:
        print(f"benchmarks.models: {error}", file=sys.stderr)
        return 2
    for part, reason in skipped.items():
        print(f"benchmarks.models: {part} skipped: {reason}", file=sys.stderr)
    left_out = tuple(f"{part}_" for part in skipped)
    return report.finish("models", found, options, partial(report.compared, "models", TITLES, skipped=left_out), left_out)


def parser() -> argparse.ArgumentParser:
    """What can be said on the command line."""
    made = report.parser("models", "Compare our own models with those that taught them.")
    places = {
        "photos": ("MFMC_GROUPS", "groups", "group photos, JPEG"),
        "portraits": ("MFMC_DONORS", "donors", "synthetic portraits, JPEG"),
        "people": ("MFMC_VERIFICATION", "verification", "a folder per person"),
    }
    for name, (variable, folder, about) in places.items():
        made.add_argument(f"--{name}", type=Path, default=report.folder(variable, folder), metavar="FOLDER", help=about)
    made.add_argument("--limit", type=int, metavar="N", help="a quick look: only so many photos, portraits and people")
    for role in ("detector", "landmarks", "attributes"):
        made.add_argument(f"--{role}", default=getattr(OWN, role), metavar="NAME", help="judge this (default: %(default)s)")
    made.add_argument(
        "--recogniser", action="append", metavar="NAME",
        help=f"judge this, may be given several times (default: {' and '.join(OWN.recognisers)})",
    )  # fmt: skip
    return made


def measure(bench: Bench) -> tuple[report.Figures, dict[str, str]]:
    """Every part that can be measured here, and why each of the others cannot."""
    found: report.Figures = {}
    skipped: dict[str, str] = {}
    parts: dict[str, Callable[[], report.Figures]] = {"detector": bench.of_detector, "mesh": bench.of_mesh}
    for part, work in parts.items():
        try:
            found |= work()
        except NotHere as reason:
            skipped[part] = str(reason)
    try:
        more, without = bench.of_people()
        found, skipped = found | more, skipped | without
    except NotHere as reason:
        skipped |= dict.fromkeys(("recogniser", "attributes"), str(reason))
    return found, skipped


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
