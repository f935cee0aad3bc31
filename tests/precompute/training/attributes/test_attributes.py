"""The recipe of gender and age: crops, batches, the network, its loss, and weights that keep the contract."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

torch = pytest.importorskip("torch", reason="training needs the extra: pip install 'mfmc-edge[train]'")
pytest.importorskip("onnx", reason="training needs the extra: pip install 'mfmc-edge[train]'")

from precompute.training import export  # noqa: E402
from precompute.training import learning  # noqa: E402
from precompute.training.attributes import batches  # noqa: E402
from precompute.training.attributes import judging  # noqa: E402
from precompute.training.attributes import recipe  # noqa: E402
from precompute.training.attributes.network import SIDE  # noqa: E402
from precompute.training.attributes.network import Net  # noqa: E402
from precompute.training.booth import pool  # noqa: E402
from precompute.training.booth import teachers  # noqa: E402
from tests.precompute.training.booth import people  # noqa: E402


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A pool of a few shots, every other one female, of 20 to 58 years."""
    return people.fill(tmp_path)


def test_a_crop_is_a_detectors_box_and_a_tenth(folder: Path) -> None:
    """What is at the middle of such a box is in the middle, and its long side takes 1 / 1.1 of the crop."""
    shots = pool.judges(folder)
    for i in range(len(shots)):
        x, y, w, h = teachers.box(shots.meshes[i])
        side = batches.TALLER * max(w, h)
        middle = [x + w / 2, y + h / 2 - side * batches.HIGHER / batches.TALLER]
        places = (shots.meshes[i][list(people.DOTS), :2] - middle) / (1.1 * side) + 0.5
        assert (people.bright(batches.taken(shots, i), places * SIDE) > 90).all()


def test_shaken_crops_differ_but_not_by_much(folder: Path) -> None:
    """Every one is another, and the face stays in it."""
    shots, rng = pool.judges(folder), np.random.default_rng(0)
    made = [batches.taken(shots, 0, rng) for _ in range(12)]
    assert len({each.tobytes() for each in made}) == 12
    plain = (batches.taken(shots, 0) > 120).sum()
    assert all(0.4 * plain < (each > 120).sum() < 2.5 * plain for each in made)


def test_rare_ages_are_shown_more_often_than_they_are_there() -> None:
    """But not as often as frequent ones; each of one age as often as another of it."""
    years = np.array([24.0] * 90 + [61.0] * 10, np.float32)
    often = batches.shares(years)
    assert often.sum() == pytest.approx(1)
    assert len({*often[:90]}) == len({*often[90:]}) == 1
    assert 0.1 < often[90:].sum() < 0.5


def test_a_batch_has_what_the_teacher_tells(folder: Path) -> None:
    """Probability of female, and age in centuries."""
    growing = pool.Growing(folder)
    crops, told = next(batches.endless(growing, 16, np.random.default_rng(0)))
    assert crops.shape == (16, 3, SIDE, SIDE)
    assert 1 < float(crops.max()) <= 255
    assert set(np.unique(told[:, 0])) <= {0.0, 1.0}
    assert 0.199 < float(told[:, 1].min()) < float(told[:, 1].max()) < 0.581
    judged = torch.cat([each for _, each in batches.judging(pool.judges(folder), size=7)])
    np.testing.assert_allclose(judged * torch.tensor([1, 100]), pool.judges(folder).told, rtol=1e-5)


def test_an_untrained_network_keeps_the_contract(tmp_path: Path) -> None:
    """Any number of BGR crops; two probabilities that sum to 1 and an age, by the names that the runtime asks for."""
    torch.manual_seed(0)
    network, file, crops = Net(), tmp_path / "attributes.onnx", torch.rand(5, 3, SIDE, SIDE) * 255
    export.write(network, crops[:1], recipe.NAMES, file, dynamic={0: "n"})
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    assert session.get_inputs()[0].shape == ["n", 3, SIDE, SIDE]
    said = dict(zip([each.name for each in session.get_outputs()], session.run(None, {"data": crops.numpy()}), strict=True))
    assert said["prob_female_male"].shape == (5, 2)
    np.testing.assert_allclose(said["prob_female_male"].sum(1), 1, rtol=1e-5)
    assert said["age_div100"].size == 5
    assert export.agrees(network, crops, file) < 2e-3
    assert file.stat().st_size < 1.5e6


def test_the_loss_is_least_for_what_the_teacher_tells() -> None:
    """And grows with either of the two."""
    wanted = torch.tensor([[0.9, 0.3], [0.2, 0.5]])

    def lost(female: list[float], centuries: list[float]) -> float:
        probabilities = torch.tensor([[each, 1 - each] for each in female])
        return float(recipe.loss((probabilities, torch.tensor(centuries)[:, None]), (torch.zeros(2), wanted)))

    least = lost([0.9, 0.2], [0.3, 0.5])
    assert lost([0.8, 0.2], [0.3, 0.5]) > least
    assert lost([0.9, 0.2], [0.3, 0.6]) == pytest.approx(least + recipe.AGES * 0.05)


def test_agreement_is_counted_by_what_the_teacher_says() -> None:
    """Gender by the likelier, sure from a probability on; age groups next to each other agree."""
    teacher = np.array([[0.95, 25], [0.9, 50], [0.55, 70], [0.1, 40]], np.float32)
    own = np.array([[0.6, 32], [0.3, 28], [0.4, 66], [0.2, 40]], np.float32)
    found = judging.compared(own, teacher)
    assert found["gender, all"] == pytest.approx(0.5)
    assert found["gender where the teacher is sure, all"] == pytest.approx(2 / 3)
    assert found["gender where the teacher is sure, male"] == 1
    assert found["age within a group, all"] == pytest.approx(0.75)
    assert found["age within a group, 45 to 59"] == 0
    assert found["years off, all"] == pytest.approx((7 + 22 + 4 + 0) / 4)


def test_the_mean_over_a_crop_and_its_mirror_image_is_told(folder: Path) -> None:
    """As at runtime; the error of one who tells the teacher's words is none."""
    shots = pool.judges(folder)

    class Parrot(torch.nn.Module):
        def forward(self, crops: "torch.Tensor") -> "tuple[torch.Tensor, torch.Tensor]":
            half = len(crops) // 2
            np.testing.assert_array_equal(crops[half:], crops[:half].flip(3))
            right = torch.from_numpy(batches.wanted(shots))
            off = torch.tensor([[0.2, 0.03]])
            both = torch.cat([right + off, right - off])
            return both[:, :1], both[:, 1:]

    np.testing.assert_allclose(judging.tell(Parrot(), shots), shots.told, atol=1e-4)
    assert judging.error(Parrot(), shots) == pytest.approx(0, abs=1e-5)
    assert judging.error(Net().eval(), shots) > 0.05


def test_a_short_training_keeps_weights(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is there, can be gone on from and be judged."""
    monkeypatch.setattr(recipe, "BATCH", 16)
    monkeypatch.setattr(learning, "JUDGED", 0)
    file = tmp_path / "attributes.onnx"
    assert np.isfinite(recipe.train(folder, file, minutes=0.005))
    assert 0 <= recipe.judged(folder, file)["gender, all"] <= 1
    assert np.isfinite(recipe.train(folder, file, minutes=0.005, start=file))
