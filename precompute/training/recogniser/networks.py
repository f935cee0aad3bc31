"""Two networks that have little in common: other building blocks, another crop, another teacher."""

from dataclasses import dataclass
from typing import Final
from typing import Literal

import torch
from torch import Tensor
from torch import nn
from torch.nn import functional

from precompute.training import blocks

Kind = Literal["residual", "bottleneck"]

MEAN: Final = 127.5
SIDE: Final = 96


@dataclass(frozen=True, slots=True)
class Design:
    """template and side in px of the crop, its channels' order, length of the embedding, and which teacher's it is like."""

    template: Literal["arcface", "open-model-zoo"]
    colour: Literal["bgr", "rgb"]
    length: int
    teacher: int


DESIGNS: Final[dict[Kind, Design]] = {
    "residual": Design("open-model-zoo", "bgr", 256, 0),
    "bottleneck": Design("arcface", "rgb", 128, 1),
}


def network(kind: Kind) -> nn.Module:
    """An untrained one: float32 (n, 3, 96, 96), 0..255 -> float32 (n, length), not of unit length."""
    return Residual(DESIGNS[kind].length) if kind == "residual" else Bottlenecks(DESIGNS[kind].length)


class Both(nn.Module):
    """What a network says of crops and of their mirror images together, which is steadier: what is written and shipped."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        """float32 (n, 3, 96, 96), 0..255 -> float32 (n, length), not of unit length."""
        ahead, mirrored = self.network(torch.cat([x, x.flip(3)])).chunk(2)
        return ahead + mirrored


class Residual(nn.Module):
    """Plain 3x3 residual blocks; every place of the last map has weights of its own, as faces are aligned."""

    def __init__(self, length: int) -> None:
        super().__init__()
        widths, depths = (24, 48, 96, 192), (0, 1, 2, 2)
        self.body = blocks.residual(widths, depths)
        side = SIDE // 2 ** len(widths)
        self.last = nn.Linear(widths[-1] * side * side, length, bias=False)
        self.last_norm = nn.BatchNorm1d(length)

    def forward(self, x: Tensor) -> Tensor:
        """See ``network``."""
        return self.last_norm(self.last(self.body((x - MEAN) / MEAN).flatten(1)))


class Narrow(nn.Module):
    """1x1, 3x3, 1x1, and channels weighed by what the whole map shows (Hu et al., arXiv 1709.01507)."""

    def __init__(self, channels: int, inner: int) -> None:
        super().__init__()
        self.way = nn.Sequential(
            nn.Conv2d(channels, inner, 1, bias=False), nn.BatchNorm2d(inner), nn.ReLU(),
            nn.Conv2d(inner, inner, 3, padding=1, bias=False), nn.BatchNorm2d(inner), nn.ReLU(),
            nn.Conv2d(inner, channels, 1, bias=False), nn.BatchNorm2d(channels),
        )  # fmt: skip
        self.down = nn.Linear(channels, channels // 4)
        self.up = nn.Linear(channels // 4, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Same shape."""
        way = self.way(x)
        weight = torch.sigmoid(self.up(functional.relu(self.down(way.mean((2, 3))))))
        return functional.relu(x + way * weight[:, :, None, None])


class Bottlenecks(nn.Module):
    """Patches of 4 pixels at once, then bottlenecks with squeeze and excitation, then weighted sums over all places."""

    def __init__(self, length: int) -> None:
        super().__init__()
        parts: list[nn.Module] = [nn.Conv2d(3, 64, 6, 4, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU()]
        for before, after, depth in ((64, 64, 2), (64, 128, 4), (128, 320, 2)):
            if before != after:
                parts += [nn.Conv2d(before, after, 3, 2, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
            parts += [Narrow(after, after // 2) for _ in range(depth)]
        self.body = nn.Sequential(*parts)
        side = SIDE // 16
        self.pool = nn.Conv2d(320, 640, side, groups=320, bias=False)
        self.pool_norm = nn.BatchNorm2d(640)
        self.last = nn.Linear(640, length)

    def forward(self, x: Tensor) -> Tensor:
        """See ``network``."""
        return self.last(self.pool_norm(self.pool(self.body((x - MEAN) / MEAN))).flatten(1))
