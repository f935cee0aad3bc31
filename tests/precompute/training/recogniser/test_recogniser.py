"""The recipe of the recognisers: crops, networks, loss, and weights that can be trained on."""

from pathlib import Path
from typing import get_args

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the extra: pip install 'mfmc-edge[train]'")
pytest.importorskip("onnx", reason="training needs the extra: pip install 'mfmc-edge[train]'")

from precompute.describe import TEMPLATES  # noqa: E402
from precompute.training import export  # noqa: E402
from precompute.training.booth import pool  # noqa: E402
from precompute.training.booth.teachers import Said  # noqa: E402
from precompute.training.recogniser import batches  # noqa: E402
from precompute.training.recogniser import networks  # noqa: E402
from precompute.training.recogniser import recipe  # noqa: E402

SIDE = 208
KINDS = get_args(networks.Kind)


def said(points: np.ndarray, length: tuple[int, int] = (256, 128)) -> Said:
    """What teachers might say of a shot with these five points."""
    rng = np.random.default_rng(0)
    vectors = tuple(each / np.linalg.norm(each) for each in (rng.normal(size=n).astype(np.float32) for n in length))
    return Said(points, np.zeros((478, 3), np.float32), 1.0, np.array([0.5, 30], np.float32), vectors)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A pool of a few shots, each with a bright dot at every one of five points."""
    rng = np.random.default_rng(1)
    for name in ("held-out-0000.npz", "shots-0000.npz"):
        jpegs, answers = [], []
        for _ in range(70):
            pixels = np.zeros((SIDE, SIDE, 3), np.uint8)
            points = np.array(TEMPLATES["arcface"] * 100 + 50 + rng.normal(0, 2, (5, 2)), np.float32)
            for x, y in points:
                cv2.circle(pixels, (round(float(x)), round(float(y))), 3, (255, 255, 255), -1)
            jpegs.append(pool.coded(pixels))
            answers.append(said(points))
        pool.write(tmp_path / name, jpegs, answers)
    return tmp_path


@pytest.mark.parametrize("kind", KINDS)
def test_a_plain_crop_shows_the_points_where_the_template_wants_them(folder: Path, kind: networks.Kind) -> None:
    """What was bright in the shot is bright at the template's places."""
    design = networks.DESIGNS[kind]
    crop = batches.plain(pool.judges(folder), 0, design)
    assert crop.shape == (networks.SIDE, networks.SIDE, 3)
    for x, y in TEMPLATES[design.template] * networks.SIDE:
        assert crop[round(y) - 2 : round(y) + 3, round(x) - 2 : round(x) + 3].max() > 128


def test_shaken_crops_differ_from_each_other_but_not_by_much(folder: Path) -> None:
    """The points stay near the template's places, in the crop or its mirror image."""
    design, shots, rng = networks.DESIGNS["bottleneck"], pool.judges(folder), np.random.default_rng(2)
    crops = [batches.shaken(shots, 0, design, rng) for _ in range(12)]
    assert len({crop.tobytes() for crop in crops}) == 12
    for crop in crops:
        near = 0.0
        for side in (crop, crop[:, ::-1]):
            places = TEMPLATES[design.template] * networks.SIDE
            hit = [side[round(y) - 9 : round(y) + 10, round(x) - 9 : round(x) + 10].max() > 100 for x, y in places]
            near = max(near, float(np.mean(hit)))
        assert near >= 0.8


def test_every_shot_comes_once_before_any_comes_twice(folder: Path) -> None:
    """An epoch is all shots but for the last few that fill no batch, each with its own teacher's answer."""
    given = batches.endless(pool.Growing(folder), networks.DESIGNS["residual"], 35, np.random.default_rng(0))
    (first, answers), (second, _) = next(given), next(given)
    assert first.shape == second.shape == (35, 3, networks.SIDE, networks.SIDE)
    assert answers.shape == (35, 256)
    assert float(first.max()) <= 255


def test_shots_that_are_taken_meanwhile_are_trained_on_too(folder: Path) -> None:
    """A new file of the pool is read at the next epoch, and those that judge never are."""
    growing = pool.Growing(folder)
    assert len(growing.shots()) == 70
    (folder / "shots-0001.npz").write_bytes((folder / "shots-0000.npz").read_bytes())
    assert len(growing.shots()) == 140


@pytest.mark.parametrize("kind", KINDS)
def test_weights_come_back_as_they_were_written(tmp_path: Path, kind: networks.Kind) -> None:
    """onnxruntime says what torch says, but for half precision, and a second network takes the weights over."""
    torch.manual_seed(0)
    network, crops = networks.Both(networks.network(kind)), torch.rand(4, 3, networks.SIDE, networks.SIDE) * 255
    network.train()(crops)
    file = tmp_path / "weights.onnx"
    export.write(network, crops[:1], recipe.NAMES, file, dynamic={0: "n"})
    assert export.agrees(network, crops, file) < 5e-3
    other = networks.Both(networks.network(kind))
    export.restore(other, file)
    assert export.agrees(other, crops, file) < 1e-4


@pytest.mark.parametrize("kind", KINDS)
def test_a_crop_and_its_mirror_image_are_one_and_the_same(kind: networks.Kind) -> None:
    """What is shipped says the same of both, which the network itself does not."""
    torch.manual_seed(0)
    network, crops = networks.network(kind), torch.rand(4, 3, networks.SIDE, networks.SIDE) * 255
    network.train()(crops)
    network.eval()
    with torch.no_grad():
        assert not torch.allclose(network(crops), network(crops.flip(3)), rtol=1e-2)
        assert torch.allclose(networks.Both(network)(crops), networks.Both(network)(crops.flip(3)), rtol=1e-3, atol=1e-4)
        assert torch.allclose(networks.Both(network)(crops), network(crops) + network(crops.flip(3)), rtol=1e-3, atol=1e-4)


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    """The error names what is missing."""
    file = tmp_path / "weights.onnx"
    export.write(networks.Both(networks.network("residual")), torch.zeros(1, 3, networks.SIDE, networks.SIDE), recipe.NAMES, file)
    with pytest.raises(ValueError, match="not of this network"):
        export.restore(networks.Both(networks.network("bottleneck")), file)


def test_the_loss_is_nothing_for_the_teachers_own_words_and_grows_with_the_angle() -> None:
    """Embeddings of any length count by their direction."""
    wanted = torch.nn.functional.normalize(torch.randn(8, 16, generator=torch.Generator().manual_seed(0)))
    none = recipe.loss(wanted * 3, (wanted, wanted))
    some = recipe.loss(wanted + 0.1 * torch.randn(8, 16, generator=torch.Generator().manual_seed(1)), (wanted, wanted))
    assert float(none) == pytest.approx(0, abs=1e-6)
    assert float(some) > 0.01


def test_a_short_training_keeps_weights(folder: Path, tmp_path: Path) -> None:
    """The file is there and holds a network that the recipe can go on from."""
    file = tmp_path / "weights.onnx"
    best = recipe.train(folder, "bottleneck", file, minutes=0.02)
    assert np.isfinite(best)
    again = recipe.train(folder, "bottleneck", file, minutes=0.01, start=file)
    assert np.isfinite(again)


def test_an_empty_pool_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    """Neither a missing folder nor one without shots ends in a traceback."""
    with pytest.raises(pool.NoShots, match=r"precompute\.training\.booth"):
        pool.judges(tmp_path)
    with pytest.raises(pool.NoShots, match=r"precompute\.training\.booth"):
        pool.Growing(tmp_path / "nowhere").shots()


def test_written_weights_are_judged_as_while_training(folder: Path, tmp_path: Path) -> None:
    """The figure of the command without a training is that of the best state that was kept, but for half precision."""
    file = tmp_path / "weights.onnx"
    best = recipe.train(folder, "bottleneck", file, minutes=0.01)
    assert recipe.judged(folder, "bottleneck", file)["mean cosine to the teacher, held out"] == pytest.approx(1 - best, abs=5e-3)
