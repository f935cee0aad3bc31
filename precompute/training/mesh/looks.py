"""What the teacher says of crops that shots do not have: past the face, upside down, hidden, in profile, of nothing at all."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from precompute import align
from precompute import describe
from precompute import landmarks
from precompute.landmarks import FaceMesh
from precompute.swap import warp
from precompute.swap.warp import Triangles
from precompute.training.booth import camera
from precompute.training.booth import pose
from precompute.training.booth.pool import Shots
from precompute.training.mesh import crops
from precompute.training.mesh.crops import Crop
from precompute.training.mesh.crops import Matrix
from precompute.training.mesh.network import SIDE

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

# Shares of the looks: near a face, past it or at another size, rolled far, hidden, elsewhere, at nothing, at a head turned aside.
KINDS: Final = (0.08, 0.2, 0.1, 0.15, 0.08, 0.07, 0.32)
ASIDE: Final = (20.0, 75.0)  # degrees of yaw, beyond the shot's own
PLAIN: Final = 3.0  # grey levels that pixels differ by
TEXTURE: Final = 24  # most cells of noise along a side


@dataclass(frozen=True, slots=True)
class Looks:
    """n crops BGR uint8 (n, 96, 96, 3), the teacher's meshes float32 (n, 478, 3) in crop sides and presence (n,), and the mesh
    (478, 3) that it says of plain gray, its mean face."""

    pixels: Pixels
    meshes: Floats
    presence: Floats
    mean: Floats

    def __len__(self) -> int:
        return len(self.pixels)


def kept(file: Path, shots: Shots, teacher: FaceMesh, corners: Triangles, count: int, seed: int) -> Looks:
    """Those of the file, or new ones, which are then kept there."""
    if not file.is_file():
        made = make(shots, teacher, corners, count, np.random.default_rng(seed))
        out = io.BytesIO()
        arrays: dict[str, Any] = {name: getattr(made, name) for name in ("pixels", "meshes", "presence", "mean")}
        np.savez(out, **arrays)
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(".part")
        part.write_bytes(out.getvalue())
        part.replace(file)
    with np.load(file, allow_pickle=False) as found:
        return Looks(found["pixels"], found["meshes"], found["presence"], found["mean"])


def make(shots: Shots, teacher: FaceMesh, corners: Triangles, count: int, rng: np.random.Generator) -> Looks:
    """Look at ``count`` crops of the shots; ``corners``: of the triangles by which heads are turned."""
    found: list[Crop] = []
    presence = []
    for pixels, matrix in tqdm(views(shots, corners, count, rng), total=count, desc="looks", mininterval=5):
        seen = teacher.look(pixels, matrix * (landmarks.SIDE / SIDE))
        found.append(crops.taken(pixels, seen.points, matrix))
        # Of a plain colour the teacher says 0.4, though nobody is there.
        presence.append(0.0 if found[-1].pixels.std((0, 1)).max() < PLAIN else seen.presence)
    gray = np.full((landmarks.SIDE, landmarks.SIDE, 3), landmarks.GRAY, np.uint8)
    mean = np.asarray(teacher.look(gray, np.eye(2, 3)).points / landmarks.SIDE, np.float32)
    return Looks(
        np.stack([each.pixels for each in found]), np.stack([each.mesh for each in found]), np.array(presence, np.float32), mean
    )


def views(shots: Shots, corners: Triangles, count: int, rng: np.random.Generator) -> Iterator[tuple[Pixels, Matrix]]:
    """Pictures BGR uint8 (h, w, 3) and the matrix of the crop that is to be looked at."""
    for _ in range(count):
        i = int(rng.integers(len(shots)))
        pixels, mesh = shots.pixels(i), shots.meshes[i]
        matrix = crops.near(mesh, shots.points[i], rng)
        kind = int(rng.choice(len(KINDS), p=KINDS))
        if kind == 1:
            matrix = crops.placed(matrix, rng.uniform(-0.7, 0.7, 2), float(rng.uniform(-0.8, 0.8)), float(rng.normal(0, 0.3)))
        elif kind == 2:
            matrix = crops.placed(matrix, rng.normal(0, 0.08, 2), float(rng.normal(0, 0.2)), float(rng.uniform(-np.pi, np.pi)))
        elif kind == 3:
            pixels = hidden(pixels, mesh, rng)
        elif kind == 4:
            matrix = elsewhere(mesh, len(pixels), rng)
        elif kind == 5:
            pixels = nothing(pixels, rng)
        elif kind == 6:
            pixels, turned = aside(pixels, mesh, corners, rng)
            matrix = crops.near(turned, landmarks.five(turned)[:, :2], rng)
        yield pixels, matrix


def aside(pixels: Pixels, mesh: Floats, corners: Triangles, rng: np.random.Generator) -> tuple[Pixels, Floats]:
    """The picture with the head turned farther, up to a profile, and about where its mesh (478, 3) is then."""
    way = 1.0 if describe.pose(mesh).yaw > 0 else -1.0
    target = pose.rotated(mesh, way * float(rng.uniform(*ASIDE)), float(rng.normal(0, pose.PITCH)))
    target[:, :2] += mesh[:, :2].mean(0) - target[:, :2].mean(0)
    places = warp.backward_map(warp.ringed(mesh), warp.ringed(target), corners, pixels.shape[:2])
    drawn = cv2.remap(pixels, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(drawn, np.uint8), target


def hidden(pixels: Pixels, mesh: Floats, rng: np.random.Generator) -> Pixels:
    """The picture with the half or more of the face covered by plain things, noise, or another part of the picture."""
    wide, out = landmarks.width(mesh), pixels.copy()
    if rng.random() < 0.3:
        for _ in range(int(rng.integers(2, 6))):
            out = camera.thing(out, mesh, rng)
        return out
    size = rng.uniform(0.35, 1.1, 2) * wide
    middle = mesh[int(rng.integers(len(mesh))), :2]
    x0, y0 = (np.clip(middle - size / 2, 0, len(pixels) - 2)).astype(int)
    x1, y1 = np.clip(middle + size / 2, [x0 + 1, y0 + 1], len(pixels)).astype(int)
    covered = out[y0:y1, x0:x1]
    how = int(rng.integers(3))
    if how == 0:
        covered[:] = rng.integers(0, 256, 3)
    elif how == 1:
        covered[:] = rng.normal(rng.uniform(50, 200), rng.uniform(5, 60), covered.shape).clip(0, 255)
    else:
        shift = rng.integers(len(pixels) // 4, len(pixels) // 2, 2)
        covered[:] = np.roll(pixels, tuple(shift), (0, 1))[y0:y1, x0:x1]
    return out


def elsewhere(mesh: Floats, side: int, rng: np.random.Generator) -> Matrix:
    """A small square of the picture of ``side`` px, as on hair, a cheek, or what is behind."""
    span = float(rng.uniform(0.15, 0.7)) * landmarks.width(mesh)
    return align.turned_square(rng.uniform(0, side, 2), span, float(rng.normal(0, 0.5)), SIDE)


def nothing(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """A plain colour, noise of some coarseness, or the picture in pieces."""
    how, side = int(rng.integers(3)), len(pixels)
    if how == 0:
        return np.full_like(pixels, rng.integers(0, 256, 3) if rng.random() < 0.5 else rng.integers(0, 256))
    if how == 1:
        cells = int(rng.integers(2, TEXTURE))
        coarse = rng.normal(rng.uniform(60, 190), rng.uniform(5, 60), (cells, cells, int(rng.choice([1, 3]))))
        fine = cv2.resize(coarse.clip(0, 255).astype(np.uint8), (side, side), interpolation=cv2.INTER_CUBIC)
        return np.asarray(np.broadcast_to(fine.reshape(side, side, -1), pixels.shape), np.uint8)
    pieces = int(rng.integers(3, 7))
    step = side // pieces
    order = rng.permutation(pieces**2)
    out = pixels.copy()
    for to, of in enumerate(order):
        (y, x), (v, u) = divmod(to, pieces), divmod(int(of), pieces)
        out[y * step : (y + 1) * step, x * step : (x + 1) * step] = pixels[v * step : (v + 1) * step, u * step : (u + 1) * step]
    return out
