"""The one place where onnxruntime sessions are built, with named providers and a fixed number of threads."""

from pathlib import Path
from typing import Any
from typing import Literal

import numpy as np
import numpy.typing as npt
import onnxruntime

Provider = Literal["auto", "cuda", "cpu"]

CUDA = "CUDAExecutionProvider"
CPU = "CPUExecutionProvider"
_ERRORS_ONLY = 3


def providers(wanted: Provider) -> list[str]:
    """Execution providers in order of preference; "auto" takes CUDA where the build has it and a device is there."""
    if wanted == "cpu":
        return [CPU]
    cuda = CUDA in onnxruntime.get_available_providers()
    return [CUDA, CPU] if cuda and (wanted == "cuda" or gpu_present()) else [CPU]


def gpu_present() -> bool:
    """Whether this machine shows an NVIDIA device; asking CUDA itself would print errors where there is none."""
    return any(Path("/dev").glob("nvidia[0-9]*"))


class Session:
    """One model, ready to run. ``threads`` bounds the processor cores that it uses."""

    def __init__(self, file: Path, provider: Provider = "auto", threads: int = 1) -> None:
        chosen = providers(provider)
        if CUDA in chosen:
            onnxruntime.preload_dlls()
        self._session = onnxruntime.InferenceSession(str(file), options(threads), providers=chosen)
        self._outputs = [output.name for output in self._session.get_outputs()]
        first = self._session.get_inputs()[0]
        self._input = first.name
        self._shape = tuple(first.shape)

    @property
    def active(self) -> str:
        """The provider that onnxruntime really uses."""
        return str(self._session.get_providers()[0])

    @property
    def side(self) -> int:
        """Width in pixels of the square picture that the model's input takes, whichever way round its channels lie."""
        return max(int(size) for size in self._shape if isinstance(size, int))

    def run(self, blob: npt.NDArray[np.float32]) -> dict[str, npt.NDArray[np.float32]]:
        """The model's one input -> its outputs by name."""
        return dict(zip(self._outputs, self._session.run(None, {self._input: blob}), strict=True))


def options(threads: int) -> Any:
    """Session options: ``threads`` cores, no spinning between runs, errors alone in the log."""
    made = onnxruntime.SessionOptions()
    made.intra_op_num_threads = threads
    made.inter_op_num_threads = 1
    made.log_severity_level = _ERRORS_ONLY
    made.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return made
