"""A pool gives back what was written, keeps judges apart, and grows."""

from pathlib import Path

import numpy as np

from precompute.training.booth import pool
from tests.precompute.faces import shapes
from tests.precompute.training.booth import people


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    """Byte for byte, shot for shot, over several files."""
    jpegs = [pool.coded(np.full((8, 8, 3), value, np.uint8)) for value in (10, 120, 240)]
    answers = [people.said(shapes.mesh(width), 0.5, years=width) for width in (60, 70, 80)]
    pool.write(tmp_path / "one.npz", jpegs[:2], answers[:2])
    pool.write(tmp_path / "two.npz", jpegs[2:], answers[2:])
    found = pool.read([tmp_path / "one.npz", tmp_path / "two.npz"])
    assert len(found) == 3
    assert found.jpegs == jpegs
    np.testing.assert_allclose([found.pixels(i).mean() for i in range(3)], [10, 120, 240], atol=2)
    np.testing.assert_array_equal(found.meshes, [each.mesh for each in answers])
    np.testing.assert_array_equal(found.points, [each.points for each in answers])
    np.testing.assert_array_equal(found.told, [each.told for each in answers])
    np.testing.assert_array_equal(found.presence, np.float32([0.5, 0.5, 0.5]))
    assert found.first.shape == (3, 256)
    assert found.second.shape == (3, 128)
    assert not list(tmp_path.glob("*.part"))


def test_some_shots_are_the_first_with_what_was_said_of_them(tmp_path: Path) -> None:
    """Every column is as short."""
    judges = pool.judges(people.fill(tmp_path))
    few = pool.some(judges, 7)
    assert len(few) == 7
    assert few.jpegs == judges.jpegs[:7]
    for name in pool.FIELDS:
        np.testing.assert_array_equal(getattr(few, name), getattr(judges, name)[:7])


def test_judges_are_never_among_the_shots_to_train_on(tmp_path: Path) -> None:
    """However often the pool grows."""
    people.fill(tmp_path)
    growing = pool.Growing(tmp_path)
    judges = set(pool.judges(tmp_path).jpegs)
    assert not judges & set(growing.shots().jpegs)
    (tmp_path / "shots-0001.npz").write_bytes((tmp_path / "shots-0000.npz").read_bytes())
    assert len(growing.shots()) == 40
    assert not judges & set(growing.shots().jpegs)
