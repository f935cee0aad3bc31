"""The network: a smaller relative of YuNet (Wu, Peng, Yu, MIR 2023) of depthwise-separable convolutions, without anchors."""

from typing import Final

import torch
from torch import Tensor
from torch import nn

KINDS: Final = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}
WHITE: Final = 255.0
EARLY, WIDE, DEEP = 32, 64, 96
_RARE: Final = -4.0  # log odds of a face in a cell, to start with


class Separable(nn.Sequential):
    """A 1 x 1 convolution, a depthwise one of 3 x 3, normalisation and ReLU."""

    def __init__(self, into: int, out: int) -> None:
        super().__init__(
            nn.Conv2d(into, out, 1, bias=False),
            nn.Conv2d(out, out, 3, 1, 1, groups=out, bias=False),
            nn.BatchNorm2d(out),
            nn.ReLU(inplace=True),
        )


class Exact(nn.Sequential):
    """Layers that compute in float32 at all times: positions have more digits than bfloat16."""

    def forward(self, level: Tensor) -> Tensor:
        """Whatever the layers give, float32."""
        with torch.autocast(level.device.type, enabled=False):
            return super().forward(level.float())


class Network(nn.Module):
    """(n, 3, h, w) BGR 0..255, sides multiples of 32 -> per stride (n, 16, h / stride, w / stride): log odds of a face twice,
    box and points as in the registry's contract of ``yunet_n_dynamic``.
    """

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 16, 3, 2, 1, bias=False)
        self.stem = nn.Sequential(nn.BatchNorm2d(16), nn.ReLU(inplace=True), Separable(16, 16), nn.MaxPool2d(2))
        self.early = nn.Sequential(Separable(16, EARLY), Separable(EARLY, EARLY), nn.MaxPool2d(2))
        self.fine = _stage(EARLY, WIDE)
        self.middle = nn.Sequential(nn.MaxPool2d(2), _stage(WIDE, DEEP))
        self.coarse = nn.Sequential(nn.MaxPool2d(2), _stage(DEEP, DEEP))
        self.laterals = nn.ModuleList([Separable(WIDE, WIDE), Separable(DEEP, DEEP), Separable(DEEP, DEEP)])
        self.down = nn.Sequential(nn.Conv2d(DEEP, WIDE, 1, bias=False), nn.BatchNorm2d(WIDE))
        self.heads = nn.ModuleList([_head(width) for width in (WIDE, DEEP, DEEP)])

    def forward(self, pixels: Tensor) -> list[Tensor]:
        """See the class."""
        fine = self.fine(self.early(self.stem(self.first(pixels / WHITE))))
        middle = self.middle(fine)
        coarse = self.laterals[2](self.coarse(middle))
        middle = self.laterals[1](middle + _doubled(coarse))
        fine = self.laterals[0](fine + _doubled(self.down(middle)))
        return [head(level) for head, level in zip(self.heads, (fine, middle, coarse), strict=True)]


def rows(levels: list[Tensor]) -> Tensor:
    """Outputs of all strides -> (n, cells, 16) float32, in the order of ``teacher.grid``."""
    return torch.cat([level.flatten(2) for level in levels], 2).transpose(1, 2).float()


def _stage(into: int, out: int) -> nn.Sequential:
    return nn.Sequential(Separable(into, out), Separable(out, out), Separable(out, out))


def _head(width: int) -> nn.Sequential:
    last = Exact(nn.Conv2d(width, 16, 1), nn.Conv2d(16, 16, 3, 1, 1, groups=16))
    nn.init.constant_(last.state_dict()["1.bias"][:2], _RARE)
    return nn.Sequential(Separable(width, width), last)


def _doubled(level: Tensor) -> Tensor:
    return nn.functional.interpolate(level, scale_factor=2.0, mode="nearest")
