"""``faces.json``: every claim hits one face, or the upload is refused before anything is published."""

from pathlib import Path

import pytest

from precompute import claims
from precompute.claims import NOBODY
from precompute.claims import Claim
from precompute.claims import Named
from precompute.errors import Rejected

BOXES = [(10.0, 10.0, 40.0, 50.0), (45.0, 20.0, 40.0, 50.0), (200.0, 10.0, 30.0, 30.0)]


def test_nearest_centre_wins() -> None:
    """A point in two boxes claims the face whose centre is nearer."""
    assert claims.named([Claim((47, 40), "u-red")], BOXES) == [Named("u-red"), NOBODY, NOBODY]
    assert claims.named([Claim((49, 45), tag="u-red")], BOXES) == [NOBODY, Named(tag="u-red"), NOBODY]


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param([Claim((150, 10), "u-red")], id="beside-all"),
        pytest.param([Claim((-5, 10), "u-red")], id="outside"),
        pytest.param([Claim((15, 15), "u-red"), Claim((16, 16), "u-blue")], id="two-owners"),
        pytest.param([Claim((15, 15), "u-red"), Claim((16, 16), tag="u-red")], id="owner-and-tag"),
        pytest.param([Claim((float("nan"), 1), "u-red")], id="nan"),
    ],
)
def test_refused(wrong: list[Claim]) -> None:
    """A claim that fits no face, or contradicts another, is refused."""
    with pytest.raises(Rejected):
        claims.named(wrong, BOXES)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("{}", id="not-a-list"),
        pytest.param('[{"point": [1], "owner": "u"}]', id="half-a-point"),
        pytest.param('[{"point": [1, "2"], "owner": "u"}]', id="text-for-number"),
        pytest.param('[{"point": [1, 2]}]', id="no-owner"),
        pytest.param('[{"point": [1, 2], "owner": "u", "tag": "u"}]', id="owner-and-tag"),
        pytest.param('[{"point": [1, 2], "owner": "u", "rule": "x"}]', id="unknown-key"),
        pytest.param('[{"point": [1, 2], "owner": "a b"}]', id="space-in-id"),
        pytest.param('[{"point": [1, 2], "owner": ""}]', id="empty-id"),
        pytest.param('[{"point": [1, 2], "owner": "u\\u0000"}]', id="nul-in-id"),
    ],
)
def test_wrong_files(tmp_path: Path, text: str) -> None:
    """What is not a list of points and owners is refused, with an example of what is expected."""
    file = tmp_path / "faces.json"
    file.write_text(text)
    with pytest.raises(Rejected, match="owner"):
        claims.read(file)


def test_read(tmp_path: Path) -> None:
    """The documented form is read."""
    file = tmp_path / "faces.json"
    file.write_text('[{"point": [412, 230.5], "owner": "u-1742"}]')
    assert claims.read(file) == [Claim((412, 230.5), "u-1742")]
