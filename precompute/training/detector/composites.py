"""Pictures full of pasted portraits, with the truth about them: where each face is, and how much of it still shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from precompute.training.detector import distractions
from precompute.training.detector import fragments
from precompute.training.detector import scenery
from precompute.training.detector.camera import lit
from precompute.training.detector.camera import photographed
from precompute.training.detector.portraits import MIRRORED
from precompute.training.detector.portraits import SIDE
from precompute.training.detector.portraits import View

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

NARROWEST: Final = 8.0
_NOBODY: Final = 255


@dataclass(frozen=True, slots=True)
class Composite:
    """BGR uint8 (side, side, 3); n faces: boxes float32 (n, 4) x, y, w, h, points (n, 5, 2), the share of each that shows (n,);
    and boxes (m, 4) of fragments, where it is open whether there is a face.
    """

    pixels: Pixels
    boxes: Floats
    points: Floats
    shown: Floats
    open: Floats


class Scene:
    """A picture under work; faces are pasted from the farthest to the nearest."""

    def __init__(self, pixels: Pixels) -> None:
        self.pixels = pixels
        self.side = pixels.shape[0]
        self.owner = np.full(pixels.shape[:2], _NOBODY, np.uint8)
        self.boxes: list[Floats] = []
        self.points: list[Floats] = []
        self.areas: list[float] = []
        self.open: list[Floats] = []

    def face(self, view: View, whole: bool, width: float, at: tuple[float, float], rng: np.random.Generator) -> None:
        """Paste a portrait, whole or cut out, so that its face is so wide and centred there."""
        view = mirrored(view) if rng.random() < 0.5 else view
        degrees = rng.normal(0, 12) if rng.random() < 0.9 else rng.uniform(-90, 90)
        matrix = placed(view.box, width, at, float(degrees), float(np.exp(rng.normal(0, 0.08))))
        mask = np.full_like(view.cut, 255) if whole else view.cut
        pixels = lit(view.pixels, rng) if rng.random() < 0.5 else view.pixels
        if not whole and rng.random() < 0.6:
            self._body(view, matrix, rng)
        self._blend(pixels, mask, matrix, width / float(view.box[2]))
        box, points = moved(view.box, matrix), view.points @ matrix[:, :2].T + matrix[:, 2]
        oval = np.zeros_like(self.owner)
        sizes = (max(1, int(box[2] * 0.5)), max(1, int(box[3] * 0.5)))
        cv2.ellipse(oval, (int(box[0] + box[2] / 2), int(box[1] + box[3] / 2)), sizes, 0, 0, 360, 255, -1)
        self.owner[oval > 0] = len(self.boxes)
        if rng.random() < 0.06:
            distractions.glasses(self.pixels, points[:2], rng)
        self.boxes.append(box)
        self.points.append(points.astype(np.float32))
        self.areas.append(float(np.pi * sizes[0] * sizes[1]))

    def thing(self, at: tuple[int, int], size: int, rng: np.random.Generator) -> None:
        """Draw something over what is there."""
        before = self.pixels.copy()
        distractions.thing(self.pixels, at, size, rng)
        self.owner[cv2.cvtColor(cv2.absdiff(before, self.pixels), cv2.COLOR_BGR2GRAY) > 0] = _NOBODY

    def fragment(self, piece: Pixels, width: float, at: tuple[float, float], degrees: float, oval: bool = False) -> None:
        """Paste a piece of a portrait, or the oval in it."""
        h, w = piece.shape[:2]
        matrix = placed(np.array([0, 0, w, h], np.float32), width, at, degrees, 1.0)
        mask = np.full((h, w), 255, np.uint8)
        if oval:
            mask[:] = 0
            cv2.ellipse(mask, (w // 2, h // 2), (max(1, w // 2 - 1), max(1, h // 2 - 1)), 0, 0, 360, 255, -1)
        covered = self._blend(piece, mask, matrix, width / w)
        self.owner[covered] = _NOBODY
        self.open.append(moved(np.array([0, 0, w, h], np.float32), matrix))

    def _body(self, view: View, matrix: Floats, rng: np.random.Generator) -> None:
        """Clothes below a cut-out, in the colours of what is worn there or in others."""
        low, wide = SIDE * rng.uniform(1.3, 3.5), SIDE * rng.uniform(0.35, 0.6)
        top = float(view.box[1] + view.box[3] * 1.25)
        ends = np.array([[-0.6, top], [0.6, top], [1, SIDE], [1, low], [-1, low], [-1, SIDE]]) * [wide, 1] + [SIDE / 2, 0]
        mask = np.zeros_like(self.owner)
        cv2.fillPoly(mask, [(ends @ matrix[:, :2].T + matrix[:, 2]).astype(np.int32)], 255)
        x, y = (int(v) for v in (rng.integers(SIDE - 40), rng.integers(SIDE - 36, SIDE - 12)))
        worn = view.pixels[y : y + 12, x : x + 40] if rng.random() < 0.5 else np.full((1, 1, 3), scenery.colour(rng), np.uint8)
        cloth = cv2.resize(worn, (self.side, self.side), interpolation=cv2.INTER_LINEAR)
        self.pixels[mask > 0] = cloth[mask > 0]
        distractions.shaded(self.pixels, mask, rng)
        self.owner[mask > 0] = _NOBODY

    def _blend(self, pixels: Pixels, mask: Pixels, matrix: Floats, scale: float) -> npt.NDArray[np.bool_]:
        """Lay a picture over the scene where its mask says, and tell where that was."""
        shrink = max(scale, 8 / SIDE)
        if shrink < 0.7:
            size = (max(4, round(pixels.shape[1] * shrink)), max(4, round(pixels.shape[0] * shrink)))
            back = np.diag([pixels.shape[1] / size[0], pixels.shape[0] / size[1], 1.0])
            pixels, mask = (cv2.resize(v, size, interpolation=cv2.INTER_AREA) for v in (pixels, mask))
            matrix = (np.vstack([matrix, [0, 0, 1]]) @ back)[:2].astype(np.float32)
        corners = np.array([[0, 0, 1], [pixels.shape[1], 0, 1], [0, pixels.shape[0], 1], [*pixels.shape[1::-1], 1]]) @ matrix.T
        x, y = (int(v) for v in np.floor(corners.min(0)).clip(0, self.side))
        right, bottom = (int(v) for v in np.ceil(corners.max(0)).clip(0, self.side))
        where = np.zeros_like(self.owner, bool)
        if right - x < 2 or bottom - y < 2:
            return where
        local = matrix - np.array([[0, 0, x], [0, 0, y]], np.float32)
        over = cv2.warpAffine(pixels, local, (right - x, bottom - y), borderMode=cv2.BORDER_REPLICATE)
        share = cv2.warpAffine(mask, local, (right - x, bottom - y)).astype(np.float32) / 255
        part = self.pixels[y:bottom, x:right]
        part[:] = cv2.blendLinear(over, np.ascontiguousarray(part), share, 1 - share)
        where[y:bottom, x:right] = share > 0.5
        return where

    def finished(self, rng: np.random.Generator) -> Composite:
        """The picture as a camera would take it, and what is true of it."""
        shown = [np.count_nonzero(self.owner == i) / area for i, area in enumerate(self.areas)]
        return Composite(
            photographed(self.pixels, rng),
            np.array(self.boxes, np.float32).reshape(-1, 4),
            np.array(self.points, np.float32).reshape(-1, 5, 2),
            np.array(shown, np.float32),
            np.array(self.open, np.float32).reshape(-1, 4),
        )


def composed(side: int, views: Sequence[View], rng: np.random.Generator) -> Composite:
    """A new picture of ``side`` x ``side`` pixels."""
    scene = Scene(scenery.background(side, rng, views).copy())
    for _ in range(int(rng.integers(0, 9))):
        _distract(scene, views, rng)
    for width, at, whole in sorted(_places(side, rng)):
        scene.face(views[int(rng.integers(len(views)))], whole, width, at, rng)
        if rng.random() < 0.15:
            off = rng.normal(0, width * 0.6, 2)
            scene.thing((int(at[0] + off[0]), int(at[1] + off[1])), max(2, int(width * rng.uniform(0.2, 0.8))), rng)
    if rng.random() < 0.3:
        _distract(scene, views, rng)
    return scene.finished(rng)


def _places(side: int, rng: np.random.Generator) -> list[tuple[float, tuple[float, float], bool]]:
    """Width, centre and whether the whole portrait is pasted, of each face of a picture."""
    kind = rng.random()
    if kind < 0.1:
        return []
    if kind < 0.22:
        width = side * np.exp(rng.uniform(np.log(0.2), np.log(0.85)))
        return [(width, _at(side, rng), rng.random() < 0.5)]
    if kind < 0.7:
        middle = side * np.exp(rng.uniform(np.log(0.06), np.log(0.3)))
        widths = [max(NARROWEST, middle * np.exp(rng.normal(0, 0.4))) for _ in range(int(rng.integers(3, 9)))]
        return [(w, _at(side, rng), rng.random() < 0.15) for w in widths]
    width, top = rng.uniform(NARROWEST, side * 0.16), rng.uniform(0, side * 0.8)
    places = []
    for row in range(int(rng.integers(1, 4))):
        for x in np.arange(rng.uniform(0, width * 2), side, width * rng.uniform(1.5, 2.6)):
            at = (float(x + rng.normal(0, width / 5)), float(top + row * width * 1.8 + rng.normal(0, width / 3)))
            places.append((max(NARROWEST, width * (1 + row / 5) * np.exp(rng.normal(0, 0.1))), at, False))
    return places[:20]


def _at(side: int, rng: np.random.Generator) -> tuple[float, float]:
    x, y = rng.uniform(-0.02 * side, 1.02 * side, 2)
    return float(x), float(y)


def _distract(scene: Scene, views: Sequence[View], rng: np.random.Generator) -> None:
    """A thing or a fragment somewhere."""
    at = _at(scene.side, rng)
    size = float(scene.side * np.exp(rng.uniform(np.log(0.04), np.log(0.6))))
    if rng.random() < 0.4:
        scene.thing((int(at[0]), int(at[1])), int(size), rng)
    else:
        piece = fragments.fragment(views[int(rng.integers(len(views)))], rng)
        scene.fragment(piece, size, at, float(rng.normal(0, 15)), bool(rng.random() < 0.5))


def mirrored(view: View) -> View:
    """The portrait as in a mirror; points stay in the order in which they lie from left to right."""
    box = view.box * [-1, 1, 1, 1] + [SIDE - view.box[2], 0, 0, 0]
    points = view.points[list(MIRRORED)] * [-1, 1] + [SIDE, 0]
    return View(
        np.ascontiguousarray(view.pixels[:, ::-1]),
        np.ascontiguousarray(view.cut[:, ::-1]),
        box.astype(np.float32),
        points.astype(np.float32),
    )


def placed(box: Floats, width: float, at: tuple[float, float], degrees: float, squeeze: float) -> Floats:
    """The affine map (2, 3) that brings a box (4,) to a width and a centre, turned and squeezed from the sides."""
    scale, angle = width / float(box[2]), np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = turn @ np.diag([scale, scale * squeeze])
    centre = np.array([box[0] + box[2] / 2, box[1] + box[3] / 2])
    return np.hstack([linear, (np.array(at) - linear @ centre)[:, None]]).astype(np.float32)


def moved(box: Floats, matrix: Floats) -> Floats:
    """The upright box (4,) around the oval of a box (4,) under an affine map (2, 3)."""
    centre = matrix[:, :2] @ [box[0] + box[2] / 2, box[1] + box[3] / 2] + matrix[:, 2]
    size = np.sqrt(((matrix[:, :2] * box[2:]) ** 2).sum(1))
    return np.concatenate([centre - size / 2, size]).astype(np.float32)
