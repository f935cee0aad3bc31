"""The gallery of synthetic faces, and the choice among them: alike in all but the person."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from precompute import landmarks

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

# Differences that a person begins to notice: degrees of yaw and pitch; lips apart, mouth width, eyes open; natural
# logarithm of colour (BGR) at the middle, then of each slope and curve of the light; of enlargement; rank of oddness.
POSE_STEPS: Final = np.array([8, 12], np.float32)
EXPRESSION_STEPS: Final = np.array([0.03, 0.04, 0.08], np.float32)
LIGHT_STEPS: Final = np.repeat(np.array([0.25, 0.15, 0.15, 0.15, 0.15, 0.15], np.float32), 3)
SOFT_STEP: Final = 0.5
ODD_STEP: Final = 0.3
PLAIN: Final = 0.7
MIDDLING: Final = 0.85


@dataclass(frozen=True, slots=True)
class Mouth:
    """What ``swap.mouth`` draws between open lips: BGR uint8 (24, 48, 3), and log colour (3,) of the skin around it."""

    inside: Pixels
    tone: Floats


@dataclass(frozen=True, slots=True)
class Donor:
    """A synthetic face: BGR uint8 (h, w, 3) and its mesh float32 (478, 3) in these pixels.

    shape: float32 (478, 3), any unit, where the face has another shape than its picture shows; reach: how large the picture's
    outer oval is (``swap.warp.ringed``); mouth: for lips that are open.
    """

    name: str
    pixels: Pixels
    mesh: Floats
    shape: Floats | None = None
    reach: float = landmarks.RING
    mouth: Mouth | None = None


@dataclass(frozen=True, slots=True)
class Index:
    """n donors. Meshes are in the pixels of each donor's own picture.

    names (n,) file names; meshes float32 (n, 478, 3); genders (n,) words; ages float32 (n,) years; poses float32 (n, 3)
    yaw, pitch, roll in degrees; expressions float32 (n, 3); skins float32 (n, 468, 3) log colours; lights float32 (n, 6, 3) as
    ``swap.light`` fits them; widths float32 (n,) px; presence float32 (n,);
    clean float32 (n,) in 0..1, smaller = plainer; embeddings float32 (n, sum of dimensions), recognisers side by side;
    reference float32 (478, 3), the mean mesh.
    """

    names: npt.NDArray[np.str_]
    meshes: Floats
    genders: npt.NDArray[np.str_]
    ages: Floats
    poses: Floats
    expressions: Floats
    skins: Floats
    lights: Floats
    widths: Floats
    presence: Floats
    clean: Floats
    embeddings: Floats
    reference: Floats

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a donor should be like, and whom it must not be like.

    pose: yaw, pitch, roll in degrees; expression (3,); light (6, 3); width in px; embedding: all recognisers side by side;
    variation (2,) as in ``swap.light``.
    """

    gender: str
    age: float
    pose: Floats
    expression: Floats
    light: Floats
    width: float
    embedding: Floats
    variation: Floats


@dataclass(frozen=True, slots=True)
class Gate:
    """How far a donor may be off: years of age, degrees of yaw, rank of oddness (``Index.clean``)."""

    years: float
    yaw: float
    plain: float


class Gallery:
    """Donors of a folder. The same gender always; never anyone whom a recogniser could take for the person."""

    def __init__(self, folder: Path, index: Index, limits: tuple[tuple[int, float], ...], shortlist: int, years: float) -> None:
        """``limits``: per recogniser its dimensions and the cosine similarity that a donor must stay below."""
        self._folder = folder
        self._index = index
        self._limits = limits
        self._shortlist = shortlist
        self._gates = (
            Gate(years, 12, PLAIN), Gate(years, 20, PLAIN), Gate(2 * years, 20, PLAIN),
            Gate(2 * years, 35, PLAIN), Gate(3 * years, 35, MIDDLING), Gate(200, 90, 1),
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self._index)

    def choose(self, wanted: Wanted, rng: np.random.Generator) -> Iterator[Donor]:
        """Different donors, uniformly at random among the best fitting, each read when it is asked for.

        Fit looks at pose, expression and light alone. Taking the nearest or farthest in identity would tell who it was.
        """
        return (self.load(int(i)) for i in rng.permutation(self.fitting(wanted)))

    def fitting(self, wanted: Wanted) -> npt.NDArray[np.intp]:
        """Indices of the ``shortlist`` best fitting donors, or of all that may be used where those are fewer."""
        allowed = self._strangers(wanted.embedding) & self._of_gender(wanted.gender)
        for gate in self._gates:
            passing = np.flatnonzero(allowed & self._through(gate, wanted))
            if len(passing) >= self._shortlist:
                break
        misfit = self._misfit(wanted)[passing]
        return passing[np.argsort(misfit, kind="stable")[: self._shortlist]]

    def load(self, i: int) -> Donor:
        """The donor with index ``i``, read from the folder."""
        name = str(self._index.names[i])
        pixels = cv2.imdecode(np.fromfile(self._folder / name, np.uint8), cv2.IMREAD_COLOR)
        return Donor(name, np.asarray(pixels, np.uint8), self._index.meshes[i])

    def _of_gender(self, gender: str) -> npt.NDArray[np.bool_]:
        same = self._index.genders == gender
        return np.asarray(same | (gender == "unknown"), np.bool_)

    def _strangers(self, embedding: Floats) -> npt.NDArray[np.bool_]:
        """Whether every recogniser finds each donor unlike the person, with the margin."""
        far, start = np.ones(len(self), np.bool_), 0
        for size, limit in self._limits:
            part = slice(start, start + size)
            far &= self._index.embeddings[:, part] @ embedding[part] < limit
            start += size
        return far

    def _through(self, gate: Gate, wanted: Wanted) -> npt.NDArray[np.bool_]:
        years = np.abs(self._index.ages - wanted.age)
        yaw = np.abs(self._index.poses[:, 0] - wanted.pose[0])
        passing: npt.NDArray[np.bool_] = (years <= gate.years) & (yaw <= gate.yaw) & (self._index.clean <= gate.plain)
        return passing

    def _misfit(self, wanted: Wanted) -> Floats:
        """How unlike each donor is in all that is not the person, float32 (n,); 1 = one step in one of the things."""
        index = self._index
        pose = (index.poses[:, :2] - wanted.pose[:2]) / POSE_STEPS
        expression = (index.expressions - wanted.expression) / EXPRESSION_STEPS
        light = (index.lights - wanted.light).reshape(len(index), -1) / LIGHT_STEPS
        soft = np.log(np.maximum(wanted.width / index.widths, 1)) / SOFT_STEP
        total = np.square(pose).sum(1) + np.square(expression).sum(1) + np.square(light).sum(1) + np.square(soft)
        total = total + np.square(index.clean / ODD_STEP)
        return np.asarray(total, np.float32)
