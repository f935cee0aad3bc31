"""The network as the ONNX file that we ship, and back again: every weight keeps its name, so training can go on from the file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import torch
from onnx import TensorProto
from onnx import helper
from onnx import numpy_helper
from torch import nn

from precompute.errors import PrecomputeError
from precompute.training.detector.network import KINDS
from precompute.training.detector.network import WHITE
from precompute.training.detector.network import Network
from precompute.training.detector.teacher import STRIDES

_OPSET = 17
_FORMAT = 8


class Graph:
    """An ONNX graph under work; each method adds nodes and returns the name of what they give."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.weights: list[Any] = []

    def add(self, kind: str, into: Sequence[str], out: str | None = None, **given: Any) -> str:
        """One node."""
        out = out or f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(into), [out], **given))
        return out

    def kept(self, name: str, value: npt.NDArray[np.generic]) -> str:
        """One array."""
        self.weights.append(numpy_helper.from_array(value, name))
        return name

    def module(self, made: nn.Module, name: str, x: str) -> str:
        """A module of the network, and all that it runs one after the other."""
        if isinstance(made, nn.Sequential):
            for key, child in made.named_children():
                x = self.module(child, f"{name}.{key}", x)
            return x
        into = [x, *(self.kept(f"{name}.{key}", value) for key, value in _arrays(made).items())]
        if isinstance(made, nn.Conv2d):
            sides: dict[str, Any] = {"kernel_shape": made.kernel_size, "strides": made.stride, "group": made.groups}
            return self.add("Conv", into, pads=[made.kernel_size[0] // 2] * 4, **sides)
        if isinstance(made, nn.BatchNorm2d):
            return self.add("BatchNormalization", into, epsilon=made.eps)
        if isinstance(made, nn.MaxPool2d):
            return self.add("MaxPool", into, kernel_shape=[2, 2], strides=[2, 2])
        return self.add("Relu", into)

    def sum(self, x: str, half: str) -> str:
        """A level and another of half its size."""
        how = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
        return self.add("Add", [x, self.add("Resize", [half, "", "twice"], None, **how)])

    def outputs(self, level: str, stride: int) -> None:
        """A level's sixteen channels as cls, obj, bbox and kps."""
        rows = self.add("Reshape", [self.add("Transpose", [level], perm=[0, 2, 3, 1]), "as_rows"])
        names = [f"{kind}_{stride}" for kind in KINDS]
        said = [name if KINDS[name.split("_")[0]] > 1 else f"{name}_odds" for name in names]
        self.nodes.append(helper.make_node("Split", [rows, "widths"], said, axis=2))
        for raw, name in zip(said, names, strict=True):
            if raw != name:
                self.add("Sigmoid", [raw], name)


def model(network: Network) -> Any:
    """The network for pictures of any size in multiples of 32, with its batch statistics; onnxruntime folds them in."""
    graph = Graph()
    graph.kept("twice", np.array([1, 1, 2, 2], np.float32))
    graph.kept("as_rows", np.array([0, -1, sum(KINDS.values())], np.int64))
    graph.kept("widths", np.array(list(KINDS.values()), np.int64))
    scaled = graph.kept("first.weight", _arrays(network.first)["weight"] / np.float32(WHITE))
    first = graph.add("Conv", ["input", scaled], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    fine = graph.module(network.fine, "fine", graph.module(network.early, "early", graph.module(network.stem, "stem", first)))
    middle = graph.module(network.middle, "middle", fine)
    coarse = graph.module(network.laterals[2], "laterals.2", graph.module(network.coarse, "coarse", middle))
    middle = graph.module(network.laterals[1], "laterals.1", graph.sum(middle, coarse))
    fine = graph.module(network.laterals[0], "laterals.0", graph.sum(fine, graph.module(network.down, "down", middle)))
    for k, level in enumerate((fine, middle, coarse)):
        graph.outputs(graph.module(network.heads[k], f"heads.{k}", level), STRIDES[k])
    pixels = helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", 3, "height", "width"])
    out = [
        helper.make_tensor_value_info(f"{kind}_{stride}", TensorProto.FLOAT, ["batch", f"cells_{stride}", width])
        for kind, width in KINDS.items()
        for stride in STRIDES
    ]
    whole = helper.make_graph(graph.nodes, "face-detector", [pixels], out, graph.weights)
    made = helper.make_model(whole, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_FORMAT)
    onnx.checker.check_model(made, full_check=True)
    return made


def save(network: Network, file: Path) -> None:
    """Write the network; the file is whole or not there."""
    part = file.with_suffix(".part")
    part.write_bytes(model(network).SerializeToString(deterministic=True))
    part.replace(file)


def load(file: Path) -> Network:
    """The network of a file that ``save`` wrote, to be trained on; raises ``PrecomputeError``."""
    kept = {each.name: np.array(numpy_helper.to_array(each)) for each in onnx.load(str(file)).graph.initializer}
    network = Network()
    try:
        kept["first.weight"] *= WHITE
        for name, value in network.state_dict().items():
            if not name.endswith("num_batches_tracked"):
                value.copy_(torch.from_numpy(kept[name]))
    except (KeyError, RuntimeError):
        raise PrecomputeError(f"{file} holds another network; start without --from") from None
    return network


def _arrays(made: nn.Module) -> dict[str, npt.NDArray[np.float32]]:
    """Weights and statistics in the order in which ONNX takes them, float32."""
    wanted = ("weight", "bias", "running_mean", "running_var")
    found = {name: getattr(made, name, None) for name in wanted}
    return {name: value.detach().float().cpu().numpy() for name, value in found.items() if value is not None}
