"""A candidate is judged by what it looks like once it is drawn: recognisers, the measure, gender and age."""

import numpy as np
import numpy.typing as npt
import pytest

from precompute import screening
from precompute.describe import unit
from precompute.donors import Donor
from precompute.equipment import Equipment
from precompute.face import Face
from precompute.similarity import Measure
from precompute.similarity.embedding import Embedding
from precompute.similarity.rmse import Rmse
from precompute.swap.generator import Generator
from precompute.thresholds import Origin
from tests.precompute.faces import shapes

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
MESH = shapes.mesh(100, (100, 110))
POINTS = np.array([[70, 85], [130, 85], [100, 110], [75, 140], [125, 140]], np.float32)
PICTURE = np.full((240, 210, 3), 128, np.uint8)
LIMIT = 0.4


class Blue:
    """A recogniser that sees how blue the nose is: 0 is the person of these tests, 255 is at right angles."""

    sha256, threshold = "00" * 32, LIMIT
    origin: Origin = "configured"

    def __init__(self, name: str, bluer: float = 0.0) -> None:
        self.name = name
        self._bluer = bluer

    def embed(self, pixels: Pixels, points: Floats) -> Floats:
        x, y = points[0, 2].round().astype(int)
        angle = (float(pixels[y, x, 0]) / 255 + self._bluer) * np.pi / 2
        return unit(np.array([[np.cos(angle), np.sin(angle)]], np.float32))


class GreenAndRed:
    """Green is female, red the age; looks at the middle of the box."""

    def tell(self, pixels: Pixels, boxes: Floats) -> Floats:
        x, y, w, h = boxes[0]
        _, green, red = pixels[int(y + h / 2), int(x + w / 2)].astype(float)
        return np.array([[green / 255, red]], np.float32)


class Plain:
    """Draws nothing but the first pixel of the donor."""

    def render(self, crop: Pixels, mesh: Floats, donor: Donor, rng: np.random.Generator) -> Pixels:
        return np.broadcast_to(donor.pixels[0, 0], crop.shape).copy()


def judged(blue: float, green: float = 200, red: float = 40, measure: Measure | None = None, *, choosy: bool) -> float | None:
    """What becomes of a donor of this colour for a woman of 40."""
    recognisers = Blue("one"), Blue("other", 0.1)
    measure = measure or Embedding({each.name: LIMIT for each in recognisers})
    models = Equipment(None, None, GreenAndRed(), recognisers, measure)  # type: ignore[arg-type]
    seen = {each.name: np.array([1, 0], np.float32) for each in recognisers}
    face = Face((50, 50, 100, 120), 1.0, POINTS, MESH, 1.0, "female", 40.0, 0.0, 0.0, 0.0, seen, True, None)
    donor = Donor("x", np.array([[[blue, green, red]]], np.uint8), MESH)
    made = Generator("donor", None, Plain())  # type: ignore[arg-type]
    return screening.Screen(PICTURE, face, MESH, models, made, np.random.default_rng(0)).judge(donor, choosy=choosy)


def colour(cosine: float) -> float:
    """How blue a face is that the first recogniser finds just so alike."""
    return float(np.degrees(np.arccos(cosine)) / 90 * 255)


@pytest.mark.parametrize(
    ("cosine", "passes", "well"),
    [
        pytest.param(LIMIT + 0.02, False, False, id="the-person"),
        pytest.param(LIMIT - 0.02, True, False, id="passes"),
        pytest.param(LIMIT - screening.MARGIN + 0.02, True, False, id="within-the-margin"),
        pytest.param(LIMIT - screening.MARGIN - 0.02, True, True, id="does-well"),
    ],
)
def test_recognisers(cosine: float, passes: bool, well: bool) -> None:
    """Every recogniser must find it unlike, and unlike by the margin where one is choosy; the closest one decides."""
    alike, choosy = (judged(colour(cosine), choosy=choosy) for choosy in (False, True))
    assert (alike is not None, choosy is not None) == (passes, well)
    for value in (alike, choosy):
        assert value is None or value == pytest.approx(cosine - LIMIT, abs=0.01)


@pytest.mark.parametrize(
    ("green", "red", "well"),
    [
        pytest.param(200, 40, True, id="the-same"),
        pytest.param(60, 40, False, id="another-gender"),
        pytest.param(200, 44, True, id="just-under-the-border"),
        pytest.param(200, 46, False, id="older"),
        pytest.param(200, 31, True, id="just-over-the-border"),
        pytest.param(200, 29, False, id="younger"),
    ],
)
def test_gender_and_age(green: float, red: float, well: bool) -> None:
    """Who looks like another gender or age group once drawn passes only where nobody is choosy."""
    assert judged(255, green, red, choosy=False) is not None
    assert (judged(255, green, red, choosy=True) is not None) == well


def test_measure() -> None:
    """A measure that compares pictures looks at the candidate's own one, and refuses what is alike though no recogniser does."""
    grey = {"blue": 255, "green": 100, "red": 128}  # as bright as the picture
    assert judged(**grey, measure=Rmse(), choosy=False) is None
    bright = judged(255, 250, 255, measure=Rmse(), choosy=False)
    assert bright is not None
    luma = 0.114 * 255 + 0.587 * 250 + 0.299 * 255
    assert bright == pytest.approx(128 - luma, abs=1)


