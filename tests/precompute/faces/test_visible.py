"""Hair and brims in front of a face stay; the face itself never does."""

import cv2
import numpy as np
import pytest

from precompute import landmarks
from precompute.swap import light
from precompute.swap import mask
from precompute.swap import visible
from tests.precompute.faces import shapes

SIZE = (190, 170)
HAIR = (22, 28, 36)
TOP = 28  # the row at which the made mesh begins


def face(width: float = 100, centre: tuple[float, float] = (80, 90)) -> shapes.Floats:
    """The made mesh with all that belongs to an eye, the nose, the lips and the chin in its place."""
    mesh = shapes.mesh(width, centre)
    for group, (x, y) in zip(landmarks.FEATURES, [(-0.4, -0.35), (0.4, -0.35), (0, 0.5), (0, 0.1), (0, 0.75)], strict=True):
        around = np.arange(len(group)) * 2 * np.pi / len(group)
        place = np.stack([x + 0.2 * np.cos(around), y + 0.08 * np.sin(around)], 1)
        mesh[list(group), :2] = place * [width / 2, 1.25 * width / 2] + np.array(centre)
    return mesh


@pytest.fixture
def crop() -> visible.Pixels:
    return shapes.skin(*SIZE, np.random.default_rng(5))


def test_bare_skin_is_replaced_as_a_whole(crop: visible.Pixels) -> None:
    """Nothing stays of an even face, of one lit from the side, nor of one with a bright forehead."""
    shaded = (crop * np.linspace(1, 0.4, SIZE[1])[None, :, None]).astype(np.uint8)
    shining = crop.copy()
    shining[:60] = np.minimum(crop[:60] * 1.3, 255)
    for pixels in (crop, shaded, shining):
        assert visible.weight(pixels, face()).min() > 0.95


def test_a_fringe_from_above_stays(crop: visible.Pixels) -> None:
    """The forehead's upper part, covered by hair, keeps the photo; below it the fake has full weight again."""
    crop[: TOP + 16] = HAIR
    weight = visible.weight(crop, face())
    assert weight[TOP + 2 : TOP + 12, 65:95].max() < 0.1
    assert weight[TOP + 24 :].min() > 0.95


def test_the_same_colour_in_the_core_is_replaced(crop: visible.Pixels) -> None:
    """A band over the eyes, one over the mouth and one from the forehead to the chin leave the core to the fake."""
    shape = face()
    core = mask.features(shape, SIZE) > 0
    for place in (np.s_[65:82, :], np.s_[115:130, :], np.s_[:, 65:95], np.s_[:, :]):
        covered = crop.copy()
        covered[place] = HAIR
        assert (visible.weight(covered, shape)[core] == 1).all()
    assert (visible.core(shape, SIZE)[core] == 1).all()


def test_a_spot_that_does_not_come_in_from_the_edge_is_replaced(crop: visible.Pixels) -> None:
    """A mark on the forehead is the person's own."""
    crop[42:50, 74:86] = HAIR
    assert visible.weight(crop, face()).min() == 1


def test_thin_lines_are_painted_over(crop: visible.Pixels) -> None:
    """The arm of a pair of glasses, from the edge to the eye, does not stay without the glasses."""
    crop[70:74, :60] = HAIR
    assert visible.weight(crop, face()).min() > 0.9


def test_what_comes_in_from_below_is_replaced(crop: visible.Pixels) -> None:
    """A beard is the person's own."""
    crop[105:] = HAIR
    assert visible.weight(crop, face()).min() == 1


def test_a_curtain_of_hair_stays_down_to_the_eyes(crop: visible.Pixels) -> None:
    """What hangs from above into a cheek keeps the photo above the eyes, and gives way farther down."""
    crop[:, :45] = HAIR
    crop[:45] = HAIR
    shape = face()
    weight, core = visible.weight(crop, shape), visible.core(shape, SIZE)
    deep = cv2.distanceTransform(mask.filled(shape, SIZE), cv2.DIST_L2, 5) > (visible.DEEP_BELOW + visible.RAMP) * 100
    assert weight[40, 50] < 0.1
    assert weight[100:][deep[100:]].min() == 1
    assert weight[core > 0].min() > 0.9


@pytest.mark.parametrize("width", [24, 100, 700], ids=str)
def test_only_a_bounded_share_of_the_mask_stays(width: int) -> None:
    """Whatever lies around the core, faces of all sizes are replaced for the most part."""
    size = round(width * 1.9), round(width * 1.7)
    shape = face(width, (0.8 * width, 0.9 * width))
    pixels = shapes.skin(*size, np.random.default_rng(1))
    wide = pixels.copy()
    wide[:] = HAIR
    wide[visible.core(shape, size) > 0] = pixels[visible.core(shape, size) > 0]
    weight, inside = visible.weight(wide, shape), mask.filled(shape, size) > 0
    assert weight.shape == size
    assert 0 <= weight.min() < 0.5
    assert (1 - weight)[inside].sum() < 1.1 * visible.MOST_SHARE * inside.sum()


def test_points_that_are_not_seen_have_no_say_in_the_light() -> None:
    """Off the picture and on the far side of a turned head nothing is trusted, and the near cheek is."""
    shape = shapes.mesh(centre=(20, 90))
    shape[:, 2] -= 50
    shape[list(landmarks.SIDES), 2] = 0
    trust = light.trusted(shape, SIZE)
    assert (trust[shape[:468, 0] < 0] == 0).all()
    assert trust.sum() == pytest.approx(1)
    away = shape * np.array([1, 1, -1], np.float32)
    assert np.median(light.trusted(away, (400, 400))) == 0
