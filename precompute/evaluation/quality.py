"""What the fakes keep of the faces, what gives them away, what changed around them, and how long it took."""

from collections.abc import Iterable
from collections.abc import Sequence

import numpy as np

from precompute.evaluation import classifier
from precompute.evaluation import kept
from precompute.evaluation.pairs import Pair
from precompute.evaluation.pairs import Picture
from precompute.evaluation.pairs import Seen
from precompute.evaluation.population import OPAQUE
from precompute.evaluation.population import Population
from precompute.similarity.measures import OF_IMAGES

Figures = dict[str, object]

AXES = ("yaw", "pitch", "roll")
EXPRESSIONS = ("lips_apart", "mouth_width", "eyes_open")
LEAST_SEAMS = 10


def keeping(pairs: Sequence[Pair]) -> Figures:
    """Of generated faces alone: an opaque fill keeps nothing and is counted by ``opaque``."""
    drawn = [pair for pair in pairs if pair.method != OPAQUE]
    seen = [(pair.seen, pair.again) for pair in drawn if pair.seen is not None and pair.again is not None]
    known = [(one, other) for one, other in seen if one.gender != "unknown"]
    errors = [pair.landmark_error for pair in drawn if pair.landmark_error is not None]
    years = [abs(one.age - other.age) for one, other in seen]
    found: Figures = {
        "faces": len(drawn),
        "found": _share([pair.found for pair in drawn]),
        "gender": _share([one.gender == other.gender for one, other in known]),
        "gender_faces": len(known),
        "age_group": _share([kept.age_group(one.age) == kept.age_group(other.age) for one, other in seen]),
        "age_years": _median(years),
        "landmark_error": _mean(errors),
        "landmark_error_median": _median(errors),
        "landmark_error_p95": _quantile(errors, 95),
    }
    return found | _moved("pose", AXES, seen) | _moved("expression", EXPRESSIONS, seen)


def _moved(what: str, names: Sequence[str], seen: Sequence[tuple[Seen, Seen]]) -> Figures:
    """Median absolute difference of each of three numbers."""
    apart = [np.abs(getattr(one, what) - getattr(other, what)) for one, other in seen]
    return {f"{what}_{name}": _median([float(each[i]) for each in apart]) for i, name in enumerate(names)}


def opaque(pairs: Sequence[Pair], least_width: float = 0.0) -> Figures:
    """Share of the faces at least so many px wide that got the opaque fill, and why."""
    wide = [pair for pair in pairs if pair.width >= least_width]
    filled = [pair.reason or "no synthetic face passed every recogniser" for pair in wide if pair.method == OPAQUE]
    reasons = {reason: filled.count(reason) for reason in sorted(set(filled))}
    return {"faces": len(wide), "share": _share([pair.method == OPAQUE for pair in wide]), "reasons": reasons}


def pixel_measures(pairs: Sequence[Pair]) -> Figures:
    """Medians over generated faces of what each measure that compares pictures says."""
    drawn = [pair for pair in pairs if pair.method != OPAQUE]
    return {name: _median([pair.alike[name] for pair in drawn]) for name in OF_IMAGES}


def seams(population: Population, seed: int) -> Figures:
    """How well a classifier tells masks' edges from the same places on the originals; an AUC of 0.5 is not at all."""
    there = [(pair.rings, int(who)) for pair, who in zip(population.pairs, population.people, strict=True) if pair.rings]
    if len(there) < LEAST_SEAMS:
        return {"faces": len(there), "auc": None}
    features = np.array([ring for rings, _ in there if rings for ring in rings], np.float64)
    positive = np.tile(np.array([False, True]), len(there))
    groups = np.repeat(np.array([who for _, who in there], np.int64), 2)
    if len(np.unique(groups)) < classifier.FOLDS:
        groups = np.repeat(np.arange(len(there)), 2)
    scores = classifier.cross_validated(features, positive, groups, np.random.default_rng(seed))
    return {"faces": len(there), "auc": round(classifier.auc(scores, positive), 4)}


def around(pictures: Sequence[Picture]) -> Figures:
    """The greatest difference outside of any mask, in each of the three ways, and the masks' feathers."""
    outside = [picture.outside for picture in pictures]
    edges = [pair.edge for picture in pictures for pair in picture.pairs if pair.edge is not None]
    return {
        "drawn_difference": max((each.drawn for each in outside), default=0),
        "blocks_changed": sum(each.blocks for each in outside),
        "decoded_difference": max((each.decoded for each in outside), default=0),
        "masked_share": _mean([each.masked for each in outside]),
        "coded_share": _mean([each.coded for each in outside]),
        "feather_px": _mean([each.feather_px for each in edges]),
        "feather_share": _mean([each.feather_share for each in edges]),
        "feather_share_max": _rounded(max((each.feather_share for each in edges), default=None)),
        "original_share": _mean([each.original_share for each in edges]),
    }


def speed(pictures: Sequence[Picture]) -> Figures:
    """Median milliseconds of a core for each step of a picture, and for a face from pixels to the last check."""
    steps = {step for picture in pictures for step in picture.seconds}
    found: Figures = {f"{step}_ms": _median([1e3 * picture.seconds[step] for picture in pictures]) for step in sorted(steps)}
    replaced = [1e3 * each.seconds["replace"] / each.faces for each in pictures]
    whole = [1e3 * (each.seconds["find"] + each.seconds["replace"]) / each.faces for each in pictures]
    return found | {"replace_ms_a_face": _median(replaced), "find_and_replace_ms_a_face": _median(whole)}


def _share(values: Iterable[bool]) -> float | None:
    return _mean([float(value) for value in values])


def _mean(values: Sequence[float]) -> float | None:
    return _rounded(float(np.mean(values))) if values else None


def _median(values: Sequence[float]) -> float | None:
    return _quantile(values, 50)


def _quantile(values: Sequence[float], share: float) -> float | None:
    known = [value for value in values if np.isfinite(value)]
    return _rounded(float(np.percentile(known, share))) if known else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
