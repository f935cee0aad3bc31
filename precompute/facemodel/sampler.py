"""New faces at random, of a gender, an age, a skin tone and an expression, and unlike one person."""

from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from precompute import describe
from precompute.donors import Donor
from precompute.donors import Mouth
from precompute.donors import Wanted
from precompute.facemodel.guide import Wish
from precompute.facemodel.guide import moved
from precompute.facemodel.layout import REACH
from precompute.facemodel.layout import Layout
from precompute.facemodel.weights import Readout
from precompute.facemodel.weights import Weights
from precompute.swap import light

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

PARENTS: Final = 3
MOUTHS: Final = 6
EVENNESS: Final = 1.5  # of the shares of the training faces that a sample lies between (Dirichlet)
LARGEST_SHARE: Final = 0.6  # so that no sample is one training face
FULLNESS: Final = 1.05  # 1 = samples vary as much as training faces
SOFTLY: Final = 0.5
BOUND: Final = 3.0  # spreads that a coefficient may be from 0 before wishes move it
# Spreads of the wanted: years; log luma; lips apart, mouth width, eyes open.
YEARS: Final = 9.0
TONE: Final = 0.35
HUE: Final = 0.15  # of the difference of log red and log blue
VARIATION: Final = np.array([0.2, 0.4], np.float32)
EXPRESSION: Final = np.array([0.03, 0.05, 0.15], np.float32)
REDNESS: Final = np.array([-1, 0, 1], np.float32)
# Predicted cosine similarity to the person, drawn for each sample: the photo around the face adds some to it, and one fixed value
# would tell an inverter how far every face was moved.
AIMS: Final = (-0.25, -0.15)
CLEARLY: Final = 2.5  # log odds of the gender
AGE_SLACK: Final = 1.0  # years
BORDER: Final = 4.0  # years that a wanted age is kept off the border of its group, for the age model is not exact
ADULT: Final = 16.0  # below this the age model is not reliable, so no face is moved to such an age


@dataclass(frozen=True, slots=True)
class Crowd:
    """The training faces that a sample lies between: their log likelihoods (m,), mean coefficients (k,), mean shape (478, 3)."""

    likely: Floats
    middle: Floats
    shape: Floats


class FaceModel:
    """Samples of one model. ``people``: per configured recogniser, in order, its dimensions and its readout if there is one."""

    def __init__(self, weights: Weights, people: Sequence[tuple[int, Readout | None]]) -> None:
        self.layout = Layout(weights.reference)
        self._weights = weights
        self._people = tuple(people)
        self._tone = weights.tones.mean(0)

    def choose(self, wanted: Wanted, rng: np.random.Generator) -> Iterator[Donor]:
        """Endless different faces of nobody; each texture is BGR uint8 (192, 192, 3) with the layout's mesh."""
        gender = wanted.gender if wanted.gender != "unknown" else str(rng.choice(["female", "male"]))
        crowd, wishes = self._crowd(self._likelihood(wanted, gender)), self._wishes(wanted, gender)
        while True:
            coefficients, shape = self._mixed(crowd, rng)
            away = self._away(wanted, float(rng.uniform(*AIMS)))
            coefficients = moved(np.clip(coefficients, -BOUND, BOUND), wishes + away)
            yield self._donor(coefficients, shape, self._mouth(wanted, rng))

    def anyone(self, rng: np.random.Generator) -> tuple[Floats, Donor]:
        """A face of nobody in particular and its coefficients, float32 (k,): what the readouts are learned from."""
        coefficients, shape = self._mixed(self._crowd(np.zeros(len(self._weights.ages), np.float32)), rng)
        coefficients = np.clip(coefficients, -BOUND, BOUND)
        return coefficients, self._donor(coefficients, shape)

    def _crowd(self, likely: Floats) -> Crowd:
        """The training faces with these log likelihoods (m,)."""
        weights, shares = self._weights, np.exp(likely - likely.max())
        shares = shares / shares.sum()
        return Crowd(likely, shares @ weights.coefficients, np.einsum("m,mij->ij", shares, weights.shapes))

    def _mixed(self, crowd: Crowd, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Coefficients (k,) and shape (478, 3) between those of a few faces of the crowd."""
        weights = self._weights
        # The largest of likelihoods with Gumbel noise are a draw without replacement.
        order = np.argsort(-(crowd.likely + rng.gumbel(size=len(crowd.likely))))
        # A face between a portrait and its mirror image would be that portrait's own.
        _, first = np.unique(order // 2, return_index=True)
        parents = order[np.sort(first)[:PARENTS]]
        shares = bounded(rng.dirichlet(np.full(PARENTS, EVENNESS)))
        # Means vary less than what they are of. Spread about the crowd's middle, not everybody's, or all that it shares would be
        # overdone: its age, its gender, its skin.
        spread = np.float32(FULLNESS / np.linalg.norm(shares))
        coefficients = crowd.middle + (shares @ weights.coefficients[parents] - crowd.middle) * spread
        shape = crowd.shape + (np.einsum("p,pij->ij", shares, weights.shapes[parents]) - crowd.shape) * spread
        return np.asarray(coefficients, np.float32), np.asarray(shape, np.float32)

    def _donor(self, coefficients: Floats, shape: Floats, mouth: Mouth | None = None) -> Donor:
        texture = self.layout.texture(self._weights.mean + coefficients @ self._weights.components)
        return Donor("face-model", texture, self.layout.mesh, shape, REACH, mouth)

    def _mouth(self, wanted: Wanted, rng: np.random.Generator) -> Mouth:
        """A mouth about as open as wanted, in about such light."""
        weights = self._weights
        off = np.square((weights.mouth_gaps - wanted.expression[0]) / EXPRESSION[0])
        off = off + np.square((weights.mouth_tones - wanted.light[0] @ light.LUMA) / TONE)
        i = int(rng.choice(np.argsort(off, kind="stable")[:MOUTHS]))
        # Of the skin around a mouth its lightness is known; its hue was about everybody's.
        return Mouth(weights.mouths[i], self._tone + weights.mouth_tones[i] - self._tone @ light.LUMA)

    def _likelihood(self, wanted: Wanted, gender: str) -> Floats:
        """Log likelihood of each training face as one that a sample is made from, float32 (m,)."""
        weights = self._weights
        same = weights.females if gender == "female" else 1 - weights.females
        years = np.square((weights.ages - np.clip(wanted.age, weights.ages.min(), weights.ages.max())) / YEARS)
        tone = np.square((weights.tones - wanted.light[0]) @ light.LUMA / TONE)
        tone = tone + np.square((weights.tones - wanted.light[0]) @ REDNESS / HUE)
        tone = tone + np.square((weights.variations - wanted.variation) / VARIATION).sum(1)
        expression = np.square((weights.expressions - wanted.expression) / EXPRESSION).mean(1)
        # Few faces that fit very well would be a crowd of their own, and all fakes of one person would be brothers.
        return np.asarray(np.log(np.maximum(same, 1e-6)) * 4 - SOFTLY * (years + tone + expression) / 2, np.float32)

    def _wishes(self, wanted: Wanted, gender: str) -> list[Wish]:
        readouts = self._weights.readouts
        female, age = readouts["female"], readouts["age"]
        wishes = [Wish.above(female, CLEARLY) if gender == "female" else Wish.below(female, -CLEARLY)]
        if wanted.age >= ADULT:
            years = describe.within_group(wanted.age, BORDER)
            wishes += [Wish.below(age, years + AGE_SLACK), Wish.above(age, years - AGE_SLACK)]
        return wishes

    def _away(self, wanted: Wanted, aim: float) -> list[Wish]:
        """That each recogniser with a readout would find a similarity of ``aim`` or less."""
        wishes, start = [], 0
        for size, readout in self._people:
            if readout is not None:
                wishes.append(Wish.below(readout, aim, wanted.embedding[start : start + size]))
            start += size
        return wishes


def bounded(shares: npt.NDArray[np.float64]) -> Floats:
    """Shares (p,) that sum to 1 -> float32, none above ``LARGEST_SHARE``: what is above goes to the others, by their shares."""
    largest = int(shares.argmax())
    excess = max(0.0, float(shares[largest]) - LARGEST_SHARE)
    others = np.delete(shares, largest) + 1e-9
    given = shares - excess * (np.arange(len(shares)) == largest)
    return np.asarray(given + excess * np.insert(others / others.sum(), largest, 0), np.float32)
