"""What one recogniser makes of the fakes: identification, verification, and the attacks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from precompute import align
from precompute.describe import Recogniser
from precompute.evaluation import inverter
from precompute.evaluation import recognition
from precompute.evaluation.inverter import Undone
from precompute.evaluation.pairs import CROP_SIDE
from precompute.evaluation.pairs import SMALL_SIDE
from precompute.evaluation.population import Population
from precompute.similarity import fid

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Figures = dict[str, object]

BINS: Final = 48
LOW: Final = -0.4
LEAST: Final = 2  # of anything that a mean or a curve is to be had from


@dataclass(frozen=True, slots=True)
class Matched:
    """Per face, what one recogniser did with it: ``rank1`` is NaN for faces of the gallery, ``accepted`` for people with one
    picture, both (n,).
    """

    rank1: Floats
    accepted: Floats


@dataclass(frozen=True, slots=True)
class Compared:
    """All cosines of one recogniser, (n, n) each: original to original, fake (row) to original, fake to fake, and pictures with
    nothing where the face was (row) to original.
    """

    originals: Floats
    fakes: Floats
    both: Floats
    blanks: Floats

    @classmethod
    def of(cls, population: Population, recogniser: str) -> "Compared":
        """Every face with every other."""
        before, after = population.originals(recogniser), population.fakes(recogniser)
        alike = recognition.alike
        blanks = alike(population.blanks(recogniser), before)
        return cls(alike(before, before), alike(after, before), alike(after, after), blanks)


def figures(
    population: Population, each: Recogniser, held_out: bool, undone: Undone | None, seed: int
) -> tuple[Figures, Matched]:
    """Everything about one recogniser, and what it did with each face; people with one picture are in the gallery alone.

    ``undone``: what ``pictures_undone`` made of the fakes.
    """
    compared = Compared.of(population, each.name)
    identified, hits = _identification(compared, population.people)
    verified, accepted = _verification(compared, population.people, each)
    found: Figures = {
        "model_sha256": each.sha256, "held_out": held_out, **verified, "identification": identified,
        "attacks": {
            **_attacks(compared, population.people),
            "embedding_inverter": _embeddings_undone(population, each.name, seed),
            "picture_inverter": {} if undone is None else _pictures_recognised(undone, population, each),
        },
        "mean_cosine_to_original": round(float(np.diag(compared.fakes).mean()), 4),
        "frechet": _frechet(population, each.name, seed),
        "histograms": _histograms(compared, population.people),
    }  # fmt: skip
    return found, Matched(hits, accepted)


def _identification(compared: Compared, people: Ints) -> tuple[Figures, Floats]:
    gallery, probes = recognition.split(people)
    hits = np.full(len(people), np.nan, np.float32)
    if not len(probes):
        return {}, hits
    own, faces = people[probes], people[gallery]
    hits[probes] = recognition.rank1(compared.fakes[np.ix_(probes, gallery)], own, faces)
    before = recognition.rank1(compared.originals[np.ix_(probes, gallery)], own, faces).mean()
    after = float(hits[probes].mean())
    same = recognition.rank1(compared.fakes[np.ix_(gallery, gallery)], faces, faces).mean()
    blank = recognition.rank1(compared.blanks[np.ix_(probes, gallery)], own, faces).mean()
    low, high = recognition.wilson(after, len(probes))
    found: Figures = {
        "gallery": len(gallery), "probes": len(probes), "chance": round(1 / len(gallery), 6),
        "rank1_before": round(float(before), 5), "rank1_after": round(after, 5),
        "rank1_after_low": round(low, 5), "rank1_after_high": round(high, 5), "rank1_same_picture": round(float(same), 5),
        "rank1_surroundings": round(float(blank), 5),
    }  # fmt: skip
    return found, hits


def _verification(compared: Compared, people: Ints, each: Recogniser) -> tuple[Figures, Floats]:
    same, different = recognition.pairs_of(people)
    impostors = compared.originals[np.triu(different)]
    measured = recognition.threshold(impostors)
    limit = each.threshold if measured is None else measured
    before, after = compared.originals[np.triu(same)], compared.fakes[same]
    reached = np.where(same, compared.fakes >= limit, False).sum(1) / np.maximum(same.sum(1), 1)
    accepted = np.where(same.any(1), reached, np.nan).astype(np.float32)
    found: Figures = {
        "threshold": round(float(limit), 4),
        "threshold_from": "these pictures" if measured is not None else each.origin,
        "threshold_of_choosing": each.threshold,
        "verification": {
            "false_accept_rate": recognition.RATE, "impostor_pairs": len(impostors), "genuine_pairs": len(before),
            "fake_pairs": len(after), "tar_before": _share(recognition.accepted(before, limit), before),
            "tar_after": _share(recognition.accepted(after, limit), after),
            "tar_same_picture": round(recognition.accepted(np.diag(compared.fakes), limit), 5),
            "roc": _curves(impostors, before, after),
        },
    }  # fmt: skip
    return found, accepted


def _share(value: float, of: Floats) -> float | None:
    return round(value, 5) if len(of) else None


def _curves(impostors: Floats, before: Floats, after: Floats) -> Figures:
    if min(map(len, (impostors, before, after))) < LEAST:
        return {}
    one, other = recognition.roc(impostors, before), recognition.roc(impostors, after)
    return {"far": _list(one.far, 7), "before": _list(one.tar, 5), "after": _list(other.tar, 5)}


def _attacks(compared: Compared, people: Ints) -> Figures:
    """Rank-1 with fakes for probes, for the gallery, and for both (Newton, Sweeney, Malin, IEEE TKDE 17(2), 2005)."""
    gallery, probes = recognition.split(people)
    if not len(probes):
        return {}
    own, faces, at = people[probes], people[gallery], np.ix_(probes, gallery)
    ways = {"naive": compared.fakes[at], "reverse": compared.fakes.T[at], "parrot": compared.both[at]}
    return {f"{name}_rank1": round(float(recognition.rank1(each, own, faces).mean()), 5) for name, each in ways.items()}


def _embeddings_undone(population: Population, name: str, seed: int) -> Figures:
    fakes, originals = population.fakes(name)[:, -1], population.originals(name)[:, 0]
    made = inverter.undone(fakes, originals, population.people, np.random.default_rng(seed))
    blanks = inverter.undone(population.blanks(name)[:, 0], originals, population.people, np.random.default_rng(seed))
    if made is None or blanks is None:
        return {}
    return _gains({"gain": made.made, "fake": fakes, "surroundings": blanks.made}, made.fold, originals, population)


def pictures_undone(population: Population, seed: int) -> Undone | None:
    """What an inverter of pictures makes of each fake, float32 (n, side * side * 3), or None for too few people."""
    flat = np.stack([pair.crops for pair in population.pairs]).astype(np.float32).reshape(len(population), 2, -1)
    return inverter.undone(flat[:, 1], flat[:, 0], population.people, np.random.default_rng(seed))


def _pictures_recognised(undone: Undone, population: Population, each: Recogniser) -> Figures:
    """How alike a recogniser finds what ``pictures_undone`` made to the original."""
    points = (align.ARCFACE * CROP_SIDE).astype(np.float32)[None]
    crops = np.clip(np.rint(undone.made), 0, 255).astype(np.uint8).reshape(-1, SMALL_SIDE, SMALL_SIDE, 3)
    large = [cv2.resize(crop, (CROP_SIDE, CROP_SIDE), interpolation=cv2.INTER_CUBIC) for crop in crops]
    seen = np.concatenate([each.embed(crop, points) for crop in large])
    return _gains({"gain": seen}, undone.fold, population.originals(each.name)[:, 0], population)


def _gains(made: Mapping[str, Floats], fold: Ints, originals: Floats, population: Population) -> Figures:
    """Of what inverters made, and of what an attacker has without one; each compared within the folds of the inverter."""
    people = population.people
    kind = fold * (int(population.kinds.max(initial=0)) + 1) + population.kinds
    found: Figures = {}
    for name, each in made.items():
        found |= {
            f"{name}_over_random": _rounded(inverter.gain(each, originals, people, fold)),
            f"{name}_over_same_kind": _rounded(inverter.gain(each, originals, people, kind)),
            f"{name}_elsewhere": _rounded(inverter.gain_elsewhere(each, originals, people, fold)),
        }
    return found


def _frechet(population: Population, name: str, seed: int) -> Figures:
    """Between originals and fakes, and between two halves of the originals' people: what mere chance makes of it."""
    drawn = population.generated
    before, after = population.originals(name)[:, 0], population.fakes(name)[:, -1]
    half = np.random.default_rng(seed).permutation(int(population.people.max(initial=0)) + 1)[population.people] % 2 == 0
    if min(drawn.sum(), half.sum(), (~half).sum()) < LEAST:
        return {}
    return {
        "originals_to_fakes": round(fid.between(before[drawn], after[drawn]), 4),
        "half_to_half_of_originals": round(fid.between(before[half], before[~half]), 4),
    }


def _histograms(compared: Compared, people: Ints) -> Figures:
    same, different = recognition.pairs_of(people)
    edges = np.linspace(LOW, 1, BINS + 1)
    kinds = {
        "originals_of_one_person": compared.originals[np.triu(same)],
        "originals_of_two_people": compared.originals[np.triu(different)],
        "fake_to_its_original": np.diag(compared.fakes),
        "fake_to_another_picture_of_the_person": compared.fakes[same],
    }
    shares = {name: _list(_counted(each, edges) / max(1, len(each)), 6) for name, each in kinds.items()}
    return {"edges": _list(edges, 4), **shares}


def _counted(values: Floats, edges: npt.NDArray[np.float64]) -> Ints:
    """How many lie in each bin, those beyond the ends in the last ones."""
    return np.asarray(np.histogram(np.clip(values.astype(np.float64), edges[0], edges[-1]), edges)[0], np.int64)


def _list(values: npt.NDArray[np.floating], digits: int) -> list[float]:
    return [round(float(value), digits) for value in values]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
