"""The network of the dense mesh: a small residual one, whose last layer adds up ways in which meshes differ from their mean."""

from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch import nn
from torch.nn import functional

from precompute.training import blocks

Floats = npt.NDArray[np.float32]

SIDE: Final = 96
POINTS: Final = 478
WAYS: Final = 96  # principal components of meshes; these leave 0.01 % of the distance between the eyes
WIDTHS: Final = (16, 32, 64, 128)
DEPTHS: Final = (0, 1, 1, 2)
NARROW: Final = 64
SEEN: Final = 160


class Net(nn.Module):
    """Crops float32 (n, 96, 96, 3), RGB 0..1 -> points (n, 1434) in crop pixels x, y, z, and presence logits (n, 1)."""

    def __init__(self) -> None:
        super().__init__()
        narrow = (nn.Conv2d(WIDTHS[-1], NARROW, 1, bias=False), nn.BatchNorm2d(NARROW), nn.LeakyReLU(blocks.SLOPE))
        self.body = nn.Sequential(*blocks.residual(WIDTHS, DEPTHS), *narrow)
        cells = (SIDE // 2 ** len(WIDTHS)) ** 2
        self.see = nn.Linear(NARROW * cells, SEEN, bias=False)
        self.see_norm = nn.BatchNorm1d(SEEN)
        self.ways = nn.Linear(SEEN, WAYS)
        self.mesh = nn.Linear(WAYS, 3 * POINTS)
        self.presence = nn.Linear(SEEN, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        map_ = self.body((x.permute(0, 3, 1, 2) - 0.5) * 4)
        # Half precision would be too coarse for points.
        with torch.autocast(x.device.type, enabled=False):
            seen = functional.leaky_relu(self.see_norm(self.see(map_.float().flatten(1))), blocks.SLOPE)
            return self.mesh(self.ways(seen)) * SIDE + self._middle(x.device), self.presence(seen)

    def begin(self, meshes: Floats) -> None:
        """Start from the mean and the principal components of some meshes (n, 478, 3), in crop sides."""
        flat = meshes.reshape(len(meshes), -1)
        mean = flat.mean(0)
        _, spread, ways = np.linalg.svd(flat - mean, full_matrices=False)
        own = ways[:WAYS] * (spread[:WAYS, None] / np.sqrt(len(flat)))
        middle = self._middle(torch.device("cpu")).numpy() / SIDE
        with torch.no_grad():
            self.mesh.weight.copy_(torch.from_numpy(np.ascontiguousarray(own.T)))
            self.mesh.bias.copy_(torch.from_numpy(mean - middle))

    @staticmethod
    def _middle(there: torch.device) -> Tensor:
        """The middle of the crop: as far from it points are small numbers, of which half precision keeps more."""
        return torch.tensor([SIDE / 2, SIDE / 2, 0.0], device=there).repeat(POINTS)
