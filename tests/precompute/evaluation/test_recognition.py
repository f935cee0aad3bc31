"""Identification and verification on matchers whose answers are known."""

import numpy as np
import pytest

from precompute.evaluation import recognition
from tests.precompute.evaluation import crowd


def test_alike() -> None:
    """Of several looks at a face the one most alike counts."""
    one = np.array([[[1, 0], [0, 1]]], np.float32)
    other = np.array([[[0, 1]], [[-1, 0]]], np.float32)
    assert recognition.alike(one, other).tolist() == [[1.0, 0.0]]


def test_rank1_of_a_perfect_matcher() -> None:
    """Every probe finds its person."""
    people = np.arange(5)
    assert recognition.rank1(np.eye(5, dtype=np.float32), people, people).tolist() == [1.0] * 5


def test_rank1_of_a_constant_matcher_is_chance() -> None:
    """Where all gallery faces tie, a probe counts by its chance, not by the gallery's order."""
    people = np.arange(5)
    assert recognition.rank1(np.ones((5, 5), np.float32), people, people).mean() == pytest.approx(0.2)


def test_rank1_of_a_random_matcher_is_near_chance() -> None:
    """Random similarities find about one in the number of people."""
    similarity = np.random.default_rng(0).random((4000, 20)).astype(np.float32)
    found = recognition.rank1(similarity, np.arange(4000) % 20, np.arange(20))
    assert found.mean() == pytest.approx(0.05, abs=0.01)


def test_split() -> None:
    """The first picture of each person is the gallery; whoever has one alone is no probe."""
    gallery, probes = recognition.split(np.array([3, 1, 3, 2, 1, 3]))
    assert gallery.tolist() == [0, 1, 3]
    assert probes.tolist() == [2, 4, 5]


def test_pairs_of() -> None:
    """A picture makes no pair with itself."""
    same, different = recognition.pairs_of(np.array([0, 0, 1]))
    assert np.argwhere(same).tolist() == [[0, 1], [1, 0]]
    assert int(different.sum()) == 4


def test_threshold() -> None:
    """One in a thousand reaches it; too few pairs give none."""
    impostors = np.random.default_rng(0).permutation(20_000).astype(np.float32)
    limit = recognition.threshold(impostors)
    assert limit is not None
    assert (impostors >= limit).sum() == 20
    assert recognition.threshold(impostors[:9_999]) is None


def test_roc() -> None:
    """At a rate the threshold is the impostors', and the share of genuine pairs that reach it is the curve."""
    impostors, genuine = np.linspace(0, 1, 1001, dtype=np.float32), np.array([0.2, 0.95, 0.99, 1.0], np.float32)
    found = recognition.roc(impostors, genuine)
    assert (np.diff(found.tar) >= 0).all()
    assert found.tar[-1] == 1.0
    at = int(np.argmin(np.abs(found.far - 0.03)))
    assert found.threshold[at] == pytest.approx(1 - found.far[at], abs=0.002)
    assert found.tar[at] == 0.5


def test_accepted() -> None:
    """The threshold itself is reached."""
    assert recognition.accepted(np.array([0.1, 0.5, 0.6], np.float32), 0.5) == pytest.approx(2 / 3)
    assert recognition.accepted(np.zeros(0, np.float32), 0.5) == 0.0


def test_wilson() -> None:
    """Known bounds: 0 of 10 and 5 of 10 (Newcombe 1998's method 3)."""
    assert recognition.wilson(0.0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert recognition.wilson(0.5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-4)
    assert recognition.wilson(0.0, 0) == (0.0, 1.0)


def test_unit_vectors_of_the_crowd() -> None:
    """The stand-in's pictures of one person are alike and of two are not, or the other tests would say nothing."""
    crowd_ = crowd.people(10, 2, crowd.itself)
    vectors = crowd_.originals(crowd.NAME)[:, 0]
    same, different = recognition.pairs_of(crowd_.people)
    cosine = vectors @ vectors.T
    assert cosine[same].min() > cosine[different].max()
