"""Who sits in the booth: a portrait of a synthetic person, often with a face that no portrait has."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from precompute import landmarks
from precompute.donors import Index
from precompute.facemodel.layout import SIDE
from precompute.facemodel.layout import Layout
from precompute.facemodel.sampler import FaceModel
from precompute.training.facemodel import shapes

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

# Shares of the sitters: as in their portrait, between two or three people, features of several people, the face model's.
KINDS: Final = (0.3, 0.25, 0.25, 0.2)
FEATURE_SPREAD: Final = 0.11  # of the face's width, around the points of a feature
TONE_BLUR: Final = 3.0  # pixels of a texture of TONE_SIDE
TONE_SIDE: Final = 24
HELD_OUT: Final = 10  # every tenth portrait never sits here: it judges


@dataclass(frozen=True, slots=True)
class Sitter:
    """pixels BGR uint8 (h, w, 3), mesh float32 (478, 3) there; texture BGR uint8 (192, 192, 3) to lay over the face, or None;
    moved float32 (478, 3): where the mesh's points go, in the same pixels."""

    pixels: Pixels
    mesh: Floats
    texture: Pixels | None
    moved: Floats


class Sitters:
    """Endless sitters. The same generator of random numbers gives the same sitters."""

    def __init__(self, folder: Path, index: Index, layout: Layout, model: FaceModel | None, held_out: bool = False) -> None:
        """``held_out``: only portraits that judge, as they are; else only the others."""
        rows = [i for i in range(len(index)) if (i % HELD_OUT == HELD_OUT - 1) == held_out]
        self._layout = layout
        self._model = model
        self._plain = held_out
        self._pixels = [_read(folder / str(index.names[i])) for i in rows]
        self._meshes = index.meshes[rows]
        self._shapes = shapes.aligned(self._meshes, layout.mesh)
        lifted = [layout.lift(p, m) for p, m in zip(self._pixels, self._meshes, strict=True)]
        self._textures = [np.clip(each, 0, 255).astype(np.uint8) for each in lifted]
        self._places, self._nearness = _features(layout)

    def __len__(self) -> int:
        return len(self._pixels)

    def someone(self, rng: np.random.Generator) -> Sitter:
        """The next one."""
        base = int(rng.integers(len(self)))
        kind = 0 if self._plain else int(rng.choice(len(KINDS), p=KINDS))
        if kind == 0 or (kind == 3 and self._model is None):
            return Sitter(self._pixels[base], self._meshes[base], None, self._meshes[base])
        texture, shape = (self._between, self._assembled, self._sampled)[kind - 1](rng)
        if rng.random() < 0.7:
            texture = toned(texture, self._textures[base])
        return Sitter(self._pixels[base], self._meshes[base], texture, self._reshaped(base, shape, float(rng.uniform(0.6, 1.0))))

    def _between(self, rng: np.random.Generator) -> tuple[Pixels, Floats]:
        parents = rng.choice(len(self), int(rng.integers(2, 4)), replace=False)
        shares = rng.dirichlet(np.full(len(parents), 1.5)).astype(np.float32)
        texture = sum(share * self._textures[p].astype(np.float32) for share, p in zip(shares, parents, strict=True))
        return np.clip(np.asarray(texture), 0, 255).astype(np.uint8), np.einsum("p,pij->ij", shares, self._shapes[parents])

    def _assembled(self, rng: np.random.Generator) -> tuple[Pixels, Floats]:
        parents = rng.choice(len(self), len(self._places), replace=False)
        texture = np.zeros((SIDE, SIDE, 3), np.float32)
        shape = np.zeros_like(self._shapes[0])
        for parent, place, near in zip(parents, self._places, self._nearness, strict=True):
            own = self._textures[parent] if parent == parents[0] else toned(self._textures[parent], self._textures[parents[0]])
            texture += own.astype(np.float32) * place[..., None]
            shape += self._shapes[parent] * near[:, None]
        return np.clip(texture, 0, 255).astype(np.uint8), shape

    def _sampled(self, rng: np.random.Generator) -> tuple[Pixels, Floats]:
        assert self._model is not None  # noqa: S101  (someone asks only then)
        donor = self._model.anyone(rng)[1]
        return donor.pixels, self._layout.mesh if donor.shape is None else donor.shape

    def _reshaped(self, base: int, shape: Floats, share: float) -> Floats:
        """The base's mesh with a share of what another shape differs by, laid over each other in three dimensions."""
        own, aligned = self._meshes[base], self._shapes[base]
        known = np.hstack([aligned, np.ones((len(aligned), 1), np.float32)])
        back = np.linalg.lstsq(known, own, rcond=None)[0][:3]
        return np.asarray(own + share * (shape - aligned) @ back, np.float32)


def _read(file: Path) -> Pixels:
    return np.asarray(cv2.imdecode(np.fromfile(file, np.uint8), cv2.IMREAD_COLOR), np.uint8)


def _features(layout: Layout) -> tuple[list[Floats], list[Floats]]:
    """Shares of the skin and of each feature, summing to 1: of every pixel (192, 192) and of every point (478,)."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    wide = landmarks.width(layout.mesh) * FEATURE_SPREAD
    pixels, points = np.stack([x, y], 2), layout.mesh[:, :2]
    eyes = landmarks.FEATURES[0] + landmarks.FEATURES[1]
    groups = (eyes, landmarks.FEATURES[2], landmarks.FEATURES[3], landmarks.FEATURES[4])

    def near(at: Floats) -> list[Floats]:
        strengths = [np.full(at.shape[:-1], 0.15, np.float32)]
        for group in groups:
            apart = np.square(at[..., None, :] - points[list(group)]).sum(-1).min(-1)
            strengths.append(np.asarray(np.exp(-apart / (2 * (wide / 2) ** 2)), np.float32))
        total = np.sum(strengths, 0)
        return [np.asarray(each / total, np.float32) for each in strengths]

    return near(pixels), near(points)


def toned(texture: Pixels, other: Pixels) -> Pixels:
    """A texture (192, 192, 3) in the coarse light and colour of another."""
    gain = _coarse(other) / _coarse(texture)
    smooth = cv2.resize(np.clip(gain, 0.45, 2.2), (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.clip(texture * smooth, 0, 255), np.uint8)


def _coarse(texture: Pixels) -> Floats:
    small = cv2.resize(texture, (TONE_SIDE, TONE_SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(small, (0, 0), TONE_BLUR) + 8, np.float32)
