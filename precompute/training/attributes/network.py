"""The network that tells gender and age: plain 3x3 residual blocks, every place of the last map with weights of its own."""

from typing import Final

import torch
from torch import Tensor
from torch import nn
from torch.nn import functional

from precompute.training import blocks

SIDE: Final = 64
MEAN: Final = 127.5
WIDTHS: Final = (24, 48, 96, 128)
DEPTHS: Final = (0, 1, 1, 1)
SEEN: Final = 32
USUAL: Final = 0.3  # of a century: where ages start from


class Net(nn.Module):
    """Crops float32 (n, 3, 64, 64), BGR 0..255 -> probabilities of female and male (n, 2), and age in centuries (n, 1)."""

    def __init__(self) -> None:
        super().__init__()
        self.body = blocks.residual(WIDTHS, DEPTHS)
        self.see = nn.Linear(WIDTHS[-1] * (SIDE // 2 ** len(WIDTHS)) ** 2, SEEN, bias=False)
        self.see_norm = nn.BatchNorm1d(SEEN)
        self.tell = nn.Linear(SEEN, 3)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        seen = self.see_norm(self.see(self.body((x - MEAN) / MEAN).flatten(1)))
        with torch.autocast(x.device.type, enabled=False):
            told = self.tell(functional.leaky_relu(seen.float(), blocks.SLOPE))
            return told[:, :2].softmax(1), told[:, 2:] / 10 + USUAL
