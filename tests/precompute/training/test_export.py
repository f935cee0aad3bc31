"""Networks as ONNX files: weights in half precision, outputs by name, any size where it is asked for, and back into torch."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

torch = pytest.importorskip("torch", reason="training needs the extra: pip install 'mfmc-edge[train]'")
onnx = pytest.importorskip("onnx", reason="training needs the extra: pip install 'mfmc-edge[train]'")

from precompute.training import blocks  # noqa: E402
from precompute.training import export  # noqa: E402

EXAMPLE = torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def network() -> "torch.nn.Module":
    """A small one that has seen something."""
    torch.manual_seed(0)
    made = blocks.residual((8, 16), (0, 1))
    made.train()(EXAMPLE)
    return made


def test_the_file_says_what_the_network_says(network: "torch.nn.Module", tmp_path: Path) -> None:
    """But for half precision; nothing but the file is left, and it names no program that made it."""
    file = tmp_path / "deep" / "small.onnx"
    export.write(network, EXAMPLE[:1], ("picture", ["map"]), file, dynamic={0: "n"})
    assert 0 < export.agrees(network, EXAMPLE, file) < 5e-3
    assert [each.name for each in file.parent.iterdir()] == ["small.onnx"]
    assert onnx.load(file).producer_name == ""
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    assert session.get_inputs()[0].name == "picture"
    assert session.get_inputs()[0].shape[0] == "n"
    assert session.get_outputs()[0].name == "map"


def test_large_weights_are_halved_and_small_ones_are_not(network: "torch.nn.Module", tmp_path: Path) -> None:
    """So the file is little more than half as large."""
    file = tmp_path / "small.onnx"
    export.write(network, EXAMPLE[:1], ("picture", ["map"]), file)
    kinds = {each.name: each.data_type for each in onnx.load(file).graph.initializer}
    assert kinds["2.first.weight.half"] == onnx.TensorProto.FLOAT16
    assert kinds["2.first_norm.running_mean"] == onnx.TensorProto.FLOAT
    assert all(each.numel() < export.LEAST for name, each in network.state_dict().items() if name in kinds)


def test_weights_come_back(network: "torch.nn.Module", tmp_path: Path) -> None:
    """Into a network of the same shape, within half precision; another shape is refused by name."""
    file = tmp_path / "small.onnx"
    export.write(network, EXAMPLE[:1], ("picture", ["map"]), file, dynamic={0: "n"})
    other = blocks.residual((8, 16), (0, 1))
    export.restore(other, file)
    for name, wanted in network.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            np.testing.assert_allclose(other.state_dict()[name], wanted.detach(), rtol=1e-3, atol=1e-6)
    with pytest.raises(ValueError, match=r"not of this network: it lacks 3\.first"):
        export.restore(blocks.residual((8, 16, 32), (0, 2, 0)), file)
