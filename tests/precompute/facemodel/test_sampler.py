"""Samples are new faces, as wanted, and like neither the person nor any one training face."""

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from precompute import describe
from precompute.donors import Donor
from precompute.donors import Wanted
from precompute.facemodel import sampler
from precompute.facemodel.sampler import AGE_SLACK
from precompute.facemodel.sampler import AIMS
from precompute.facemodel.sampler import BOUND
from precompute.facemodel.sampler import CLEARLY
from precompute.facemodel.sampler import LARGEST_SHARE
from precompute.facemodel.sampler import FaceModel
from precompute.facemodel.weights import Weights
from precompute.swap import light
from precompute.swap import mouth
from tests.precompute.facemodel import made
from tests.precompute.facemodel.made import Floats

MANY = 40


@pytest.fixture(scope="module")
def weights() -> Weights:
    return made.weights()


@pytest.fixture(scope="module")
def model(weights: Weights) -> FaceModel:
    return guarded(weights)


def guarded(weights: Weights) -> FaceModel:
    """A model that knows what two recognisers would say."""
    return FaceModel(weights, [(size, weights.readouts[name]) for size, name in zip(made.SIZES, "ab", strict=True)])


def sampled(model: FaceModel, wanted: Wanted, count: int = MANY, seed: int = 0) -> list[Donor]:
    return list(islice(model.choose(wanted, np.random.default_rng(seed)), count))


@pytest.fixture
def coefficients(monkeypatch: pytest.MonkeyPatch) -> list[Floats]:
    """Those of every face that is drawn from now on."""
    seen: list[Floats] = []
    drawn = FaceModel._donor

    def noted(self: FaceModel, own: Floats, *rest: object) -> Donor:
        seen.append(own)
        return drawn(self, own, *rest)

    monkeypatch.setattr(FaceModel, "_donor", noted)
    return seen


def test_samples_differ_from_each_other(model: FaceModel) -> None:
    """No two of forty have the same texture or shape, and hardly any two nearly so."""
    faces = sampled(model, made.wanted())
    for values in ([face.pixels.astype(np.float32) for face in faces], [face.shape for face in faces]):
        apart = [np.abs(values[i] - values[j]).mean() for i in range(MANY) for j in range(i)]
        assert min(apart) > 0
        assert np.quantile(apart, 0.05) > 0.25 * np.median(apart)


def test_the_same_seed_gives_the_same_face(model: FaceModel) -> None:
    """Texture, shape and mouth, for each of several; another seed gives others."""
    first, again, other = (sampled(model, made.wanted(), 3, seed) for seed in (1, 1, 2))
    for one, same in zip(first, again, strict=True):
        for name in ("pixels", "shape"):
            np.testing.assert_array_equal(getattr(one, name), getattr(same, name))
        assert one.mouth is not None
        assert same.mouth is not None
        np.testing.assert_array_equal(one.mouth.inside, same.mouth.inside)
    assert all((one.pixels != face.pixels).any() for one, face in zip(first, other, strict=True))


def mixed(weights: Weights, likely: Floats, count: int) -> Floats:
    """The share of each training face in each of so many samples, (count, FACES)."""
    model, rng = FaceModel(replace(weights, coefficients=np.eye(made.FACES, dtype=np.float32)), []), np.random.default_rng(0)
    crowd = replace(model._crowd(likely), middle=np.zeros(made.FACES, np.float32))
    drawn = np.array([model._mixed(crowd, rng)[0] for _ in range(count)])
    return drawn / drawn.sum(1, keepdims=True)


@pytest.mark.parametrize("shares", [(0.99, 0.01, 0), (1, 0, 0), (0.6, 0.3, 0.1), (0.2, 0.1, 0.7)], ids=str)
def test_shares_are_bounded(shares: tuple[float, float, float]) -> None:
    """None is above the largest that may be, all sum to 1, and the largest stays so."""
    found = sampler.bounded(np.array(shares))
    assert found.max() <= LARGEST_SHARE + 1e-6
    assert found.sum() == pytest.approx(1)
    assert found.argmax() == np.argmax(shares)


@pytest.mark.parametrize("evenness", [0.02, sampler.EVENNESS], ids=["lopsided", "as it is"])
def test_no_sample_is_one_training_face(evenness: float, monkeypatch: pytest.MonkeyPatch, weights: Weights) -> None:
    """Even where chance gives nearly all to one, every sample lies between several, and none has more than its share."""
    monkeypatch.setattr(sampler, "EVENNESS", evenness)
    shares = mixed(weights, np.zeros(made.FACES, np.float32), 400)
    assert ((shares > 0).sum(1) >= 2).all()
    assert ((shares > 0).sum(1) <= sampler.PARENTS).all()
    assert shares.max() <= LARGEST_SHARE + 1e-4


def test_no_sample_is_a_face_and_its_mirror_image(weights: Weights) -> None:
    """Of a portrait and its mirror image, which are equally likely, one at most is among those that a sample lies between."""
    likely = np.full(made.FACES, -99, np.float32)
    likely[[4, 5, 8, 9, 20, 21]] = 0
    drawn = mixed(weights, likely, 200) > 0
    assert (drawn.reshape(200, -1, 2).sum(2) <= 1).all()
    assert drawn[:, [4, 5, 8, 9, 20, 21]].sum(1).min() == sampler.PARENTS


def test_samples_vary_as_much_as_training_faces(weights: Weights) -> None:
    """Mixing would make all of them average; the spread of each coefficient stays near ``FULLNESS``."""
    model, rng = FaceModel(weights, []), np.random.default_rng(0)
    drawn = np.array([model.anyone(rng)[0] for _ in range(300)])
    own = weights.coefficients.std(0)
    assert np.median(drawn.std(0) / own) == pytest.approx(sampler.FULLNESS, rel=0.15)
    assert np.abs(drawn).max() <= BOUND


@pytest.mark.parametrize("seed", range(4), ids=str)
@pytest.mark.parametrize("gender", ["female", "male"])
def test_each_recogniser_would_find_samples_unlike_the_person(
    gender: str, seed: int, weights: Weights, coefficients: list[Floats]
) -> None:
    """What the readouts predict of cosine similarity is at most the aim, and without guidance it would not be."""
    wanted = made.wanted(gender, seed=seed)
    parts = {"a": wanted.embedding[:8], "b": wanted.embedding[8:]}

    def predicted(model: FaceModel) -> dict[str, Floats]:
        coefficients.clear()
        sampled(model, wanted)
        return {name: np.array([weights.readouts[name].at(c) @ own for c in coefficients]) for name, own in parts.items()}

    for name, told in predicted(guarded(weights)).items():
        assert told.max() <= AIMS[1] + 0.02, name
    assert any(told.max() > AIMS[1] + 0.1 for told in predicted(FaceModel(weights, [(8, None), (4, None)])).values())


@pytest.mark.parametrize("age", [20.0, 35.0, 60.0], ids=str)
@pytest.mark.parametrize("gender", ["female", "male"])
def test_gender_and_age_are_as_wanted(gender: str, age: float, weights: Weights, coefficients: list[Floats]) -> None:
    """The readouts are certain of the gender, and at most two years off."""
    sampled(guarded(weights), made.wanted(gender, age))
    odds = np.array([weights.readouts["female"].at(own)[0] for own in coefficients])
    assert ((odds if gender == "female" else -odds) >= CLEARLY - 0.05).all()
    years = np.array([weights.readouts["age"].at(own)[0] for own in coefficients])
    assert np.abs(years - describe.within_group(age, sampler.BORDER)).max() <= AGE_SLACK + 0.1


def test_parents_are_of_the_gender_and_age(weights: Weights) -> None:
    """Training faces that a sample is made from are as wanted far more often than not."""
    model = guarded(weights)
    likely = model._likelihood(made.wanted("female", 30), "female")
    chance = np.exp(likely - likely.max())
    chance /= chance.sum()
    assert chance @ weights.females > 0.85
    assert abs(chance @ weights.ages - 30) < 8


def test_a_child_is_not_moved_to_an_age_that_is_not_known(weights: Weights, coefficients: list[Floats]) -> None:
    """Below the age at which readouts can be trusted only the parents are young, and no wish pulls at the face."""
    model = guarded(weights)
    assert len(model._wishes(made.wanted(age=8), "female")) == len(model._wishes(made.wanted(age=30), "female")) - 2
    sampled(model, made.wanted(age=8))
    assert all(np.abs(own).max() <= BOUND for own in coefficients)


def test_an_unknown_gender_becomes_either(weights: Weights, coefficients: list[Floats]) -> None:
    """Over many photos both come; all candidates for one face are of one gender."""
    model, told = guarded(weights), []
    for seed in range(12):
        coefficients.clear()
        sampled(model, made.wanted("unknown"), 3, seed)
        odds = [float(weights.readouts["female"].at(own)[0]) for own in coefficients]
        assert len({value > 0 for value in odds}) == 1
        told.append(odds[0] > 0)
    assert set(told) == {True, False}


def test_a_recogniser_without_a_readout_is_passed_over(weights: Weights, coefficients: list[Floats]) -> None:
    """Its dimensions are still counted, so that the next one is held against its own part of the vector."""
    wanted = made.wanted()
    sampled(FaceModel(weights, [(8, None), (4, weights.readouts["b"])]), wanted)
    assert max(weights.readouts["b"].at(own) @ wanted.embedding[8:] for own in coefficients) <= AIMS[1] + 0.02


def test_mouths_are_about_as_open_as_wanted(model: FaceModel, weights: Weights) -> None:
    """They are among the few nearest, more than one of them comes, and the skin's tone goes along."""
    faces = sampled(model, made.wanted())
    nearest = np.argsort(np.abs(weights.mouth_gaps - 0.1), kind="stable")[: sampler.MOUTHS]
    allowed = {weights.mouths[i].tobytes() for i in nearest}
    came = {face.mouth.inside.tobytes() for face in faces if face.mouth is not None}
    assert 1 < len(came) <= len(allowed)
    assert came <= allowed
    for face in faces:
        assert face.mouth is not None
        assert face.mouth.tone @ light.LUMA == pytest.approx(made.LEVEL, abs=1e-5)
        np.testing.assert_allclose(np.diff(face.mouth.tone), np.diff(weights.tones.mean(0)), atol=1e-5)


def test_a_sample_fits_the_swapper(model: FaceModel) -> None:
    """Texture, mesh, shape and mouth have the sizes and types that drawing asks for."""
    (face,) = sampled(model, made.wanted(), 1)
    assert (face.name, face.pixels.shape, face.pixels.dtype) == ("face-model", (192, 192, 3), np.uint8)
    assert face.mesh.shape == (478, 3)
    assert face.shape is not None
    assert (face.shape.shape, face.shape.dtype) == ((478, 3), np.float32)
    assert face.mouth is not None
    assert (face.mouth.inside.shape, face.mouth.inside.dtype) == ((*mouth.SIZE, 3), np.uint8)
