"""Photos to enrol with: one clear face each, all of one person, or a sentence that says what is wrong."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from precompute import portraits
from precompute.errors import NotEnrolled
from precompute.face import Face
from precompute.portraits import Portrait
from precompute.settings import PeopleConfig
from tests.precompute.flat import face
from tests.precompute.looks import NO_PIXELS
from tests.precompute.looks import RECOGNISERS
from tests.precompute.looks import Floats
from tests.precompute.looks import looks
from tests.precompute.looks import turned
from tests.precompute.looks import unit

CONFIG = PeopleConfig(enabled=True, enrol_width_px=64)
WIDE = (0.0, 0.0, 64.0, 80.0)


class Shown:
    """Finds the faces that it is given."""

    recognisers = RECOGNISERS

    def __init__(self, *faces: Face) -> None:
        self._faces = faces

    def find(self, pixels: object) -> tuple[Face, ...]:
        return self._faces


def portrait(name: str, seen: dict[str, Floats]) -> Portrait:
    return Portrait(name, face(WIDE, seen))


def test_one_clear_face() -> None:
    """A photo with one face of exactly the least width is taken."""
    found = portraits.of("me.jpg", NO_PIXELS, Shown(face(WIDE, looks("u-red"))), CONFIG)
    assert found.name == "me.jpg"


@pytest.mark.parametrize(
    ("faces", "says"),
    [
        pytest.param([], "me.jpg: no face was found", id="none"),
        pytest.param([face(WIDE, {})] * 2, "me.jpg: 2 faces were found", id="two"),
        pytest.param([face(WIDE, {}), face((0, 0, 9, 9), {})], "me.jpg: 2 faces were found", id="one-in-the-background"),
        pytest.param([face((0, 0, 63, 80), {})], "me.jpg: the face is too small, 63 pixels wide; at least 64", id="small"),
        pytest.param([face(WIDE, {}, reason="turned too far")], "me.jpg: the face is not clear .turned too far.", id="unclear"),
        pytest.param([replace(face(WIDE, {}), yaw=-50.0)], "me.jpg: the face is not clear .turned too far.", id="profile"),
        pytest.param([replace(face(WIDE, {}), presence=0.3)], "me.jpg: the face is not clear .not clearly a face.", id="hidden"),
    ],
)
def test_refused(faces: Sequence[Face], says: str) -> None:
    """Anything else is refused with the photo's name and what to do."""
    with pytest.raises(NotEnrolled, match=says):
        portraits.of("me.jpg", NO_PIXELS, Shown(*faces), CONFIG)


def test_mean_of_the_photos() -> None:
    """A template holds each recogniser's mean over the photos, of length 1."""
    shown = [{name: turned(vector, 0.9, seed) for name, vector in looks("u-red").items()} for seed in range(3)]
    made = portraits.template("u-red", [portrait(f"{i}.jpg", seen) for i, seen in enumerate(shown)], RECOGNISERS)
    assert made.person == "u-red"
    for name, vector in made.vectors.items():
        mean = unit(np.mean([seen[name] for seen in shown], 0))
        assert vector.dtype == np.float16
        assert np.allclose(vector, mean, atol=1e-3)
        assert vector.astype(np.float32) @ looks("u-red")[name] > 0.95


def test_two_people() -> None:
    """Photos of two people are refused, naming the two photos."""
    shown = [portrait("me.jpg", looks("u-red")), portrait("me-too.jpg", looks("u-red")), portrait("her.jpg", looks("u-blue"))]
    with pytest.raises(NotEnrolled, match=r"me\.jpg and her\.jpg do not look like one person"):
        portraits.template("u-red", shown, RECOGNISERS)


@pytest.mark.parametrize(("cosine", "refused"), [(0.31, False), (0.29, True)], ids=["above", "below"])
@pytest.mark.parametrize("doubtful", [each.name for each in RECOGNISERS])
def test_each_recogniser_can_refuse(doubtful: str, cosine: float, refused: bool) -> None:
    """Two photos are of one person only if every recogniser finds them at least as alike as its threshold."""
    other = looks("u-red") | {doubtful: turned(looks("u-red")[doubtful], cosine)}
    shown = [portrait("one.jpg", looks("u-red")), portrait("two.jpg", other)]
    if refused:
        with pytest.raises(NotEnrolled):
            portraits.template("u-red", shown, RECOGNISERS)
    else:
        assert portraits.template("u-red", shown, RECOGNISERS).person == "u-red"
