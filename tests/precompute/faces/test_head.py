"""A stiff head lies on five points, whichever way they are turned."""

import numpy as np
import pytest

from precompute import describe
from precompute import landmarks
from precompute.head import Head
from precompute.head import turn
from tests.precompute.faces import shapes


@pytest.fixture
def head() -> Head:
    mean = solid()
    return Head(mean, landmarks.five(mean))


def solid() -> shapes.Floats:
    """A made mesh whose nose stands out, as one of a head."""
    mean = shapes.mesh(1, (0, 0))
    mean[1, 2] -= 0.3
    return mean


@pytest.mark.parametrize("yaw", [-68, -32, 0, 16, 68], ids=str)
@pytest.mark.parametrize("roll", [0, 25], ids=str)
def test_a_turned_head_is_found_from_its_five_points(yaw: float, roll: float, head: Head) -> None:
    """Of a mesh that was turned, rolled, enlarged and moved, five points give back every point."""
    angle = np.radians(roll)
    rolled = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    true = solid() @ (rolled @ turn(yaw, -6)).T * 120 + [300, 200, 0]
    found = head.on(landmarks.five(true.astype(np.float32))[:, :2])
    assert np.abs(found[:, :2] - true[:, :2]).max() < 6
    assert np.sign(describe.pose(found).yaw) == np.sign(yaw) or abs(yaw) < 4


def test_points_behind_a_full_profile_give_the_farthest_turn(head: Head) -> None:
    """A head that looks to the side entirely is laid on as if it looked as far aside as the limit, on the right spot."""
    true = (solid() @ turn(90, 0).T * 100 + [300, 200, 0]).astype(np.float32)
    found = head.on(landmarks.five(true)[:, :2])
    assert 60 < abs(describe.pose(found).yaw) < 76
    assert landmarks.miss(found, landmarks.five(true)[:, :2]) < landmarks.AGREE_SHARE


def test_points_that_coincide_give_finite_numbers(head: Head) -> None:
    """A detector that puts all five on one spot breaks nothing."""
    assert np.isfinite(head.on(np.full((5, 2), 30, np.float32))).all()
