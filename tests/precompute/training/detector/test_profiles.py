"""Heads turned into profiles: the face's points go where the mesh goes, before a skull that lies behind them."""

import numpy as np
import pytest

from precompute import landmarks
from precompute.models import ModelStore
from precompute.swap import warp
from precompute.training.detector import profiles
from precompute.training.detector.portraits import SIDE
from tests.precompute.training.detector import made


class Stiff:
    """Sees a mean face of some width in the middle of every picture."""

    def __init__(self, mesh: np.ndarray) -> None:
        self.mesh = mesh

    def fit(self, *_: object) -> landmarks.Mesh:
        """That face."""
        return landmarks.Mesh(self.mesh, 1.0)


@pytest.fixture(scope="module")
def mesh() -> np.ndarray:
    """The face model's reference, 100 px wide, in the middle of a portrait."""
    from precompute.facemodel import weights

    reference = weights.load(ModelStore().path("face-model")).reference
    scaled = reference * (100 / landmarks.width(reference))
    scaled[:, :2] += SIDE / 2 - scaled[: landmarks.POINTS, :2].mean(0)
    return np.asarray(scaled, np.float32)


def turned(mesh: np.ndarray, degrees: float) -> tuple[np.ndarray, np.ndarray]:
    """A portrait of a blue face before gray, turned."""
    pixels = np.full((SIDE, SIDE, 3), 90, np.uint8)
    pixels[:, :] = (90, 90, 90)
    low, high = mesh[:, :2].min(0).astype(int), mesh[:, :2].max(0).astype(int)
    pixels[low[1] : high[1], low[0] : high[0]] = (255, 0, 0)
    turning = profiles.Turning(Stiff(mesh), warp.triangles(mesh))  # type: ignore[arg-type]
    return turning.turned(pixels, made.BOX, made.POINTS, degrees, np.random.default_rng(0))


@pytest.mark.parametrize("degrees", [-85.0, -60.0, 60.0, 85.0])
def test_the_face_looks_the_way_it_is_turned(mesh: np.ndarray, degrees: float) -> None:
    """The face is narrower than before, on the side that it looks to, and the head reaches far to the other."""
    drawn, cut = turned(mesh, degrees)
    face = drawn[:, :, 0].astype(int) - drawn[:, :, 2] > 100
    head = cut > 128
    rows = slice(SIDE // 2 - 20, SIDE // 2 + 20)
    columns, behind = (np.flatnonzero(each[rows].any(0)) for each in (face, head))
    assert columns.size
    assert (columns.mean() > behind.mean()) == (degrees > 0)
    assert behind.size > 80


def test_what_is_cut_out_is_head_and_neck(mesh: np.ndarray) -> None:
    """All of the face is cut out, the upper corners are not, and the neck reaches the lower edge."""
    drawn, cut = turned(mesh, 70)
    face = drawn[:, :, 0].astype(int) - drawn[:, :, 2] > 200
    assert (cut[face] > 100).mean() > 0.98
    assert not cut[:10].any()
    assert (cut[-1] > 128).any()
