"""Where a run of segments lies."""

import pytest

from precompute.jpeg import markers
from tests import pictures

JPEG = pictures.jpeg(pictures.texture(32, 16))
APP11 = b"\xff\xeb\x00\x05abc"


@pytest.mark.parametrize(
    ("data", "place"),
    [
        pytest.param(JPEG, None, id="none"),
        pytest.param(JPEG[:20] + APP11 + JPEG[20:], (20, 27), id="one"),
        pytest.param(JPEG[:20] + APP11 + b"\xff\xeb\x00\x02" + JPEG[20:], (20, 31), id="two-in-a-row"),
        pytest.param(JPEG[:2] + APP11 + JPEG[2:20] + APP11 + JPEG[20:], (2, 9), id="the-first-of-two-runs"),
    ],
)
def test_first_run(data: bytes, place: tuple[int, int] | None) -> None:
    """The offsets of all segments of the kind that follow one another."""
    assert markers.first_run(data, markers.APP11) == place


def test_no_jpeg() -> None:
    """What is no JPEG is refused."""
    with pytest.raises(markers.Malformed):
        markers.first_run(APP11, markers.APP11)
