"""The lines that a new recogniser needs in models.toml come from pictures of known people, at several sizes."""

import tomllib
from pathlib import Path

import numpy as np
import pytest

from precompute.errors import NotCalibrated
from precompute.models import ModelStore
from precompute.training import thresholds
from tests.precompute.test_command_calibrate import equipment
from tests.precompute.test_verification import Brightness
from tests.precompute.test_verification import put


def test_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table for each, with a higher similarity for suggesting than for being somebody else."""
    monkeypatch.setattr(thresholds.equipment, "load", equipment)
    monkeypatch.setattr(thresholds, "FAR", 5e-2)
    monkeypatch.setattr(thresholds, "SUGGEST_FAR", 5e-3)
    levels = np.random.default_rng(0).integers(20, 250, (70, 2)).tolist()
    put(tmp_path / "people", **{f"p{i:02}": pair for i, pair in enumerate(levels)})
    said = tomllib.loads("\n".join(thresholds.lines(tmp_path / "people", ["one", "other"], ModelStore(tmp_path, environ={}))))
    assert set(said) == {"one", "other"}
    assert all(entry["threshold"] <= entry["suggest"] <= 1 for entry in said.values())


def test_most() -> None:
    """Of all pairs of different people, so many are as alike as what is found; pictures of one person do not count."""
    rng, people = np.random.default_rng(0), np.repeat(np.arange(1000), 2)
    first = rng.normal(size=(2000, 16)).astype(np.float32)
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    found = thresholds.most(first, first, people)
    alike = first @ first.T
    pairs = alike[np.triu(people[:, None] < people[None])]
    assert (pairs >= found).sum() == int(len(pairs) * 1e-5)
    with pytest.raises(NotCalibrated, match="are needed"):
        thresholds.most(first[:20], first[:20], people[:20])


@pytest.mark.parametrize("factor", thresholds.SMALLER)
def test_smaller(factor: float) -> None:
    """The points move with the picture, so that a recogniser looks at the same face."""
    seen = []

    class Watching(Brightness):
        def embed(self, pixels: thresholds.Pixels, points: thresholds.Floats) -> thresholds.Floats:
            seen.append((pixels.shape, points))
            return points

    thresholds.Smaller(Watching(), factor).embed(np.zeros((200, 100, 3), np.uint8), np.full((1, 5, 2), 40, np.float32))
    ((shape, points),) = seen
    assert shape == (round(200 * factor), round(100 * factor), 3)
    np.testing.assert_allclose(points, 40 * factor, rtol=1e-6)
