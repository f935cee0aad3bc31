"""Gender and age are told from a face and its mirror image, in crops as large as the model takes them."""

import numpy as np
import pytest

from precompute.describe import AgeGender
from tests.precompute.faces.shapes import Answers


@pytest.mark.parametrize("side", [62, 80])
def test_crops_are_as_large_as_the_model_takes_them(side: int) -> None:
    """What is told is the mean over both looks; age comes in hundredths of a century."""
    session = Answers(
        side,
        prob_female_male=np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.4, 0.6]], np.float32),
        age_div100=np.array([[0.3], [0.5], [0.4], [0.7]], np.float32),
    )
    boxes = np.array([[10, 10, 40, 50], [70, 20, 30, 30]], np.float32)
    told = AgeGender(session).tell(np.zeros((100, 120, 3), np.uint8), boxes)  # type: ignore[arg-type]
    assert [blob.shape for blob in session.blobs] == [(4, 3, side, side)]
    np.testing.assert_allclose(told, [[0.8, 35], [0.3, 60]], atol=1e-4)
