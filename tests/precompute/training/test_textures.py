"""Textures in even light, skin to the edge, and what was seen of them."""

import cv2
import numpy as np
import pytest

from precompute import landmarks
from precompute.facemodel.layout import SIDE
from precompute.facemodel.layout import Layout
from precompute.swap import light
from precompute.swap import warp
from precompute.swap.donor import is_bare
from precompute.swap.donor import point_areas
from precompute.training.facemodel import textures
from tests.precompute.facemodel import made
from tests.precompute.faces import shapes
from tests.precompute.training import faces


@pytest.fixture(scope="module")
def layout() -> Layout:
    return made.layout()


def within(layout: Layout, share: float) -> np.ndarray:
    """Pixels in the oval, of this share of its size."""
    drawn, centre = np.zeros((SIDE, SIDE), np.uint8), layout.mesh[warp.CENTRE, :2]
    oval = centre + (layout.mesh[list(landmarks.OVAL), :2] - centre) * share
    cv2.fillPoly(drawn, [np.round(oval * 16).astype(np.int32)], 1, shift=4)
    return drawn > 0


def test_the_inside_stays_untouched(layout: Layout) -> None:
    """Bit for bit, a few pixels away from the edge; hair and background outside of the oval are gone."""
    rng = np.random.default_rng(0)
    texture = rng.normal(150, 20, (SIDE, SIDE, 3)).astype(np.float32)
    texture[~within(layout, 0.97)] = 5
    found = textures.extended(texture, layout)
    deep = cv2.erode(within(layout, textures.INSIDE).astype(np.uint8), np.ones((13, 13))) > 0
    assert deep.mean() > 0.3
    np.testing.assert_allclose(found[deep], texture[deep], atol=1e-3)
    assert found[~within(layout, 0.97)].min() > 90


def test_the_edge_is_carried_outwards(layout: Layout) -> None:
    """What is outside has the colour of the nearest skin: left of a face that is dark on the left it is dark."""
    texture = np.full((SIDE, SIDE, 3), 60, np.float32)
    texture[:, SIDE // 2 :] = 180
    found = textures.extended(texture, layout)
    np.testing.assert_allclose(found[SIDE // 2 - 20, 1], 60, atol=1)
    np.testing.assert_allclose(found[SIDE // 2 - 20, -2], 180, atol=1)


def test_light_becomes_even(layout: Layout) -> None:
    """Lit from the left, it is as bright on both sides afterwards, in the wanted skin tone, and its detail stays."""
    rng = np.random.default_rng(2)
    fine = cv2.GaussianBlur(rng.normal(0, 40, (SIDE, SIDE, 1)), (0, 0), 1.5)[..., None]
    slope = np.exp(np.linspace(0.4, -0.4, SIDE, dtype=np.float32))[None, :, None]
    texture = ((130 + fine) * slope).repeat(3, 2).astype(np.float32)
    wanted = np.full((landmarks.POINTS, 3), np.log(120 + light.FLOOR), np.float32)
    bare = point_areas(layout.ring, layout.corners) * is_bare(layout.reference)
    found = textures.even(texture, layout, wanted, bare)
    inside = within(layout, 0.8)
    left, right = (found[half][inside[half]].mean() for half in (np.s_[:, :80], np.s_[:, -80:]))
    assert left == pytest.approx(right, rel=0.05)
    before, after = (cv2.Laplacian(each[..., 0], cv2.CV_32F)[inside] for each in (texture / slope, found))
    assert np.corrcoef(before, after)[0, 1] > 0.95


def test_what_looks_at_us_in_the_picture_is_known(layout: Layout) -> None:
    """All of a face in the middle; of one that the picture's edge cuts through, just the half in it."""
    pixels = np.zeros((190, 170, 3), np.uint8)
    whole = textures.known(faces.portrait(pixels, shapes.mesh()), layout)
    inside = within(layout, 0.9)
    assert whole[inside].min() > 0.9
    cut = textures.known(faces.portrait(pixels, shapes.mesh(centre=(0, 90))), layout)
    middle = layout.mesh[warp.CENTRE, 0]
    x = np.broadcast_to(np.arange(SIDE), (SIDE, SIDE))
    assert cut[inside & (x < middle - 20)].max() < 0.1
    assert cut[inside & (x > middle + 25)].min() > 0.8


@pytest.mark.parametrize("yaw", [-50, 50], ids=str)
def test_the_far_side_of_a_turned_head_is_not_known(yaw: float, layout: Layout) -> None:
    """Less of the side that is turned away is known than of the near side."""
    deep = shapes.mesh(centre=(0, 0)) * np.array([1, 1, 2.5], np.float32)
    turned = deep @ faces.turn(1, yaw) + np.array([85, 95, 0], np.float32)
    found = textures.known(faces.portrait(np.zeros((190, 170, 3), np.uint8), turned.astype(np.float32)), layout)
    inside, half = within(layout, 0.95), SIDE // 2
    left, right = found[:, :half][inside[:, :half]].mean(), found[:, half:][inside[:, half:]].mean()
    near, far = (left, right) if turned[landmarks.SIDES[0], 2] < turned[landmarks.SIDES[1], 2] else (right, left)
    assert near > 0.9
    assert far < 0.75
