"""Whom a face is closest to: limits and margin to the edge, and the same answer as looking at every pair one by one."""

import numpy as np
import pytest

from precompute.likeness import Likenesses
from precompute.template import Template
from tests.precompute.looks import DIMENSIONS
from tests.precompute.looks import Floats
from tests.precompute.looks import look
from tests.precompute.looks import looks
from tests.precompute.looks import template
from tests.precompute.looks import turned

LIMITS = {"a": 0.6, "b": 0.5}


def plane(cosine: float) -> list[float]:
    """A unit vector in four dimensions whose cosine with the first axis is ``cosine``, rounded to single precision."""
    return [cosine, float(np.sqrt(1 - cosine**2)), 0, 0]


def axis(person: str, number: int = 0) -> Template:
    """A template along an axis, which half precision keeps exactly."""
    vector = np.eye(4, dtype=np.float16)[number]
    return Template(person, {"a": vector, "b": vector})


def faces(*pairs: tuple[list[float], list[float]]) -> dict[str, Floats]:
    return {"a": np.array([a for a, _ in pairs], np.float32), "b": np.array([b for _, b in pairs], np.float32)}


def found(likenesses: Likenesses, seen: dict[str, Floats]) -> list[str | None]:
    return [None if match is None else match.person for match in likenesses.closest(seen)]


def below(number: float) -> float:
    return float(np.nextafter(np.float32(number), np.float32(0)))


@pytest.mark.parametrize(
    ("a", "b", "person"),
    [
        pytest.param(0.6, 0.5, "u-red", id="both-at-the-limit"),
        pytest.param(below(0.6), 0.5, None, id="first-just-below"),
        pytest.param(0.6, below(0.5), None, id="second-just-below"),
        pytest.param(1.0, below(0.5), None, id="one-certain-the-other-not"),
        pytest.param(below(0.6), 1.0, None, id="the-other-certain"),
        pytest.param(-1.0, -1.0, None, id="opposite"),
        pytest.param(1.0, 1.0, "u-red", id="the-same"),
    ],
)
def test_every_recogniser_must_agree(a: float, b: float, person: str | None) -> None:
    """At its limit a recogniser agrees, a hair below it does not, and none can make up for another."""
    likenesses = Likenesses(LIMITS, 0.05)
    likenesses.add([axis("u-red")])
    assert found(likenesses, faces((plane(a), plane(b)))) == [person]


@pytest.mark.parametrize(
    ("margin", "person"),
    [
        pytest.param(0.25, None, id="exactly-the-margin"),
        pytest.param(below(0.25), "u-red", id="a-hair-more-than-the-margin"),
        pytest.param(0.0, "u-red", id="no-margin"),
        pytest.param(0.3, None, id="less-than-the-margin"),
    ],
)
@pytest.mark.parametrize("together", [True, False], ids=["one-block", "two-blocks"])
def test_nearly_equal(margin: float, person: str | None, together: bool) -> None:
    """A second template that is close behind, though below every limit, makes the face nobody's."""
    likenesses = Likenesses({"a": 0.5, "b": 0.5}, margin)
    both = [axis("u-red", 0), axis("u-blue", 1)]
    for part in [both] if together else [both[:1], both[1:]]:
        likenesses.add(part)
    seen = [0.5, 0.25, 0.75, 0.0]
    assert found(likenesses, faces((seen, seen))) == [person]


@pytest.mark.parametrize("margin", [0.0, 0.05])
def test_one_face_enrolled_twice(margin: float) -> None:
    """The same face under two accounts is suggested to neither, whatever the margin."""
    likenesses = Likenesses(LIMITS, margin)
    likenesses.add([axis("u-red"), axis("u-thief")])
    assert found(likenesses, faces((plane(1.0), plane(1.0)))) == [None]


@pytest.mark.parametrize("together", [True, False], ids=["one-block", "two-blocks"])
@pytest.mark.parametrize("order", [1, -1])
def test_closest_but_not_agreed_hides_the_next(together: bool, order: int) -> None:
    """Where the closest template misses a limit, the next is not taken in its place, though every recogniser agrees on it."""
    likenesses = Likenesses({"a": 0.6, "b": 0.1}, 0.0)
    both = [axis("u-red", 0), axis("u-blue", 1)][::order]
    for part in [both] if together else [both[:1], both[1:]]:
        likenesses.add(part)
    seen = faces(([0.59, 0.6, 0, 0], [0.9, 0.1, 0, 0]))
    assert found(likenesses, seen) == [None]


def test_not_a_number() -> None:
    """A descriptor that is no number matches nobody, and spoils no other face."""
    likenesses = Likenesses(LIMITS, 0.05)
    likenesses.add([axis("u-red")])
    assert found(likenesses, faces(([np.nan] * 4, plane(1.0)), (plane(1.0), plane(1.0)))) == [None, "u-red"]


def test_nobody() -> None:
    """Without templates there is no match, and adding none is no block."""
    likenesses = Likenesses(LIMITS, 0.05)
    likenesses.add([])
    assert len(likenesses) == 0
    assert found(likenesses, faces((plane(1.0), plane(1.0)))) == [None]


@pytest.mark.parametrize("block", [1, 7, 1_000])
def test_as_one_by_one(block: int) -> None:
    """In blocks of any size, the answer is the one that comparing every pair by itself gives."""
    rng = np.random.default_rng(5)
    people = [f"u-{i}" for i in range(60)]
    known = [template(person) for person in people]
    limits, margin = dict.fromkeys(DIMENSIONS, 0.55), 0.05
    likenesses = Likenesses(limits, margin)
    for start in range(0, len(known), block):
        likenesses.add(known[start : start + block])
    shown = [str(rng.choice(people)) for _ in range(200)]
    seen = {
        name: np.stack([turned(look(person, name), rng.uniform(0.4, 0.9), i) for i, person in enumerate(shown)])
        for name in DIMENSIONS
    }
    expected = [one_by_one({name: seen[name][i] for name in DIMENSIONS}, known, limits, margin) for i in range(len(shown))]
    assert found(likenesses, seen) == expected
    assert 20 < sum(person is not None for person in expected) < 180


def one_by_one(face: dict[str, Floats], known: list[Template], limits: dict[str, float], margin: float) -> str | None:
    excess = [[float(face[name] @ each.vectors[name].astype(np.float32)) - limits[name] for name in limits] for each in known]
    order = sorted(range(len(known)), key=lambda i: -sum(excess[i]))
    first, second = (sum(excess[i]) / len(limits) for i in order[:2])
    agreed = min(excess[order[0]]) >= 0
    return known[order[0]].person if agreed and first - second > margin else None


def test_shown_to_nobody() -> None:
    """Neither a match nor the collection tells in its repr whom it is about."""
    likenesses = Likenesses(dict.fromkeys(DIMENSIONS, 0.5), 0.05)
    likenesses.add([template("u-canary")])
    (match,) = likenesses.closest({name: vector[None] for name, vector in looks("u-canary").items()})
    assert match is not None
    assert match.person == "u-canary"
    assert "canary" not in repr(match) + repr(likenesses)
