"""The network learns what the labels say, and its file says the same as it does, to the contract that ``YuNet`` reads."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")

from precompute.detect import YuNet  # noqa: E402
from precompute.errors import PrecomputeError  # noqa: E402
from precompute.session import Session  # noqa: E402
from precompute.training.detector import batches  # noqa: E402
from precompute.training.detector import export  # noqa: E402
from precompute.training.detector import recipe  # noqa: E402
from precompute.training.detector import scoring  # noqa: E402
from precompute.training.detector.labels import IGNORED  # noqa: E402
from precompute.training.detector.labels import MOST  # noqa: E402
from precompute.training.detector.labels import NOBODY  # noqa: E402
from precompute.training.detector.losses import Loss  # noqa: E402
from precompute.training.detector.losses import apartness  # noqa: E402
from precompute.training.detector.network import KINDS  # noqa: E402
from precompute.training.detector.network import Network  # noqa: E402
from precompute.training.detector.network import rows  # noqa: E402
from precompute.training.detector.pool import SIDE  # noqa: E402
from precompute.training.detector.teacher import STRIDES  # noqa: E402
from precompute.training.detector.teacher import Teacher  # noqa: E402
from precompute.training.detector.teacher import grid  # noqa: E402


@pytest.fixture(scope="module")
def network() -> Network:
    """Untrained, with the statistics of a few noisy pictures, and bold: it sees faces in many places."""
    torch.manual_seed(3)
    made = Network().train()
    with torch.no_grad():
        made(torch.rand(4, 3, 64, 64) * 255)
        for head in made.heads:
            head[1][1].weight[:2] *= 50
            head[1][1].bias[:2] += 6
    return made.eval()


@pytest.fixture(scope="module")
def file(network: Network, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("weights") / "made.onnx"
    export.save(network, place)
    return place


@pytest.mark.parametrize(("h", "w"), [(32, 32), (96, 160), (256, 64)])
def test_the_file_says_what_the_network_says(network: Network, file: Path, h: int, w: int) -> None:
    """All twelve outputs of the contract, for pictures of any shape, equal to a millionth."""
    pixels = np.random.default_rng(0).uniform(0, 255, (1, 3, h, w)).astype(np.float32)
    with torch.no_grad():
        said = rows(network(torch.from_numpy(pixels)))[0]
    said[:, :2] = said[:, :2].sigmoid()
    out = Session(file, "cpu", 1).run(pixels)
    assert set(out) == {f"{kind}_{stride}" for kind in KINDS for stride in STRIDES}
    whole = np.concatenate([np.concatenate([out[f"{kind}_{s}"][0] for kind in KINDS], 1) for s in STRIDES])
    assert whole.shape == (sum(h // s * (w // s) for s in STRIDES), 16)
    assert np.allclose(whole, said.numpy(), atol=1e-5)


def test_the_product_and_the_recipe_find_the_same_faces(network: Network, file: Path) -> None:
    """``YuNet`` over the file, the teacher's reading of it and the recipe's of the network agree."""
    pixels = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)
    found = YuNet(Session(file, "cpu", 1), 0.6).find(pixels, (640,))
    assert len(found) > 0
    for other in (Teacher(Session(file, "cpu", 1)).find(pixels, 0.6), scoring.detections(network, pixels)):
        assert np.allclose(found.boxes, other.boxes, atol=1e-3)
        assert np.allclose(found.points, other.points, atol=1e-3)
        assert np.allclose(found.scores, other.scores, atol=1e-5)


def test_training_goes_on_from_the_file(network: Network, file: Path) -> None:
    """What is read back is what was written, statistics included."""
    again = export.load(file).state_dict()
    for name, value in network.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            assert torch.allclose(again[name], value, rtol=1e-6), name


def test_another_network_is_refused(tmp_path: Path) -> None:
    """With a sentence that says what to do."""
    whole = onnx.helper.make_model(onnx.helper.make_graph([], "other", [], [], []))
    (tmp_path / "other.onnx").write_bytes(whole.SerializeToString())
    with pytest.raises(PrecomputeError, match="start without --from"):
        export.load(tmp_path / "other.onnx")


def wanted(cell: int, box: list[float]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Labels of one picture of 64 px: a face in one cell, everything else nobody's."""
    count = len(grid(64)[1])
    scores, whose, faces = torch.zeros(1, count), torch.full((1, count), NOBODY), torch.zeros(1, MOST, 14)
    scores[0, cell], whose[0, cell] = 0.9, 0
    faces[0, 0] = torch.tensor([*box, *(box[k % 2] + box[2 + k % 2] * 0.1 * k for k in range(10))])
    return scores, whose, faces


def test_what_is_right_costs_nothing_and_what_is_wrong_does() -> None:
    """The outputs that mean the label's box and points have no loss there; a box beside it has."""
    cell, box = 3 * 8 + 3, [20.0, 22.0, 16.0, 20.0]
    scores, whose, faces = wanted(cell, box)
    out = torch.zeros(1, len(grid(64)[1]), 16)
    out[..., :2] = -20
    out[0, cell, :2] = float(np.log(0.9 / 0.1))
    out[0, cell, 2:4] = torch.tensor([(20 + 8) / 8 - 3, (22 + 10) / 8 - 3])
    out[0, cell, 4:6] = torch.log(torch.tensor([16 / 8, 20 / 8]))
    out[0, cell, 6:] = faces[0, 0, 4:] / 8 - 3
    loss = Loss(64, torch.device("cpu"))
    assert max(float(part) for part in loss(out, scores, whose, faces)) < 1e-5
    out[0, cell, 2] += 1
    out[0, cell, 6] += 1
    said, boxes, points = loss(out, scores, whose, faces)
    assert float(said) < 1e-5
    assert float(boxes) > 0.1
    assert float(points) > 0.01


def test_cells_that_are_ignored_teach_nothing() -> None:
    """Their scores have no gradient; those of other cells have."""
    scores, whose, faces = wanted(27, [20, 22, 16, 20])
    whose[0, 5] = IGNORED
    out = torch.zeros(1, len(grid(64)[1]), 16, requires_grad=True)
    torch.stack(Loss(64, torch.device("cpu"))(out, scores, whose, faces)).sum().backward()
    assert out.grad is not None
    assert (out.grad[0, 5] == 0).all()
    assert (out.grad[0, 6, :2] != 0).all()


def test_boxes_far_apart_are_worse_than_boxes_side_by_side() -> None:
    """So that there is a way back from anywhere."""
    box = torch.tensor([[0.0, 0, 10, 10]])
    same, near, far = (float(apartness(box, torch.tensor([[x, 0.0, 10, 10]]))[0]) for x in (0, 12, 60))
    assert same == pytest.approx(0, abs=1e-6)
    assert 1 < near < far < 2


def test_mirrored_labels_are_those_of_the_mirrored_picture() -> None:
    """A cell's value moves to the other side of its row; boxes and points to where they are seen in a mirror."""
    cells = torch.arange(sum((SIDE // s) ** 2 for s in STRIDES))[None]
    turned = batches.mirrored_cells(cells)[0]
    assert turned[0] == SIDE // 8 - 1
    assert turned[-1] == cells[0, -(SIDE // 32)]
    assert (batches.mirrored_cells(turned[None]) == cells).all()
    face = torch.tensor([[[10.0, 20, 30, 40, *range(10)]]])
    there = batches.mirrored(face)
    assert there[0, 0, :4].tolist() == [SIDE - 40, 20, 30, 40]
    assert there[0, 0, 4:6].tolist() == [SIDE - 2, 3]
    assert torch.equal(batches.mirrored(there), face)


def test_the_mean_follows_the_network() -> None:
    """A running mean moves by its share of the way, weights and statistics alike."""
    mean, now = Network(), Network()
    before = mean.first.weight.detach().clone()
    recipe.follow(mean, now, 0.75)
    assert torch.allclose(mean.first.weight, before * 0.75 + now.first.weight * 0.25)


def test_the_rate_rises_and_falls() -> None:
    """Small at first, full after warming up, small at the end."""
    assert recipe.rate(0, 0.0) < 0.01 * recipe.RATE
    assert recipe.rate(10_000, 0.0) == pytest.approx(recipe.RATE)
    assert recipe.rate(10_000, 1.0) == pytest.approx(0.01 * recipe.RATE)
