"""A drawn face has the target's outline, light and softness, and none of its pixels."""

import cv2
import numpy as np
import pytest

from precompute import landmarks
from precompute.donors import Donor
from precompute.head import turn
from precompute.swap import cleanness
from precompute.swap import grain
from precompute.swap import light
from precompute.swap import mask
from precompute.swap import warp
from precompute.swap.donor import DonorSwapper
from precompute.swap.donor import shrunk
from precompute.swap.shape import Shape
from tests.precompute.faces import shapes

SIZE = (190, 170)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(4)


@pytest.fixture
def swapper() -> DonorSwapper:
    return DonorSwapper(shapes.mesh(1, (0, 0)))


def donor(rng: np.random.Generator, turn: float = 0) -> Donor:
    return Donor("one.png", shapes.skin(180, 160, rng), shapes.mesh(90, (75, 85), turn))


def test_triangles_cover_the_face_and_turn_one_way() -> None:
    """Every point has a triangle, and no triangle is wound the other way."""
    ringed = warp.ringed(shapes.mesh())
    corners = warp.triangles(ringed)
    assert set(corners.ravel().tolist()) == set(range(len(ringed)))
    (ax, ay), (bx, by), (cx, cy) = (ringed[corners[:, i], :2].T for i in range(3))
    assert ((bx - ax) * (cy - ay) > (by - ay) * (cx - ax)).all()


def test_a_mesh_maps_onto_itself() -> None:
    """With equal meshes every pixel comes from its own place."""
    points = warp.ringed(shapes.mesh())
    found = warp.backward_map(points, points, warp.triangles(points), SIZE)
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    np.testing.assert_allclose(found, np.stack([x, y], 2), atol=0.02)


@pytest.mark.parametrize("scale", [0.3, 1, 4], ids=str)
def test_a_moved_mesh_moves_every_pixel(scale: float) -> None:
    """A mesh scaled and shifted is found at that scale and shift."""
    target = warp.ringed(shapes.mesh())
    source = target * np.float32(scale) + np.float32(5)
    found = warp.backward_map(source, target, warp.triangles(target), SIZE)
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    np.testing.assert_allclose(found, np.stack([x, y], 2) * scale + 5, atol=0.05 * max(scale, 1))


def test_the_outline_follows_the_target_and_the_inside_its_smooth_change(rng: np.random.Generator) -> None:
    """The oval lands exactly; a mouth pulled open in the target does not pull the donor's open."""
    target, closed = shapes.mesh(), shapes.mesh(60, (40, 40))
    opened = target.copy()
    opened[13, 1] -= 12
    opened[14, 1] += 12
    settled = Shape(shapes.mesh(1, (0, 0))).settle(closed, opened)
    oval = list(landmarks.OVAL)
    np.testing.assert_allclose(settled[oval, :2], opened[oval, :2], atol=1e-2)
    assert np.linalg.norm(settled[13] - settled[14]) < 0.4 * np.linalg.norm(opened[13] - opened[14])


@pytest.mark.parametrize("centre", [(80, 90), (0, 0), (160, 30)], ids=["inside", "corner", "edge"])
def test_weight_is_nothing_outside_and_all_inside(centre: tuple[float, float]) -> None:
    """Exactly 0 outside of the outline, exactly 1 beyond the feather and on the features, between only in the feather."""
    shape = shapes.mesh(centre=centre)
    weight = mask.weight(shape, SIZE)
    inside = mask.filled(shape, SIZE) > 0
    assert (weight[~inside] == 0).all()
    between = (weight > 0) & (weight < 1)
    assert between.sum() < 0.4 * inside.sum()
    assert (weight[cv2.erode(mask.features(shape, SIZE), np.ones((7, 7)), borderValue=1) > 0] == 1).all()


@pytest.mark.parametrize("yaw", [-72, -50, 50, 72], ids=str)
def test_a_turned_face_is_covered_from_the_outline_to_the_profile(yaw: float) -> None:
    """The cheek from the near outline to the middle is inside, and the profile has no broad feather."""
    head = shapes.mesh(100, (0, 0))
    middle = list(landmarks.MIDLINE)
    head[middle] = np.stack([np.zeros(28), np.linspace(-62, 62, 28), -20 - 30 * np.sin(np.linspace(0, np.pi, 28))], 1)
    turned = (head @ turn(yaw, 0).T + [80, 90, 0]).astype(np.float32)
    inside = mask.filled(turned, SIZE) > 0
    profile = turned[middle[4:-4], :2] - [np.sign(yaw) * 4, 0]
    x, y = np.round(profile).astype(int).T
    assert (mask.weight(turned, SIZE)[y, x] > 0.95).all()
    assert (mask.weight(turned, SIZE)[~inside] == 0).all()
    near = turned[list(landmarks.OVAL[18:] if yaw > 0 else landmarks.OVAL[:18]), :2]
    for share in (0.2, 0.5, 0.8):
        level = np.stack([np.interp(near[:, 1], turned[middle, 1], turned[middle, 0]), near[:, 1]], 1)
        x, y = np.round(share * near + (1 - share) * level).astype(int)[2:-2].T
        assert inside[y, x].all()


def test_a_face_takes_the_level_and_slope_of_the_light(swapper: DonorSwapper, rng: np.random.Generator) -> None:
    """A bright donor in a dark target lit from the left becomes dark and lit from the left."""
    crop = (shapes.skin(*SIZE, rng) * np.linspace(0.7, 0.3, SIZE[1])[None, :, None]).astype(np.uint8)
    shape = shapes.mesh()
    drawn = swapper.render(crop, shape, donor(rng), rng)
    inside = mask.weight(shape, SIZE) == 1
    for half in (slice(0, 80), slice(80, None)):
        there, here = crop[:, half][inside[:, half]], drawn[:, half][inside[:, half]]
        np.testing.assert_allclose(here.mean(0), there.mean(0), atol=6)


def test_nothing_of_the_target_but_statistics_is_in_the_face(swapper: DonorSwapper, rng: np.random.Generator) -> None:
    """Of a black mark on the target's skin no pixel shows a tenth: only the smooth light notices it."""
    shape, one = shapes.mesh(), donor(rng)
    plain = shapes.skin(*SIZE, rng)
    marked = plain.copy()
    marked[100:106, 90:96] = 0
    first, second = (swapper.render(crop, shape, one, np.random.default_rng(1)) for crop in (plain, marked))
    assert np.abs(first.astype(int) - second).max() <= 19


def test_a_gray_photo_gets_a_gray_face(swapper: DonorSwapper, rng: np.random.Generator) -> None:
    """All three channels are equal, whatever the donor's colours and the grain."""
    crop = shapes.skin(*SIZE, rng)[..., :1].repeat(3, 2)
    drawn = swapper.render(crop, shapes.mesh(), donor(rng), rng)
    assert (drawn == drawn[..., :1]).all()


def test_soft_photos_get_soft_faces_and_noisy_ones_grain(rng: np.random.Generator) -> None:
    """A sharp face in a blurred photo loses detail; a smooth face in a noisy photo gains noise."""
    shape = shapes.mesh()
    inside = mask.filled(shape, SIZE)
    fine = rng.normal(120, 20, (*SIZE, 3)).astype(np.float32)
    soft = grain.match(fine, np.rint(grain.blurred(fine, 4)).astype(np.uint8), shape, rng)
    assert grain.sharpness(grain.luma(soft.astype(np.float32)), inside, 1) < 0.6 * grain.sharpness(grain.luma(fine), inside, 1)
    noisy = np.clip(rng.normal(120, 4, (*SIZE, 1)).repeat(3, 2), 0, 255).astype(np.uint8)
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    smooth = (120 + 20 * np.sin(x / 9) * np.cos(y / 9)).astype(np.float32)[..., None].repeat(3, 2)
    assert grain.noise(grain.luma(grain.match(smooth, noisy, shape, rng).astype(np.float32)), inside) > 2


@pytest.mark.parametrize("size", [(12, 10), (40, 40), (700, 640)], ids=str)
def test_faces_of_every_size_are_drawn(size: tuple[int, int], swapper: DonorSwapper, rng: np.random.Generator) -> None:
    """The drawn face has the crop's size and type, for faces of a few pixels as for large ones."""
    shape = shapes.mesh(size[1] * 0.6, (size[1] / 2, size[0] / 2))
    drawn = swapper.render(shapes.skin(*size, rng), shape, donor(rng), rng)
    assert drawn.shape == (*size, 3)
    assert drawn.dtype == np.uint8


def test_a_donor_much_larger_than_the_face_is_brought_down_first(rng: np.random.Generator) -> None:
    """Its mesh shrinks with its pixels."""
    large = Donor("large.png", shapes.skin(900, 800, rng), shapes.mesh(450, (375, 425)))
    pixels, points = shrunk(large.pixels, large.mesh, 45)
    np.testing.assert_allclose(pixels.shape, (90, 80, 3), atol=1)
    assert landmarks.width(points) == pytest.approx(45, rel=0.02)


def test_light_is_fitted_to_skin_and_not_to_what_covers_it() -> None:
    """Points far off, as hair would be, hardly moves the fit."""
    at = light.frame(shapes.mesh(), shapes.mesh()[:468, :2])
    true = light.basis(at) @ np.linspace(-0.3, 0.4, 18).reshape(6, 3).astype(np.float32)
    covered = true.copy()
    covered[at[:, 1] < -0.75] -= 2
    even = np.full(468, 1 / 468, np.float32)
    error = light.basis(at) @ light.fit(covered, at, even) - true
    assert np.abs(error[at[:, 1] > -0.5]).max() < 0.2


def test_a_curtain_of_hair_over_a_third_of_the_face_is_not_taken_for_shade() -> None:
    """The light of the free side is found, and it does not darken towards the hair."""
    at = light.frame(shapes.mesh(), shapes.mesh()[:468, :2])
    true = light.basis(at) @ np.linspace(-0.1, 0.1, 18).reshape(6, 3).astype(np.float32)
    covered = true.copy()
    covered[at[:, 0] > 0.2] -= 1.6
    error = light.basis(at) @ light.fit(covered, at, np.full(468, 1 / 468, np.float32)) - true
    assert np.abs(error[at[:, 0] < 0.2]).max() < 0.15


def test_odd_faces_rank_last_among_their_peers(rng: np.random.Generator) -> None:
    """A gallery's one face with dark patches over the eyes is the oddest, and lightness alone is not odd."""
    count, shape = 60, shapes.mesh()
    skins = rng.normal(0, 0.03, (count, 468, 3)).astype(np.float32) + np.linspace(3, 5, count).astype(np.float32)[:, None, None]
    skins[30, np.abs(shape[:468, 1] - 68) < 14] -= 1.5
    lights = np.zeros((count, 6, 3), np.float32)
    lights[:, 0] = np.median(skins, 1)
    ranks = cleanness.ranks(skins, np.repeat(shape[None], count, 0), lights, np.zeros((count, 468), np.float32))
    assert ranks[30] == ranks.max()
    assert abs(np.corrcoef(np.delete(ranks, 30), np.delete(np.arange(count), 30))[0, 1]) < 0.5
