"""An anonymiser without models: faces where it is told, flat ellipses for fakes, and verdicts as scripted."""

from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field

import numpy as np
import numpy.typing as npt

from precompute.choice import Rule
from precompute.donors import Donor
from precompute.faces import Face
from precompute.faces import Fake
from precompute.faces import Measurement
from tests.precompute.looks import RECOGNISERS
from tests.precompute.looks import FlatRecogniser
from tests.precompute.looks import Floats
from tests.precompute.looks import looks
from tests.sealing import Box
from tests.sealing import ellipse

Pixels = npt.NDArray[np.uint8]
RULE = Rule("random-above-threshold", "embedding", 0.0)


def face(box: Box, seen: Mapping[str, Floats], number: int = 0, reason: str | None = None) -> Face:
    """A face of no particular kind, described by ``seen``; with a reason, one that cannot be swapped."""
    points = np.full((5, 2), number, np.float32)
    return Face(box, 1.0, points, None, 1.0, "unknown", 30.0, 0.0, 0.0, 0.0, seen, reason is None, reason)


@dataclass
class FlatFaces:
    """``refused`` counts, per face, how many of its first fakes no recogniser lets pass; ``people`` says whom each face shows."""

    boxes: tuple[Box, ...]
    refused: tuple[int, ...] = ()
    tries: int = 3
    seen: list[Pixels] = field(default_factory=list)
    notes: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    recognisers: tuple[FlatRecogniser, ...] = RECOGNISERS
    rule: Rule = RULE

    def find(self, pixels: Pixels) -> tuple[Face, ...]:
        """A face in each box."""
        self._shown = [0] * len(self.boxes)
        shown = [looks(person) for person in self.people] or [{} for _ in self.boxes]
        return tuple(face(box, seen, number) for number, (box, seen) in enumerate(zip(self.boxes, shown, strict=True)))

    def fakes(self, pixels: Pixels, face: Face, rng: np.random.Generator, first: Donor | None = None) -> Iterator[Fake]:
        """Flat ellipses in changing colours, then an opaque one."""
        number = int(face.points[0, 0])
        x, y, w, h = (round(v) for v in face.box)
        for i in range(self.tries + 1):
            overlay = ellipse((x, y, w, h), (40 * i, 90, 220 - 40 * i))
            self._shown[number] = i
            yield Fake(x, y, overlay.pixels, overlay.weight, "donor" if i < self.tries else "opaque", looked_at=i + 1)

    def measure(self, pixels: Pixels, face: Face, output: Pixels) -> tuple[Measurement, ...]:
        """Passed, once enough fakes were refused."""
        number = int(face.points[0, 0])
        self.seen.append(output.copy())
        refused = self.refused[number] if number < len(self.refused) else 0
        passed = self._shown[number] >= refused
        return (Measurement("flat", "0" * 64, 0.1 if passed else 0.9, 0.3, "configured", passed),)
