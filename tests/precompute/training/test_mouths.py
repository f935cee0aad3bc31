"""Of all mouths the open ones are lifted, those that show teeth first."""

import numpy as np
import pytest

from precompute import describe
from precompute.swap import mouth
from precompute.training.facemodel import mouths
from tests.precompute.faces.test_mouth import SIZE
from tests.precompute.faces.test_mouth import between
from tests.precompute.faces.test_mouth import speaking
from tests.precompute.training import faces

SKIN = (110, 140, 190)


def shown(gap: float, inside: tuple[int, int, int], i: int = 0) -> faces.Portrait:
    """A portrait of nothing but skin and the inside of a mouth."""
    face, pixels = speaking(gap), np.full((*SIZE, 3), SKIN, np.uint8)
    pixels[between(face)] = inside
    return faces.portrait(pixels, face, i)


TEETH, DARK, TONGUE = (210, 215, 220), (25, 20, 40), (80, 70, 200)


def test_open_mouths_are_lifted_and_closed_ones_are_not() -> None:
    """Each with how far it is open and how light the skin around it is."""
    found = mouths.lifted([shown(0.5, DARK), shown(16, DARK), shown(2.5, DARK), shown(10, DARK)])
    assert found.pixels.shape == (2, *mouth.SIZE, 3)
    assert (found.pixels[:, 8:-8, 12:-12] == DARK).all()
    assert {float(gap) for gap in found.gaps} == {float(describe.expression(speaking(gap))[0]) for gap in (16, 10)}
    luma = np.log(np.array(SKIN) + 6.0) @ [0.114, 0.587, 0.299]
    np.testing.assert_allclose(found.tones, luma, atol=0.12)


def test_teeth_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there are more than are wanted, dark mouths and tongues are left out."""
    monkeypatch.setattr(mouths, "MOST", 2)
    found = mouths.lifted([shown(16, DARK), shown(16, TEETH), shown(16, TONGUE), shown(14, TEETH)])
    assert len(found.pixels) == len(found.gaps) == len(found.tones) == 2
    assert (found.pixels[:, 8:-8, 12:-12] == TEETH).all()
