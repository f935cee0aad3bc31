"""A trained network as an ONNX file, its weights in half precision, which onnxruntime widens when it loads them."""

import io
import warnings
from pathlib import Path
from typing import Final

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import helper
from onnx import numpy_helper
from torch import Tensor
from torch import nn

OPSET: Final = 17
LEAST: Final = 256  # numbers; smaller tensors stay whole


def write(
    network: nn.Module, example: Tensor, names: tuple[str, list[str]], file: Path, dynamic: dict[int, str] | None = None
) -> None:
    """Norms stay as they are, so that ``restore`` can give the weights back; onnxruntime folds them when it loads them.

    ``names``: of the input and of the outputs; ``dynamic``: axes of input and outputs that may have any size.
    """
    plain = network.eval().to("cpu", memory_format=torch.contiguous_format)
    out = io.BytesIO()
    given, told = names
    axes = {name: dynamic for name in (given, *told)} if dynamic else None
    with warnings.catch_warnings():
        # The newer exporter folds norms and renames weights; the older one says that it is the older one.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            plain, (example,), out, input_names=[given], output_names=told, dynamic_axes=axes, opset_version=OPSET,
            dynamo=False, training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False,
        )  # fmt: skip
    model = halved(onnx.load_from_string(out.getvalue()))
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    part.write_bytes(model.SerializeToString())
    part.replace(file)


def halved(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same model with its large weights as float16 and a Cast behind each."""
    graph = model.graph
    casts = []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype == np.float32 and values.size >= LEAST:
            name = tensor.name
            tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
            casts.append(helper.make_node("Cast", [f"{name}.half"], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    model.producer_name = model.producer_version = ""
    return model


def restore(network: nn.Module, file: Path) -> None:
    """The weights of a file that ``write`` made, back into a network like that one; raises ``ValueError`` where it is another."""
    graph = onnx.load(file).graph
    kept = {each.name.removesuffix(".half"): numpy_helper.to_array(each) for each in graph.initializer}
    # Of equal tensors the file has one.
    kept |= {each.output[0]: kept[each.input[0]] for each in graph.node if each.op_type == "Identity" and each.input[0] in kept}
    own = network.state_dict()
    missing = [name for name in own if name not in kept and not name.endswith("num_batches_tracked")]
    if missing:
        raise ValueError(f"{file} is not of this network: it lacks {missing[0]} and {len(missing) - 1} more")
    whole = {name: torch.from_numpy(kept[name].astype(np.float32).reshape(own[name].shape)) for name in own if name in kept}
    network.load_state_dict(whole, strict=False)


def agrees(network: nn.Module, example: Tensor, file: Path) -> float:
    """Largest difference of any output between torch and onnxruntime, relative to the largest output."""
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    found = session.run(None, {session.get_inputs()[0].name: example.numpy()})
    with torch.no_grad():
        wanted = network.eval().to("cpu")(example)
    each = [wanted] if isinstance(wanted, Tensor) else list(wanted)
    largest = max(float(value.abs().max()) for value in each)
    return max(float(np.abs(a - b.numpy()).max()) for a, b in zip(found, each, strict=True)) / max(largest, 1e-9)
