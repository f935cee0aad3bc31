"""Nothing outside of the masks changes, and the measure would see it if something did."""

from dataclasses import replace as changed

import numpy as np
import pytest

from precompute import people
from precompute import photo as upload
from precompute.anonymise import Replacement
from precompute.anonymise import replace
from precompute.blend import Fake
from precompute.company import Company
from precompute.evaluation import outside
from precompute.evaluation import pairs
from tests import pictures
from tests.precompute.evaluation import crowd
from tests.precompute.faces import shapes

BOX = (30, 20, 60, 70)


def replaced(sampling: str, size: tuple[int, int] = (150, 130)) -> tuple[upload.Photo, Replacement]:
    photo = upload.read(pictures.jpeg(pictures.texture(*size, 3), sampling), upload.Limits())
    anonymiser = crowd.Meshed((BOX,))
    return photo, replace(photo, anonymiser.find(photo.pixels), anonymiser, bytes(32), Company((), people.OFF))


@pytest.mark.parametrize("sampling", sorted(pictures.SAMPLING))
def test_nothing(sampling: str) -> None:
    """In every subsampling: 0 before coding, no other block, and 0 decoded beyond what decoders smooth."""
    photo, done = replaced(sampling)
    found = outside.of(photo, done, pairs.published(photo, done))
    assert (found.drawn, found.blocks, found.decoded) == (0, 0, 0)
    ellipse = np.pi / 4 * BOX[2] * BOX[3] / (150 * 130)
    assert found.masked == pytest.approx(ellipse, rel=0.1)
    assert found.masked < found.coded < 0.7


def test_strays() -> None:
    """One coefficient of one block that no mask touches is counted."""
    _, done = replaced("420")
    place = np.argwhere(done.variants.labels == 0)[0]
    done.variants.base[place[0], place[1], 5] += 1
    assert outside.strays(done.variants) == 1


def test_decoded() -> None:
    """A published picture that differs far from the mask is seen, by how much it differs."""
    photo, done = replaced("420")
    published = pairs.published(photo, done)
    published[120, 140] = photo.canvas.pixels[120, 140] ^ 4
    assert outside.of(photo, done, published).decoded == 4


def test_edge() -> None:
    """A feather of five pixels is five wide, and what shines through it is the mean of what it lacks."""
    ramp = np.clip(np.arange(40, dtype=np.float32) / 6, 0, 1)
    weight = np.minimum.outer(np.minimum(ramp, ramp[::-1]), np.minimum(ramp, ramp[::-1]))
    fake = Fake(0, 0, np.zeros((40, 40, 3), np.uint8), weight, "donor")
    found = outside.edge(fake, shapes.mesh(50))
    assert found.feather_px == pytest.approx(5, abs=0.01)
    assert found.feather_share == pytest.approx(0.1, abs=0.01)
    inside = weight[weight > 0]
    assert found.original_share == pytest.approx(float(1 - inside.mean()))


def test_edge_with_a_hole() -> None:
    """Where the original shines through deep inside, the feather reaches as deep."""
    weight = np.pad(np.ones((38, 38), np.float32), 1)
    fake = Fake(0, 0, np.zeros((40, 40, 3), np.uint8), weight, "donor")
    assert outside.edge(fake, shapes.mesh(50)).feather_px == 0
    weight[20, 20] = 0.5
    assert outside.edge(changed(fake, weight=weight), shapes.mesh(50)).feather_px == pytest.approx(19, abs=1)


def test_edge_of_nothing() -> None:
    """A mask of no size has no feather."""
    fake = Fake(0, 0, np.zeros((0, 0, 3), np.uint8), np.zeros((0, 0), np.float32), "opaque")
    assert outside.edge(fake, shapes.mesh(50)) == outside.Edge(0.0, 0.0, 0.0)
