"""How far the network's outputs are from the labels."""

from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from precompute.training.detector.labels import IGNORED
from precompute.training.detector.teacher import grid

LEARNT_FROM: Final = 0.25
BOX_WEIGHT: Final = 4.0
POINT_WEIGHT: Final = 12.0
_BEND: Final = 0.02  # of the face's size, where the error of a point turns from squared to absolute


class Loss:
    """Quality focal loss (Li et al., NeurIPS 2020), distance-IoU of boxes (Zheng et al., AAAI 2020), smooth L1 of points."""

    def __init__(self, side: int, device: torch.device) -> None:
        corners, strides = grid(side)
        self._corners = torch.from_numpy(corners).to(device)
        self._strides = torch.from_numpy(strides).to(device)[:, None]

    def __call__(self, out: Tensor, scores: Tensor, whose: Tensor, faces: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Outputs (n, cells, 16), scores (n, cells), whose (n, cells), faces (n, 24, 14) -> losses of scores, boxes, points."""
        weight = scores * (scores >= LEARNT_FROM)
        total = scores.sum().clamp(min=1.0)
        counted = (whose != IGNORED).float()[..., None]
        said = out[..., :2]
        apart = (said.sigmoid() - scores[..., None]).detach().square()
        every = functional.binary_cross_entropy_with_logits(said, scores[..., None].expand_as(said), reduction="none")
        picked = weight > 0
        truth = faces.gather(1, whose.clamp(min=0)[..., None].expand(-1, -1, 14))[picked]
        told, mass = out[..., 2:][picked], weight[picked]
        cells = picked.nonzero()[:, 1]
        corners, strides = self._corners[cells], self._strides[cells]
        centre, size = (corners + told[:, :2]) * strides, told[:, 2:4].clamp(-4, 6).exp() * strides
        boxes = torch.cat([centre - size / 2, size], 1)
        points = (told[:, 4:].reshape(-1, 5, 2) + corners[:, None]) * strides[:, None]
        scale = (truth[:, 2] * truth[:, 3]).clamp(min=1).sqrt()[:, None, None]
        off = (points - truth[:, 4:].reshape(-1, 5, 2)) / scale
        near = functional.smooth_l1_loss(off, torch.zeros_like(off), beta=_BEND, reduction="none").mean((1, 2))
        return (
            (apart * every * counted).sum() / total,
            BOX_WEIGHT * (apartness(boxes, truth[:, :4]) * mass).sum() / total,
            POINT_WEIGHT * (near * mass).sum() / total,
        )


def apartness(boxes: Tensor, others: Tensor) -> Tensor:
    """1 - distance-IoU of each box (n, 4) x, y, w, h with its other (n, 4)."""
    low, high = boxes[:, :2], boxes[:, :2] + boxes[:, 2:]
    low_, high_ = others[:, :2], others[:, :2] + others[:, 2:]
    common = (torch.minimum(high, high_) - torch.maximum(low, low_)).clamp(min=0).prod(1)
    union = boxes[:, 2:].prod(1) + others[:, 2:].prod(1) - common
    between = (low + high - low_ - high_).square().sum(1) / 4
    diagonal = (torch.maximum(high, high_) - torch.minimum(low, low_)).square().sum(1)
    return 1 - common / union.clamp(min=1e-6) + between / diagonal.clamp(min=1e-6)
