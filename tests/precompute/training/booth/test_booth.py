"""Sitters and how they are drawn: the same seed gives the same ones, and meshes lie where the picture shows them."""

from pathlib import Path

import numpy as np
import pytest

from precompute import describe
from precompute import landmarks
from precompute.facemodel.layout import Layout
from precompute.facemodel.sampler import FaceModel
from precompute.training.booth import pool
from precompute.training.booth import pose
from precompute.training.booth import session
from precompute.training.booth import teachers
from precompute.training.booth.pose import SIDE
from precompute.training.booth.pose import Stage
from precompute.training.booth.session import Booth
from precompute.training.booth.sitters import HELD_OUT
from precompute.training.booth.sitters import Sitter
from precompute.training.booth.sitters import Sitters
from precompute.training.booth.sitters import toned
from tests.precompute.facemodel import made
from tests.precompute.faces import shapes
from tests.precompute.training.booth import people


@pytest.fixture(scope="module")
def sitters(tmp_path_factory: pytest.TempPathFactory) -> Sitters:
    """Made of a few portraits of noise and a face model of random numbers."""
    return people.sitters(tmp_path_factory.mktemp("portraits"), FaceModel(made.weights(), []))


@pytest.fixture(scope="module")
def stage() -> Stage:
    return Stage(Layout(shapes.mesh()))


def test_the_same_seed_gives_the_same_sitters(sitters: Sitters) -> None:
    """And another seed gives others; faces that no portrait has are among them."""
    one, again, other = ([sitters.someone(rng) for _ in range(30)] for rng in map(np.random.default_rng, (1, 1, 2)))
    for a, b in zip(one, again, strict=True):
        np.testing.assert_array_equal(a.pixels, b.pixels)
        np.testing.assert_array_equal(a.moved, b.moved)
        assert (a.texture is None) == (b.texture is None)
        assert a.texture is None or b.texture is None or (a.texture == b.texture).all()
    assert any((a.moved != b.moved).any() or (a.pixels != b.pixels).any() for a, b in zip(one, other, strict=True))
    drawn = [each for each in one if each.texture is not None]
    assert 5 < len(drawn) < 30
    assert all(each.texture.shape == (192, 192, 3) and each.texture.dtype == np.uint8 for each in drawn)


def test_portraits_that_judge_do_not_train(tmp_path: Path) -> None:
    """Every tenth is held out, and sits there as it is; the rest are all the others."""
    own, judging = people.sitters(tmp_path), people.sitters(tmp_path, held_out=True)
    assert len(judging) == people.COUNT // HELD_OUT
    assert len(own) + len(judging) == people.COUNT
    rng = np.random.default_rng(0)
    held = {each.pixels.tobytes() for each in (judging.someone(rng) for _ in range(40))}
    assert len(held) == len(judging)
    assert not held & {own.someone(rng).pixels.tobytes() for _ in range(60)}
    assert all(judging.someone(rng).texture is None for _ in range(10))


def test_the_mesh_lies_where_the_picture_is(sitters: Sitters, stage: Stage) -> None:
    """Dots on eyes and mouth are at those points of the mesh, turned, shifted and mirrored as they are."""
    rng, hits = np.random.default_rng(3), []
    for _ in range(40):
        sitter = sitters.someone(rng)
        posed = stage.draw(Sitter(sitter.pixels, sitter.mesh, None, sitter.moved), rng)
        assert posed.pixels.shape == (SIDE, SIDE, 3)
        places = posed.mesh[list(people.DOTS)]
        inside = ((places[:, :2] > 4) & (places[:, :2] < SIDE - 5)).all(1)
        hits += list(people.bright(posed.pixels, places[inside], 3) > 150)
    assert len(hits) > 120
    assert np.mean(hits) > 0.97


def test_another_face_is_laid_over_the_sitters_own(sitters: Sitters, stage: Stage) -> None:
    """A white texture makes the middle of the face white and leaves what is around it."""
    own = sitters.someone(np.random.default_rng(0))
    white = np.full((192, 192, 3), 255, np.uint8)
    plain = stage.draw(Sitter(own.pixels, own.mesh, None, own.mesh), np.random.default_rng(5))
    posed = stage.draw(Sitter(own.pixels, own.mesh, white, own.mesh), np.random.default_rng(5))
    np.testing.assert_array_equal(posed.mesh, plain.mesh)
    x, y = posed.mesh[list(landmarks.FIVE[2]), :2].mean(0).round().astype(int)
    assert posed.pixels[y - 3 : y + 4, x - 3 : x + 4].min() > 240
    np.testing.assert_array_equal(posed.pixels[:4], plain.pixels[:4])


def test_turning_a_head_changes_its_pose_and_not_its_size() -> None:
    """Yaw and pitch spread as wanted; distances in three dimensions stay."""
    rng, mesh = np.random.default_rng(0), shapes.mesh()
    turned = [pose.turned(mesh, rng) for _ in range(200)]
    yaws = np.array([describe.pose(each).yaw for each in turned])
    assert 0.6 * pose.YAW < yaws.std() < 1.4 * pose.YAW
    np.testing.assert_allclose([landmarks.width(each) for each in turned], landmarks.width(mesh), rtol=1e-4)


def test_shots_are_of_the_sizes_that_they_are_to_be() -> None:
    """Faces lie near the middle, none is far larger or smaller than wanted."""
    rng = np.random.default_rng(0)
    for _ in range(50):
        mesh = pose.placed(shapes.mesh(300, (500, 20)), rng)
        size = (mesh[: landmarks.POINTS, :2].max(0) - mesh[: landmarks.POINTS, :2].min(0)).max()
        assert pose.WIDTHS[0] < size < 1.6 * pose.WIDTHS[1]
        assert np.abs(mesh[: landmarks.POINTS, :2].mean(0) - SIDE / 2).max() < 40


def test_a_texture_takes_the_light_of_another() -> None:
    """Its mean colour follows, its detail stays."""
    rng = np.random.default_rng(0)
    dark = np.clip(rng.normal(80, 10, (192, 192, 3)), 0, 255).astype(np.uint8)
    bright = np.clip(rng.normal([150, 130, 110], 10, (192, 192, 3)), 0, 255).astype(np.uint8)
    out = toned(dark, bright)
    np.testing.assert_allclose(out.mean((0, 1)), [150, 130, 110], atol=9)
    assert np.corrcoef(out[..., 0].ravel(), dark[..., 0].ravel())[0, 1] > 0.9


def test_a_session_writes_a_file_of_shots_that_comes_out_the_same_again(sitters: Sitters, stage: Stage, tmp_path: Path) -> None:
    """What is said belongs to the shot, and the same seed gives the same shots."""
    booth = Booth(sitters, stage, people.Teachers())  # type: ignore[arg-type]
    for name in ("a.npz", "b.npz"):
        booth.take(tmp_path / name, seed=7, count=4)
    one, again = (pool.read([tmp_path / name]) for name in ("a.npz", "b.npz"))
    assert len(one) == 4
    assert one.jpegs == again.jpegs
    np.testing.assert_array_equal(one.meshes, again.meshes)
    np.testing.assert_allclose(one.points, [landmarks.five(mesh)[:, :2] for mesh in one.meshes], rtol=1e-5)


def test_files_that_are_there_are_not_taken_anew(tmp_path: Path) -> None:
    """The work of an earlier run counts, without a model being loaded."""
    for held_out, name in ((False, "shots-0003.npz"), (True, "held-out-0003.npz")):
        (tmp_path / name).write_bytes(b"kept")
        assert session.work(tmp_path, tmp_path, 3, held_out) == session.PER_FILE
        assert (tmp_path / name).read_bytes() == b"kept"


def test_the_box_is_about_a_detectors() -> None:
    """Around the mesh's bounds, a little larger."""
    mesh = shapes.mesh(100, (80, 90))
    x, y, w, h = teachers.box(mesh)
    low, high = mesh[: landmarks.POINTS, :2].min(0), mesh[: landmarks.POINTS, :2].max(0)
    np.testing.assert_allclose([w, h], (high - low) * teachers.BOX, rtol=1e-5)
    np.testing.assert_allclose([x + w / 2, y + h / 2], (low + high) / 2, rtol=1e-5)
