"""What several networks are built of."""

from typing import Final

from torch import Tensor
from torch import nn
from torch.nn import functional

SLOPE: Final = 0.1


class Block(nn.Module):
    """Two 3x3 convolutions and a way past them (He et al., arXiv 1603.05027)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(channels)
        self.second = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        """Same shape."""
        return x + self.second_norm(self.second(functional.leaky_relu(self.first_norm(self.first(x)), SLOPE)))


def down(before: int, after: int) -> nn.Sequential:
    """From some channels to others, half as wide and high."""
    return nn.Sequential(nn.Conv2d(before, after, 3, 2, 1, bias=False), nn.BatchNorm2d(after), nn.LeakyReLU(SLOPE))


def residual(widths: tuple[int, ...], depths: tuple[int, ...]) -> nn.Sequential:
    """From 3 channels to each width in turn, half as wide and high every time, with so many blocks behind."""
    parts: list[nn.Module] = []
    for before, after, depth in zip((3, *widths), widths, depths, strict=False):
        parts += [down(before, after), *(Block(after) for _ in range(depth))]
    return nn.Sequential(*parts)
