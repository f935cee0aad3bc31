"""Recognisers and attributes on pictures of known people, all described in one pass from one detector's faces."""

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from benchmarks.report import Figures
from precompute import calibration
from precompute import describe
from precompute import photo as upload
from precompute import verification
from precompute.describe import Attributes
from precompute.describe import Recogniser
from precompute.detect import Detector
from precompute.detect import Floats
from precompute.errors import NotCalibrated
from precompute.errors import Rejected
from precompute.evaluation import kept
from precompute.models import Progress

FOLDS: Final = 10
FAR: Final = 1e-3
SEED: Final = 1
FEW: Final = 20  # groups of fewer faces are not told of

Flags = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Pair = tuple[int, int, bool]


@dataclass(frozen=True, slots=True)
class Known:
    """Pictures in which the person was found: person numbers (n,), the pictures' names, by recogniser unit vectors (n, d), and by
    attributes' model female probability and years (n, 2).
    """

    people: Ints
    names: tuple[str, ...]
    vectors: Mapping[str, Floats]
    told: Mapping[str, Floats]


def look(
    pictures: verification.Collection, detector: Detector, sizes: Sequence[int], recognisers: Sequence[Recogniser],
    attributes: Mapping[str, Attributes], progress: Progress,
) -> Known:  # fmt: skip
    """Describe the face in the middle of every picture."""
    number = {person: i for i, person in enumerate(sorted(set(pictures.people)))}
    people, names = [], []
    vectors: dict[str, list[Floats]] = {each.name: [] for each in recognisers}
    told: dict[str, list[Floats]] = {name: [] for name in attributes}
    for done, (file, person) in enumerate(zip(pictures.files, pictures.people, strict=True), 1):
        progress("people", done, len(pictures.files))
        try:
            pixels = upload.read(file.read_bytes(), upload.Limits()).pixels
        except Rejected:
            continue
        found = detector.find(pixels, sizes)
        chosen = verification.in_the_middle(found.boxes, pixels.shape[:2])
        if chosen is None:
            continue
        people.append(number[person])
        names.append(file.stem)
        for each in recognisers:
            vectors[each.name].append(each.embed(pixels, found.points[chosen][None])[0])
        for name, model in attributes.items():
            told[name].append(model.tell(pixels, found.boxes[chosen][None])[0])
    return Known(
        np.array(people, np.int64), tuple(names),
        {name: np.array(rows, np.float32) for name, rows in vectors.items()},
        {name: np.array(rows, np.float32) for name, rows in told.items()},
    )  # fmt: skip


def pairs(file: Path, names: Sequence[str]) -> list[Pair]:
    """Lines ``NAME i j`` (one person) and ``NAME i OTHER j`` as LFW's pairs.txt has them -> numbers of pictures, and whether both
    show one person; pairs of which a picture is not there are left out.
    """
    row = {name: i for i, name in enumerate(names)}
    found = []
    for line in file.read_text().splitlines():
        parts = line.split()
        if len(parts) not in (3, 4):
            continue
        person, other = parts[0], parts[-2] if len(parts) == 4 else parts[0]
        one, two = (row.get(f"{name}_{int(i):04}") for name, i in ((person, parts[1]), (other, parts[-1])))
        if one is not None and two is not None:
            found.append((one, two, len(parts) == 3))
    return found


def accuracy(similarity: Floats, is_same: Flags) -> float:
    """Share of pairs told right: in each of ten folds by the threshold that does best on the other nine (the protocol of LFW,
    Huang et al., 2007). Pairs of one person and of two are dealt out in turn.
    """
    folds = np.zeros(len(similarity), np.int64)
    for members in (np.flatnonzero(is_same), np.flatnonzero(~is_same)):
        folds[members] = np.arange(len(members)) % FOLDS
    rates = []
    for fold in range(FOLDS):
        tested = folds == fold
        threshold = _best(similarity[~tested], is_same[~tested])
        rates.append(float(((similarity[tested] >= threshold) == is_same[tested]).mean()))
    return float(np.mean(rates))


def _best(similarity: Floats, is_same: Flags) -> float:
    ordered = np.sort(similarity)
    candidates = (ordered[1:] + ordered[:-1]) / 2
    same, other = np.sort(similarity[is_same]), np.sort(similarity[~is_same])
    right = len(same) - np.searchsorted(same, candidates) + np.searchsorted(other, candidates)
    return float(candidates[right.argmax()])


def recognised(name: str, known: Known, listed: Sequence[Pair], groups: Mapping[str, Flags]) -> Figures:
    """Of one recogniser: accuracy on the listed pairs, and over all pairs the true accept rate at a false accept rate of 1e-3; by
    group, both rates among its members at the threshold found over all. No rates where there are too few pairs for that.
    """
    vectors = known.vectors[name]
    found: Figures = {}
    if listed:
        one, two, is_same = (np.array(column) for column in zip(*listed, strict=True))
        similarity = np.asarray((vectors[one] * vectors[two]).sum(1), np.float32)
        found[f"accuracy_{name}"] = round(accuracy(similarity, is_same.astype(np.bool_)), 4)
    try:
        calibration.require(known.people, FAR)
    except NotCalibrated:
        return found
    whole = calibration.calibrate(calibration.cosine(vectors), known.people, FAR, np.random.default_rng(SEED))
    found |= {f"threshold_{name}": whole.threshold.value}
    found |= {f"tar_{name}": round(whole.true_accept_rate.value, 4)} if whole.true_accept_rate else {}
    for group, members in groups.items():
        rates = accepted(vectors[members], known.people[members], whole.threshold.value)
        found |= {f"{kind}_{name}_{group}": value for kind, value in zip(("tar", "far"), rates, strict=True) if value is not None}
    return found


def accepted(vectors: Floats, people: Ints, threshold: float) -> tuple[float | None, float | None]:
    """True and false accept rates over all pairs of pictures, None where there are fewer than ``FEW``."""
    first, second = np.triu_indices(len(people), 1)
    passed, own = (vectors @ vectors.T)[first, second] >= threshold, people[first] == people[second]
    same, other = (float(passed[kind].mean()) if kind.sum() >= FEW else None for kind in (own, ~own))
    return None if same is None else round(same, 4), None if other is None else round(other, 6)


def by_what_is_told(told: Floats) -> dict[str, Flags]:
    """Gender and age groups of at least ``FEW`` faces, by female probability and years (n, 2)."""
    female, group = told[:, 0] > 0.5, np.array([describe.age_group(years) for years in told[:, 1]])
    made = {"female": female, "male": ~female}
    made |= {name.replace(" ", "_"): group == i for i, name in enumerate(kept.AGE_GROUPS)}
    return {name: members for name, members in made.items() if members.sum() >= FEW}


def described(own: Floats, teacher: Floats) -> Figures:
    """Female probability and years (n, 2) of both -> share of one gender, and of age groups at most one apart, by group too."""
    gender = (own[:, 0] > 0.5) == (teacher[:, 0] > 0.5)
    own_group, teacher_group = (np.array([describe.age_group(years) for years in each[:, 1]]) for each in (own, teacher))
    near = np.abs(own_group - teacher_group) <= 1
    found: Figures = {
        "attributes_gender": round(float(gender.mean()), 4), "attributes_age_group": round(float(near.mean()), 4),
        "attributes_same_age_group": round(float((own_group == teacher_group).mean()), 4),
        "attributes_years": round(float(np.abs(own[:, 1] - teacher[:, 1]).mean()), 2),
    }  # fmt: skip
    for group, members in by_what_is_told(teacher).items():
        found |= {f"attributes_gender_{group}": round(float(gender[members].mean()), 4)}
        found |= {f"attributes_age_group_{group}": round(float(near[members].mean()), 4)}
    return found
