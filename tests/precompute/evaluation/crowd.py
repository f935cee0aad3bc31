"""People made of numbers: several pictures of each, and fakes that are like them, like nobody, or like everybody."""

from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from precompute.evaluation.outside import Edge
from precompute.evaluation.outside import Outside
from precompute.evaluation.pairs import SMALL_SIDE
from precompute.evaluation.pairs import Pair
from precompute.evaluation.pairs import Picture
from precompute.evaluation.pairs import Seen
from precompute.evaluation.population import Population
from precompute.face import Face
from precompute.thresholds import Origin
from tests.precompute.faces import shapes
from tests.precompute.flat import FlatFaces

Floats = npt.NDArray[np.float32]

SIZE = 32
NAME = "numbers"
BLANK = np.eye(1, SIZE, dtype=np.float32)[0]
ALIKE = {"fid": 0.5, "rmse": 20.0, "ssim": 0.8, "psnr": 22.0}
SEEN = Seen("female", 35.0, np.zeros(3, np.float32), np.full(3, 0.5, np.float32))


class Numbers:
    """A recogniser whose descriptors the pairs bring with them; of pictures it sees how bright their parts are."""

    name, sha256, threshold = NAME, "ab" * 32, 0.5
    origin: Origin = "registry"

    def embed(self, pixels: npt.NDArray[np.uint8], points: Floats) -> Floats:
        """The first pixels, centred."""
        flat = pixels[:: pixels.shape[0] // 8, :: pixels.shape[1] // 8, 0].astype(np.float32).ravel()[:SIZE] - 128
        return np.stack([unit(flat)] * len(points))


def unit(vector: npt.NDArray[np.floating]) -> Floats:
    """The vector with length 1."""
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def pair(original: Floats, fake: Floats, **other: object) -> Pair:
    """One face, all else being plain."""
    crops = np.zeros((2, SMALL_SIDE, SMALL_SIDE, 3), np.uint8)
    made = Pair(
        "donor", None, 90.0, 30.0, SEEN, SEEN, True, {NAME: original}, {NAME: np.stack([fake, fake])}, {NAME: BLANK},
        0.02, ALIKE, Edge(8.0, 0.09, 0.1), None, crops, (b"before", b"after"),
    )  # fmt: skip
    return replace(made, **other)  # type: ignore[arg-type]


def picture(*pairs: Pair) -> Picture:
    """A photo with these faces; find takes 10 ms and replace 20 ms a face."""
    seconds = {"read": 0.001, "find": 0.01 * len(pairs), "replace": 0.02 * len(pairs), "publish": 0.002}
    return Picture(pairs, Outside(0, 0, 0, 0.1, 0.15), seconds, len(pairs), 10_000)


def people(
    count: int, pictures: int, fake: Callable[[Floats, np.random.Generator], Floats], seed: int = 0, spread: float = 0.02
) -> Population:
    """``fake``: what becomes of the original's vector."""
    rng = np.random.default_rng(seed)
    who = rng.standard_normal((count, SIZE))
    pairs, numbers = [], []
    for person in range(count):
        for _ in range(pictures):
            original = unit(unit(who[person]) + spread * rng.standard_normal(SIZE))
            pairs.append(pair(original, fake(original, rng)))
            numbers.append(person)
    return Population(tuple(pairs), np.array(numbers, np.int64), tuple(picture(each) for each in pairs))


def itself(original: Floats, rng: np.random.Generator) -> Floats:
    """No anonymisation at all."""
    return original


def nobody(original: Floats, rng: np.random.Generator) -> Floats:
    """A face that has nothing to do with the original."""
    return unit(rng.standard_normal(SIZE))


@dataclass
class Meshed(FlatFaces):
    """Flat ellipses on faces that have a mesh, seen by ``Numbers``; ``lost``: how many finds, from the second on, find nobody."""

    recognisers: tuple[Numbers, ...] = (Numbers(),)  # type: ignore[assignment]
    lost: int = 0
    found: int = 0

    def find(self, pixels: npt.NDArray[np.uint8]) -> tuple[Face, ...]:
        """As told, described by the pixels in the box."""
        self.found += 1
        if 1 < self.found <= 1 + self.lost:
            return ()
        return tuple(self._seen(each, pixels) for each in super().find(pixels))

    def _seen(self, face: Face, pixels: npt.NDArray[np.uint8]) -> Face:
        x, y, w, h = (round(side) for side in face.box)
        mesh = shapes.mesh(0.8 * w, (x + w / 2, y + h / 2))
        described = {NAME: self.recognisers[0].embed(pixels[y : y + h, x : x + w], face.points[None])[0]}
        return replace(face, mesh=mesh, embeddings=described, gender="female")
