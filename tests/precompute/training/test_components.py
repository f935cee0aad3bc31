"""What is unknown of textures is completed from what is known of all."""

import numpy as np
import pytest

from precompute.facemodel.layout import SIDE
from precompute.facemodel.layout import Layout
from precompute.training.facemodel import components
from tests.precompute.facemodel import made
from tests.precompute.facemodel.made import Floats
from tests.precompute.facemodel.made import normal

RANK, FACES = 3, 60


@pytest.fixture(scope="module")
def layout() -> Layout:
    return made.layout()


@pytest.fixture(scope="module")
def textures(layout: Layout) -> Floats:
    """Faces that are sums of three smooth components and a little noise, (m, n)."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32) / SIDE
    planes = [np.sin((3 + i) * x + i) * np.cos((2 + 2 * i) * y) for i in range(RANK)]
    basis = np.stack([layout.vector(np.repeat(100 + 40 * plane[..., None], 3, 2)) for plane in planes])
    basis -= layout.vector(np.full((SIDE, SIDE, 3), 100, np.float32))
    faces = normal(rng, 1, FACES, RANK) @ basis + 120
    return (faces + rng.normal(0, 0.5, faces.shape)).astype(np.float32)


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of data this simple few components judge what is odd."""
    monkeypatch.setattr(components, "ROUGH", RANK)


def said(found: components.Components) -> Floats:
    return found.mean + found.coefficients @ found.components


def test_what_is_known_is_kept(textures: Floats, layout: Layout) -> None:
    """With all known, three components of three say everything but the noise, and their coefficients have a spread of 1."""
    found = components.learn(textures, np.ones_like(textures), layout, RANK)
    assert np.abs(said(found) - textures).mean() < 0.6
    assert found.share > 0.99
    np.testing.assert_allclose(found.coefficients.std(0), 1, atol=1e-3)
    np.testing.assert_allclose(found.coefficients.mean(0), 0, atol=1e-3)
    gram = found.coefficients.T @ found.coefficients / FACES
    np.testing.assert_allclose(gram, np.eye(RANK), atol=1e-3)
    lengths = np.linalg.norm(found.components, axis=1)
    assert (np.diff(lengths) <= 0).all()


def test_what_is_unknown_is_completed(textures: Floats, layout: Layout) -> None:
    """A third of each face unknown, and nonsense there: what the components say of it is what was there before."""
    rng = np.random.default_rng(1)
    known = np.ones_like(textures)
    spoiled = textures.copy()
    for i in range(FACES):
        plane = np.ones((SIDE, SIDE), np.float32)
        start = int(rng.integers(0, SIDE // 3)) * 2
        plane[:, start : start + SIDE // 3] = 0
        known[i] = layout.weights(plane)
        spoiled[i] = textures[i] + 90 * (1 - known[i])
    hidden = known == 0
    assert 0.2 < hidden.mean() < 0.5
    found = components.learn(spoiled, known, layout, RANK)
    usual = np.abs(textures - textures.mean(0))[hidden].mean()
    assert np.abs(said(found) - textures)[hidden].mean() < 0.3 * usual


def test_an_odd_patch_is_left_out(textures: Floats, layout: Layout) -> None:
    """A dark patch on one face, though it counts as known, does not come back, though there are components to spare for it."""
    patch = np.zeros((SIDE, SIDE), np.float32)
    patch[80:115, 80:115] = 1
    there = layout.weights(patch) == 1
    spoiled = textures.copy()
    spoiled[7, there] -= 70
    found = components.learn(spoiled, np.ones_like(textures), layout, RANK + 3)
    assert np.abs(said(found)[7, there] - textures[7, there]).mean() < 25
