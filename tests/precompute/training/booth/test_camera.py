"""Whatever a camera does to a picture, it stays one of the same size, and the same seed does the same."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from precompute import landmarks
from precompute.training.booth import camera
from precompute.training.booth.pose import Posed
from tests.precompute.faces import shapes

Pixels = npt.NDArray[np.uint8]
SIDE = 208
MESH = shapes.mesh(90, (104, 104))


@pytest.fixture
def pixels() -> Pixels:
    """Noise."""
    return np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), np.uint8)


@pytest.mark.parametrize(
    "effect",
    [
        camera.lit,
        camera.shaken,
        lambda pixels, rng: camera.glasses(pixels, MESH, rng),
        lambda pixels, rng: camera.thing(pixels, MESH, rng),
        lambda pixels, rng: camera.small(pixels, 90, rng),
        lambda pixels, rng: camera.shot(Posed(pixels, MESH), rng),
        lambda pixels, rng: camera.coded(pixels, int(rng.integers(*camera.QUALITIES))),
    ],
    ids=["lit", "shaken", "glasses", "thing", "small", "shot", "coded"],
)
def test_size_and_kind_stay(effect: Callable[[Pixels, np.random.Generator], Pixels], pixels: Pixels) -> None:
    """Several times over; the picture that was given is left alone, and something is done to it."""
    before = pixels.copy()
    for seed in range(6):
        out = effect(pixels, np.random.default_rng(seed))
        assert out.shape == before.shape
        assert out.dtype == np.uint8
        np.testing.assert_array_equal(pixels, before)
        np.testing.assert_array_equal(out, effect(pixels, np.random.default_rng(seed)))
        assert (out != before).any()


def test_glasses_are_on_the_eyes_and_nowhere_else(pixels: Pixels) -> None:
    """What changes lies nearer to an eye than the eyes to each other."""
    left, right = MESH[list(landmarks.LEFT_EYE), :2].mean(0), MESH[list(landmarks.RIGHT_EYE), :2].mean(0)
    for seed in range(20):
        changed = np.argwhere((camera.glasses(pixels, MESH, np.random.default_rng(seed)) != pixels).any(2))[:, ::-1]
        apart = np.minimum(np.linalg.norm(changed - left, axis=1), np.linalg.norm(changed - right, axis=1))
        assert len(changed) > 20
        assert apart.max() < np.linalg.norm(right - left)


def test_things_hide_a_part_of_the_oval_and_not_all_of_the_picture(pixels: Pixels) -> None:
    """The rest is untouched."""
    for seed in range(20):
        changed = (camera.thing(pixels, MESH, np.random.default_rng(seed)) != pixels).any(2).mean()
        assert 0.001 < changed < 0.4


def test_a_small_picture_has_lost_detail(pixels: Pixels) -> None:
    """Noise is evened out where the face was made much narrower."""
    spreads = [float(camera.small(pixels, 90, np.random.default_rng(seed)).std()) for seed in range(20)]
    assert min(spreads) < 0.6 * pixels.std()


def test_shadows_only_darken() -> None:
    """By at most a factor of three."""
    for seed in range(10):
        gain = camera.shadow((40, 50), np.random.default_rng(seed))
        assert gain.shape == (40, 50)
        assert -1.1 <= gain.min() < gain.max() <= 0
