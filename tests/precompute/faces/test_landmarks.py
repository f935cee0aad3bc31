"""A mesh is believed where model and detector agree; else other looks are taken, and at last a stiff head."""

import numpy as np
import numpy.typing as npt
import pytest

from precompute import describe
from precompute import faces
from precompute import landmarks
from precompute.detect import YuNet
from precompute.landmarks import FaceMesh
from precompute.landmarks import Mesh
from precompute.models import ModelStore
from precompute.session import Session
from precompute.settings import FacesConfig
from tests.precompute.faces import shapes
from tests.precompute.faces.shapes import Answers

Pixels = npt.NDArray[np.uint8]

BOX = np.array([30, 27, 100, 126], np.float32)  # of the made mesh


def seen(points: shapes.Floats, logit: float) -> Answers:
    """A session that finds the mesh at the same place of every crop, with this presence before the sigmoid."""
    crop = points - np.array([*points[:, :2].mean(0), 0], np.float32) + np.array([96, 96, 0], np.float32)
    return Answers(landmarks=crop.reshape(1, 1, 1, -1), presence_logit=np.array([[[[logit]]]], np.float32))


def test_a_mesh_on_the_box_and_the_points_is_trusted_as_its_presence() -> None:
    """Where everything agrees, trust is presence."""
    mesh = shapes.mesh()
    assert landmarks.trust(Mesh(mesh, 0.7), landmarks.five(mesh)[:, :2], BOX) == pytest.approx(0.7)


@pytest.mark.parametrize(
    ("shift", "scale"), [((40, 0), 1.0), ((0, -45), 1.0), ((0, 0), 0.5), ((0, 0), 2.0)], ids=["beside", "above", "small", "large"]
)
def test_a_mesh_far_from_the_box_is_refused(shift: tuple[float, float], scale: float) -> None:
    """However sure the model is: it may have seen a neighbour."""
    mesh = shapes.mesh(100 * scale, (80 + shift[0], 90 + shift[1]))
    assert not landmarks.lies_on(mesh, BOX)
    assert landmarks.trust(Mesh(mesh, 1.0), landmarks.five(mesh)[:, :2], BOX) == 0


def test_a_mesh_far_from_the_five_points_is_refused() -> None:
    """A mesh that is upside down lies on the box, but not on the points."""
    mesh = shapes.mesh()
    points = landmarks.five(mesh)[:, :2]
    points[:, 1] = 180 - points[:, 1]
    assert landmarks.lies_on(mesh, BOX)
    assert landmarks.trust(Mesh(mesh, 1.0), points, BOX) == 0


def test_where_the_model_sees_no_face_a_stiff_head_lies_on_the_points() -> None:
    """Its points are the detector's, and it says what it is."""
    points = landmarks.five(shapes.mesh())[:, :2]
    fitted = FaceMesh(seen(shapes.mesh(), -9.0)).fit(np.zeros((200, 200, 3), np.uint8), points, BOX)  # type: ignore[arg-type]
    assert (fitted.stiff, fitted.presence) == (True, 0.0)
    assert landmarks.miss(fitted.points, points) < 0.05


@pytest.mark.parametrize("side", [128, 192])
def test_the_crop_is_as_large_as_the_model_takes_it(side: int) -> None:
    """What it says in the pixels of its crop comes out in those of the picture, whatever the crop's size."""
    mesh = shapes.mesh()
    own = np.full((478, 3), side / 2, np.float32)
    own[:, 0] = np.linspace(0, side, 478)
    session = Answers(side, landmarks=own.reshape(1, 1, 1, -1), presence_logit=np.zeros((1, 1, 1, 1), np.float32))
    points = landmarks.five(mesh)[:, :2]
    square = landmarks.square_of_points(points)
    found = FaceMesh(session).look(np.zeros((200, 200, 3), np.uint8), square).points  # type: ignore[arg-type]
    assert {blob.shape for blob in session.blobs} == {(1, side, side, 3)}
    eyes = points[1] - points[0]
    span = 3.07 * max(float(np.hypot(*eyes)), float(np.hypot(*(points[3:].mean(0) - points[:2].mean(0)))))
    assert np.ptp(found[:, 0]) == pytest.approx(span, rel=1e-3)


@pytest.mark.parametrize(
    ("score", "yaw", "reason"),
    [
        (0.65, 70, "not clearly a face"), (0.85, 70, None), (0.85, -70, None), (0.95, 10, "not clearly a face"),
        (0.85, 80, "turned too far"),
    ],
    ids=["doubtful", "right", "left", "hidden", "from behind"],
)  # fmt: skip
def test_a_stiff_head_counts_where_the_detector_is_certain_of_a_profile(score: float, yaw: float, reason: str | None) -> None:
    """Presence says nothing of it; the detector's score and the turn do."""
    mesh = Mesh(shapes.mesh(), 0.0, stiff=True)
    assert faces.unfit(mesh, describe.Pose(yaw, 0, 0), 100, score, (200, 200), FacesConfig()) == reason


def test_an_enlarged_mesh_keeps_its_middle_and_its_shape() -> None:
    """Every point is as much farther from the middle as asked for."""
    mesh = shapes.mesh()
    same, larger = landmarks.enlarged(mesh, (1.0, 1.25))
    np.testing.assert_allclose(same, mesh, atol=1e-4)
    np.testing.assert_allclose(larger[:468].mean(0), mesh[:468].mean(0), atol=1e-3)
    assert landmarks.width(larger) == pytest.approx(1.25 * landmarks.width(mesh), rel=1e-4)


def test_every_face_of_a_photo_has_a_mesh_that_the_model_saw(
    permissive: FacesConfig, store: ModelStore, group_photo: Pixels
) -> None:
    """On all six, the one that looks aside too, the mesh lies on the points and the box."""
    model = FaceMesh(Session(store.path(permissive.landmarks), "cpu"))
    found = YuNet(Session(store.path(permissive.detector), "cpu"), 0.6).find(group_photo, (1600,))
    for points, box in zip(found.points, found.boxes, strict=True):
        mesh = model.fit(group_photo, points, box)
        assert not mesh.stiff
        assert landmarks.trust(mesh, points, box) > 0.2
