"""The recipe of the dense mesh: crops, looks past faces, batches, the network, its loss, and weights that keep the contract."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
import pytest

torch = pytest.importorskip("torch", reason="training needs the extra: pip install 'mfmc-edge[train]'")
pytest.importorskip("onnx", reason="training needs the extra: pip install 'mfmc-edge[train]'")

from precompute import landmarks  # noqa: E402
from precompute.landmarks import FaceMesh  # noqa: E402
from precompute.models import ModelStore  # noqa: E402
from precompute.swap import warp  # noqa: E402
from precompute.training import export  # noqa: E402
from precompute.training import learning  # noqa: E402
from precompute.training.booth import pool  # noqa: E402
from precompute.training.mesh import batches  # noqa: E402
from precompute.training.mesh import crops  # noqa: E402
from precompute.training.mesh import judging  # noqa: E402
from precompute.training.mesh import looks  # noqa: E402
from precompute.training.mesh import recipe  # noqa: E402
from precompute.training.mesh.looks import Looks  # noqa: E402
from precompute.training.mesh.network import POINTS  # noqa: E402
from precompute.training.mesh.network import SIDE  # noqa: E402
from precompute.training.mesh.network import Net  # noqa: E402
from tests.precompute.faces import shapes  # noqa: E402
from tests.precompute.training.booth import people  # noqa: E402

TWIN = np.arange(POINTS)
CORNERS = warp.triangles(warp.ringed(shapes.mesh()))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A pool of a few shots with dots."""
    return people.fill(tmp_path)


@pytest.fixture
def past() -> Looks:
    """Looks at noise, of which the teacher said always the same."""
    rng = np.random.default_rng(0)
    meshes = np.repeat(shapes.mesh(0.6, (0.5, 0.5))[None], 12, 0)
    return Looks(rng.integers(0, 256, (12, SIDE, SIDE, 3), np.uint8), meshes, np.full(12, 0.01, np.float32), meshes[0])


def teacher(mesh: npt.NDArray[np.float32], logit: float = 1.0) -> FaceMesh:
    """A model that says this mesh of whatever it is shown."""
    return FaceMesh(shapes.Answers(landmarks=mesh.reshape(1, -1), presence_logit=np.float32([logit])))  # type: ignore[arg-type]


def test_a_crop_keeps_the_points_on_what_they_showed(folder: Path) -> None:
    """However it is turned, sized, shifted and mirrored."""
    shots, rng = pool.judges(folder), np.random.default_rng(0)
    for i in range(len(shots)):
        crop = crops.taken(shots.pixels(i), shots.meshes[i], batches.near(shots, i, rng))
        assert crop.pixels.shape == (SIDE, SIDE, 3)
        for each in (crop, crops.mirrored(crop, TWIN)):
            places = each.mesh[list(people.DOTS)] * SIDE
            assert (people.bright(each.pixels, places) > 90).all()


def test_a_square_holds_the_face_with_a_margin() -> None:
    """Half as large again as the mesh; from five points it is about the same."""
    mesh = shapes.mesh(100, (300, 200))
    for matrix in (crops.square(mesh), crops.square(mesh, landmarks.five(mesh)[:, :2])):
        inside = crops.taken(np.zeros((8, 8, 3), np.uint8), mesh, matrix).mesh[:, :2]
        assert inside.min() > 0.03
        assert inside.max() < 0.97
        assert 0.5 < (inside.max(0) - inside.min(0)).max() < 0.84


def test_moved_crops_are_moved_as_far_as_asked() -> None:
    """A shift in sides; a turn and a size about the middle."""
    matrix = crops.square(shapes.mesh())
    place = np.array([90.0, 100.0, 1.0])
    np.testing.assert_allclose(crops.placed(matrix, np.zeros(2), 0, 0), matrix)
    shifted = crops.placed(matrix, np.array([0.25, -0.5]), 0, 0)
    np.testing.assert_allclose((shifted - matrix) @ place, [0.25 * SIDE, -0.5 * SIDE])
    turned = crops.placed(matrix, np.zeros(2), np.log(2), np.pi / 2)
    half = np.full(2, SIDE / 2)
    one, other = matrix @ place - half, turned @ place - half
    np.testing.assert_allclose(np.linalg.norm(other), 2 * np.linalg.norm(one))
    np.testing.assert_allclose(np.linalg.det(turned[:, :2]), 4 * np.linalg.det(matrix[:, :2]))
    assert abs(one @ other) < 1e-6 * max(1, float(one @ one))


def test_the_teacher_is_asked_once_and_its_looks_are_kept(folder: Path) -> None:
    """A second time they come from the file; points are in sides of the crop and the mean is what it says of gray."""
    shots, file = pool.Growing(folder).shots(), folder / "looks" / "looks.npz"
    mean = shapes.mesh(100, (96, 96))
    made = looks.kept(file, shots, teacher(mean), CORNERS, 20, seed=0)
    again = looks.kept(file, shots, None, CORNERS, 20, seed=0)  # type: ignore[arg-type]
    assert len(made) == len(again) == 20
    np.testing.assert_array_equal(made.pixels, again.pixels)
    np.testing.assert_allclose(made.mean, mean / landmarks.SIDE, atol=1e-6)
    # Whatever the crop is, the teacher's answer lies at the same place of it.
    np.testing.assert_allclose(made.meshes, np.repeat(made.mean[None], 20, 0), atol=1e-3)
    np.testing.assert_allclose(made.presence, 1 / (1 + np.exp(-1)), rtol=1e-5)


@pytest.mark.parametrize("kind", range(len(looks.KINDS)))
def test_every_kind_of_look_shows_a_picture(folder: Path, monkeypatch: pytest.MonkeyPatch, kind: int) -> None:
    """Pictures of the shot's size, and squares of a sensible size."""
    monkeypatch.setattr(looks, "KINDS", tuple(float(kind == other) for other in range(len(looks.KINDS))))
    for pixels, matrix in looks.views(pool.judges(folder), CORNERS, 8, np.random.default_rng(0)):
        assert pixels.shape == (208, 208, 3)
        assert pixels.dtype == np.uint8
        assert matrix.shape == (2, 3)
        assert 0.1 < np.hypot(*matrix[:, 0]) < 20


def test_nobody_is_in_a_plain_colour_whatever_the_teacher_says(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Noise and pieces of a face have the presence that the teacher gives them."""
    monkeypatch.setattr(looks, "KINDS", (0, 0, 0, 0, 0, 1, 0))
    made = looks.make(pool.judges(folder), teacher(shapes.mesh(100, (96, 96))), CORNERS, 20, np.random.default_rng(0))
    plain = made.pixels.reshape(20, -1, 3).std(1).max(1) == 0
    assert 0 < plain.sum() < 20
    assert (made.presence[plain] == 0).all()
    assert (made.presence[~plain] > 0.5).all()


def test_a_head_is_turned_aside_where_its_mesh_says(folder: Path) -> None:
    """Dots that can still be seen are on the points of the turned mesh."""
    shots, rng, hits = pool.judges(folder), np.random.default_rng(0), []
    for i in range(10):
        drawn, target = looks.aside(shots.pixels(i), shots.meshes[i], CORNERS, rng)
        hits += list(people.bright(drawn, target[list(people.DOTS)], 3) > 90)
        assert np.abs(target[:, 0] - shots.meshes[i][:, 0]).max() > 5
    assert np.mean(hits) > 0.5


def test_the_last_of_a_batch_is_gray_and_says_the_mean_face(folder: Path, past: Looks) -> None:
    """Its mesh counts though nobody is there; others' meshes count where the teacher saw a face."""
    crop, mesh, presence, counts = next(batches.endless(pool.Growing(folder), past, TWIN, 20, np.random.default_rng(0)))
    assert crop.shape == (20, SIDE, SIDE, 3)
    assert mesh.shape == (20, POINTS, 3)
    assert float(crop.min()) >= 0
    assert float(crop.max()) <= 1
    assert set(np.unique(crop[-1])) == {np.float32(landmarks.GRAY / 255)}
    np.testing.assert_array_equal(mesh[-1], past.mean)
    np.testing.assert_array_equal(counts[:-1].numpy() > 0, presence[:-1].numpy() > batches.BELIEVED)
    assert (float(presence[-1]), float(counts[-1])) == (0, 1)
    assert 0 < float(counts[:-1].mean()) < 1


def test_a_network_begins_at_the_mean_of_the_meshes() -> None:
    """Without anything seen it says their mean, in pixels of the crop; what is left of it afterwards are ways meshes differ."""
    rng = np.random.default_rng(0)
    meshes = np.stack([shapes.mesh(rng.uniform(0.5, 0.7), (0.5, 0.5)) for _ in range(120)])
    network = Net().eval()
    network.begin(meshes)
    with torch.no_grad():
        network.ways.weight.zero_()
        network.ways.bias.zero_()
        said, logit = network(torch.rand(2, SIDE, SIDE, 3))
    assert logit.shape == (2, 1)
    np.testing.assert_allclose(said.reshape(2, POINTS, 3)[1], meshes.mean(0) * SIDE, atol=1e-3)


def test_an_untrained_network_keeps_the_contract(tmp_path: Path) -> None:
    """One RGB picture in NHWC; 1434 numbers and a logit, by the names that the runtime asks for; as torch says them."""
    torch.manual_seed(0)
    network, file = Net(), tmp_path / "mesh.onnx"
    network.begin(np.repeat(shapes.mesh(0.6, (0.5, 0.5))[None], 100, 0))
    crop = torch.rand(1, SIDE, SIDE, 3)
    export.write(network, crop, recipe.NAMES, file)
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    assert session.get_inputs()[0].shape == [1, SIDE, SIDE, 3]
    said = dict(zip([each.name for each in session.get_outputs()], session.run(None, {"image": crop.numpy()}), strict=True))
    assert said["landmarks"].size == 1434
    assert said["presence_logit"].size == 1
    assert export.agrees(network, crop, file) < 2e-3
    assert file.stat().st_size < 3e6


def test_the_loss_counts_meshes_that_are_believed_and_presence_always() -> None:
    """Nothing is lost on the teacher's own words but their entropy; lids weigh more than cheeks."""
    wanted = torch.from_numpy(np.stack([shapes.mesh(0.6, (0.5, 0.5))] * 2))
    sure, counts = torch.tensor([1.0, 0.0]), torch.tensor([1.0, 0.0])
    logits = torch.tensor([[30.0], [-30.0]])

    def lost(points: "torch.Tensor", said: "torch.Tensor" = logits) -> float:
        return float(recipe.loss((points.flatten(1) * SIDE, said), (wanted, wanted, sure, counts)))

    assert lost(wanted) == pytest.approx(0, abs=1e-6)
    off = wanted.clone()
    off[1] += 0.3
    assert lost(off) == pytest.approx(0, abs=1e-6)
    lid, cheek = wanted.clone(), wanted.clone()
    lid[0, landmarks.LIDS[0]] += 0.1
    cheek[0, 50] += 0.1
    assert lost(lid) == pytest.approx(2 * lost(cheek), rel=0.05)
    assert lost(wanted, -logits) > 1


def test_figures_of_one_who_says_what_the_teacher_says(folder: Path) -> None:
    """No error in any group that is there, and presence on the same side of every bar; one who says nothing is off."""
    shots = pool.judges(folder)
    given = batches.judging(shots)

    class Parrot(torch.nn.Module):
        def forward(self, crop: "torch.Tensor") -> "tuple[torch.Tensor, torch.Tensor]":
            _, wanted, presence, _ = next(given)
            return wanted.flatten(1) * SIDE, torch.logit(presence)[:, None]

    found = judging.figures(Parrot(), shots)
    assert found["error"] == pytest.approx(0, abs=1e-5)
    assert {"error, female", "error, male", "error, 18 to 29", "error, yaw to 20 degrees"} <= found.keys()
    assert found["same side of presence 0.4"] == 1
    assert found["presence off by"] == pytest.approx(0, abs=1e-5)
    network = Net().eval()
    assert judging.error(network, shots) > 0.1


def test_a_short_training_keeps_weights(
    folder: Path, tmp_path: Path, past: Looks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is there, can be gone on from and be judged; the teacher is only asked for looks."""
    monkeypatch.setattr(looks, "kept", lambda *_: past)
    monkeypatch.setattr(recipe, "_teacher", lambda *_: None)
    monkeypatch.setattr(recipe, "BATCH", 16)
    monkeypatch.setattr(recipe, "BEGINNING", 120)
    monkeypatch.setattr(learning, "JUDGED", 0)
    file, store = tmp_path / "mesh.onnx", ModelStore()
    first = recipe.train(folder, file, store, minutes=0.005)
    assert recipe.judged(folder, file)["error"] == pytest.approx(first, rel=0.05)
    assert np.isfinite(recipe.train(folder, file, store, minutes=0.005, start=file))
