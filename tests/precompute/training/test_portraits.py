"""Portraits to learn from are plain ones, and each comes with its mirror image."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from precompute.training.facemodel import portraits
from tests.precompute.faces import shapes
from tests.precompute.training import faces


def test_in_a_mirror_twice_is_as_before() -> None:
    """Of a symmetric mesh every point has one twin, whose twin it is, and irises are irises' twins."""
    twin = portraits.twins(faces.even())
    np.testing.assert_array_equal(twin[twin], np.arange(478))
    assert (twin[468:] >= 468).all()
    assert (twin[:468] < 468).all()
    assert (twin != np.arange(478)).sum() > 400


def test_a_mirrored_portrait_has_its_points_on_the_same_pixels() -> None:
    """What a point shows in the portrait, its twin shows in the mirror image; in it left is left and right is right."""
    rng = np.random.default_rng(0)
    pixels = cv2.GaussianBlur(rng.integers(0, 255, (180, 160, 3), np.uint8), (0, 0), 3)
    own = faces.portrait(pixels, faces.even() + np.array([79.5, 90, 0], np.float32))
    twin = portraits.twins(faces.even())
    other = portraits.mirrored(own, twin)

    def seen(portrait: portraits.Portrait) -> np.ndarray:
        at = portrait.mesh[:, :2].astype(np.float32)[None]
        return cv2.remap(portrait.pixels, at, None, cv2.INTER_LINEAR)[0].astype(int)

    np.testing.assert_allclose(seen(other), seen(own)[twin], atol=2)
    np.testing.assert_allclose(other.mesh[:, 0] > 79.5, own.mesh[:, 0] > 79.5)
    again = portraits.mirrored(other, twin)
    np.testing.assert_array_equal(again.pixels, own.pixels)
    np.testing.assert_allclose(again.mesh, own.mesh, atol=1e-4)


def test_the_reference_becomes_symmetric() -> None:
    """A mesh a little askew becomes its own mirror image, around its own middle."""
    askew = faces.even() + np.random.default_rng(1).normal(0, 0.05, (478, 3)).astype(np.float32)
    found = portraits.symmetric(askew)
    twin = portraits.twins(askew)
    np.testing.assert_array_equal(twin[twin], np.arange(478))
    np.testing.assert_allclose(found[twin] * np.array([-1, 1, 1]), found, atol=1e-4)
    np.testing.assert_allclose(found, askew - askew[:468].mean(0), atol=0.3)


def test_only_plain_portraits_that_look_ahead_are_learned_from() -> None:
    """Odd, turned, doubtful and small ones are left out, and those that somebody looked at and excluded."""
    index = shapes.index(8, np.random.default_rng(0))
    plain = replace(
        index, clean=np.full(8, 0.5, np.float32), poses=np.zeros((8, 3), np.float32),
        names=np.array([f"{i}.png" for i in range(7)] + [sorted(portraits.excluded())[0]]),
    )  # fmt: skip
    assert portraits.suitable(plain).tolist() == list(range(7))
    plain.clean[1], plain.poses[2, 0], plain.presence[3], plain.widths[4] = 0.9, -30, 0.5, 60
    assert portraits.suitable(plain).tolist() == [0, 5, 6]


def test_excluded_names_are_pictures() -> None:
    """Comments and empty lines are no names."""
    names = portraits.excluded()
    assert len(names) > 50
    assert all(Path(name).suffix in {".jpg", ".jpeg", ".png"} for name in names)


@pytest.mark.parametrize("unreadable", [False, True], ids=["all", "one broken"])
def test_each_portrait_is_followed_by_its_mirror_image(unreadable: bool, tmp_path: Path) -> None:
    """As sampling trusts in: rows 2i and 2i + 1 are one person. A picture that cannot be read is left out with both."""
    index = replace(shapes.index(4, np.random.default_rng(0)), reference=faces.even())
    for i, name in enumerate(index.names):
        cv2.imwrite(str(tmp_path / name), np.full((190, 170, 3), 40 * i, np.uint8))
    if unreadable:
        (tmp_path / str(index.names[1])).write_bytes(b"no picture")
    found = list(portraits.read(tmp_path, index, np.array([0, 1, 3])))
    assert [each.i for each in found] == ([0, 0, 3, 3] if unreadable else [0, 0, 1, 1, 3, 3])
    twin = portraits.twins(index.reference)
    for own, other in zip(found[::2], found[1::2], strict=True):
        np.testing.assert_array_equal(portraits.mirrored(own, twin).mesh, other.mesh)
