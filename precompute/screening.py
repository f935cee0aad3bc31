"""What recognisers and attributes make of a candidate drawn small over the face, and what the measure of similarity does.

Embeddings are those of the face as drawn. Measures that compare pictures look at the candidate's own picture.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from precompute import certify
from precompute import describe
from precompute import landmarks
from precompute import similarity
from precompute.blend import Fake
from precompute.donors import Donor
from precompute.equipment import Equipment
from precompute.face import Face
from precompute.similarity import Looks
from precompute.swap.generator import Generator
from precompute.trial import Around
from precompute.trial import Sketch
from precompute.trial import close_up

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

MARGIN: Final = 0.15  # cosine similarity below each threshold


class Screen:
    """Draws candidates over one face, at the size that recognisers see, and judges them."""

    def __init__(
        self, pixels: Pixels, face: Face, mesh: Floats, models: Equipment, generator: Generator, rng: np.random.Generator
    ) -> None:
        """``face`` lies in ``pixels``, BGR uint8 (h, w, 3), and is drawn over where ``mesh`` (478, 3) lies."""
        small = Sketch.of(pixels, face, mesh)
        self._pixels, self._face, self._around = small.pixels, small.face, small.around
        self.around = small.around if small.pixels is pixels else Around.of(pixels, mesh)
        self._last: tuple[Donor, Fake] | None = None
        self._models = models
        self._generator = generator
        self._rng = rng
        vectors = {name: vector[None] for name, vector in face.embeddings.items()}
        self._original = Looks(similarity.crop(self._pixels, self._face.points)[None], vectors)

    def judge(self, donor: Donor, *, choosy: bool) -> float | None:
        """How alike the candidate is by the measure, greater for more; None where that or a recogniser takes it for the person.

        ``choosy``: also where a recogniser does so but for the margin, or gender or age group are seen as others.
        """
        fake = self._fake(donor, self._around)
        self._last = donor, fake
        output, view = close_up(self._pixels, self._face, fake)
        # Gender and age first: that look costs a fifth of what the recognisers' cost.
        if choosy and not self._keeps(output, view[0]):
            return None
        margin = MARGIN if choosy else 0.0
        seen = {}
        for each in self._models.recognisers[::-1]:  # one at a time, for most that are refused are refused by one
            found = certify.verdict(each, output, view, self._face.embeddings)
            if not found.similarity < found.threshold - margin:
                return None
            seen[each.name] = found.seen
        # Drawn, every candidate has the light, the pose and the surroundings of the face: as a picture it would be alike to it.
        own = similarity.crop(donor.pixels, landmarks.five(donor.mesh)[:, :2])
        value = self._models.similarity.values(self._original, Looks(own[None], seen))
        if not similarity.is_unlike(self._models.similarity, float(value[0, 0])):
            return None
        return float(similarity.rising(self._models.similarity, value)[0, 0])

    def drawn(self, donor: Donor) -> Fake:
        """The candidate over the face; what was judged last is not drawn again where it was drawn as large as the face is."""
        if self._last is not None and self._last[0] is donor and self.around is self._around:
            return self._last[1]
        return self._fake(donor, self.around)

    def _fake(self, donor: Donor, around: Around) -> Fake:
        return around.fake(self._generator.swapper, donor, self._rng, self._generator.method)

    def _keeps(self, output: Pixels, points: Floats) -> bool:
        """Whether the face drawn has the gender and the age group that the attributes' model saw in the original."""
        moved = points[0] - self._face.points[0]
        x, y, w, h = self._face.box
        box = np.array([[x + moved[0], y + moved[1], w, h]], np.float32)
        female, age = (float(value) for value in self._models.attributes.tell(output, box)[0])
        same = self._face.gender in ("unknown", describe.gender(female, 0.5))
        return same and describe.age_group(self._face.age) == describe.age_group(age)
