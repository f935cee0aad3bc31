"""One recogniser's figures on people whose answers are known: no anonymisation, and faces of nobody."""

from typing import Any

import numpy as np
import pytest

from precompute.evaluation import privacy
from precompute.evaluation.population import Population
from tests.precompute.evaluation import crowd

PEOPLE = 60


def figures(population: Population, undone: bool = False) -> tuple[Any, privacy.Matched]:
    made = privacy.pictures_undone(population, 1) if undone else None
    return privacy.figures(population, crowd.Numbers(), True, made, 1)


def test_no_anonymisation() -> None:
    """Fakes that are the originals are found as surely as those, in every attack."""
    found, matched = figures(crowd.people(PEOPLE, 3, crowd.itself))
    identified, verified, attacks = found["identification"], found["verification"], found["attacks"]
    assert (identified["gallery"], identified["probes"]) == (PEOPLE, 2 * PEOPLE)
    assert identified["rank1_before"] == identified["rank1_after"] == identified["rank1_same_picture"] == 1
    assert verified["tar_before"] == verified["tar_after"] == verified["tar_same_picture"] == 1
    assert attacks["naive_rank1"] == attacks["reverse_rank1"] == attacks["parrot_rank1"] == 1
    assert attacks["embedding_inverter"]["fake_over_random"] > 0.9
    assert found["mean_cosine_to_original"] == 1
    assert found["frechet"]["originals_to_fakes"] == pytest.approx(0, abs=1e-3)
    assert np.isnan(matched.rank1).sum() == PEOPLE
    assert np.nanmean(matched.accepted) == 1


def test_nobody() -> None:
    """Faces of nobody are found by chance, and pass for the person as seldom as strangers do."""
    found, _ = figures(crowd.people(PEOPLE, 3, crowd.nobody))
    identified, attacks = found["identification"], found["attacks"]
    assert identified["rank1_before"] == 1
    assert identified["chance"] == pytest.approx(1 / PEOPLE, abs=1e-5)
    for rate in (identified["rank1_after"], attacks["reverse_rank1"], attacks["parrot_rank1"]):
        assert rate < 0.08
    assert identified["rank1_after_low"] <= identified["rank1_after"] <= identified["rank1_after_high"]
    assert found["verification"]["tar_after"] < 0.01
    assert abs(attacks["embedding_inverter"]["gain_over_random"]) < 0.05


def test_surroundings() -> None:
    """With one and the same blank for all, nobody is found by what surrounds a face."""
    found, _ = figures(crowd.people(PEOPLE, 2, crowd.itself))
    assert found["identification"]["rank1_surroundings"] < 0.08
    assert abs(found["attacks"]["embedding_inverter"]["surroundings_over_random"]) < 0.05


def test_threshold_of_these_pictures() -> None:
    """Calibrated on the originals where there are enough pairs of them, else the recogniser's own, and it says which."""
    many, _ = figures(crowd.people(PEOPLE, 3, crowd.nobody))
    assert many["threshold_from"] == "these pictures"
    assert 0.4 < many["threshold"] < 0.8
    few, _ = figures(crowd.people(12, 2, crowd.nobody))
    assert (few["threshold"], few["threshold_from"]) == (0.5, "registry")
    assert many["held_out"]
    assert many["model_sha256"] == crowd.Numbers.sha256


def test_one_picture_each() -> None:
    """People with one picture alone make a gallery that nobody is looked for in."""
    found, matched = figures(crowd.people(12, 1, crowd.nobody))
    assert found["identification"] == {}
    assert found["verification"]["tar_after"] is None
    assert found["verification"]["roc"] == {}
    assert np.isnan(matched.accepted).all()


def test_pictures_undone() -> None:
    """An inverter of pictures gives back what a negative hides, on people that it never saw."""
    population = crowd.people(PEOPLE, 2, crowd.nobody)
    rng = np.random.default_rng(3)
    coarse = rng.integers(40, 216, (len(population), 8, 8, 3))
    pairs = []
    for pair, small in zip(population.pairs, coarse, strict=True):
        large = small.repeat(6, 0).repeat(6, 1).astype(np.uint8)
        seen = crowd.Numbers().embed(large, np.zeros((1, 5, 2), np.float32))[0]
        pairs.append(crowd.pair(seen, pair.fake[crowd.NAME][0], crops=np.stack([large, 255 - large])))
    found, _ = figures(Population(tuple(pairs), population.people, population.pictures), undone=True)
    assert found["attacks"]["picture_inverter"]["gain_over_random"] > 0.3


def test_curves() -> None:
    """Rates rise, shares are shares, and every histogram sums to one."""
    found, _ = figures(crowd.people(PEOPLE, 2, crowd.nobody))
    roc, histograms = found["verification"]["roc"], found["histograms"]
    assert (np.diff(roc["far"]) > 0).all()
    assert (np.diff(roc["before"]) >= 0).all()
    assert roc["after"][-1] == 1
    edges = histograms.pop("edges")
    assert all(len(each) == len(edges) - 1 and sum(each) == pytest.approx(1, abs=1e-3) for each in histograms.values())
