"""What owners say of a viewer, as the view remembers it."""

from collections.abc import Sequence

from edge.catalog import Face
from edge.catalog import Photo
from edge.config import Policy
from edge.friends import NO_FRIENDS
from edge.friends.source import InToken
from edge.policy import Ties
from edge.ties import Acquaintance
from edge.viewer import Viewer
from tests.fakes import NOW

EVE = Viewer("u-eve", NOW + 600, NO_FRIENDS)


class Told:
    """A catalog that says what it was told to."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str | None]] = []

    async def ties(self, person: str, owners: Sequence[str]) -> list[tuple[str, str | None]]:
        return [(owner, group) for owner, group in self.said if owner in owners]


def photo(*owners: tuple[str, int]) -> Photo:
    """A photo with one face for each owner and epoch."""
    faces = tuple(
        Face(slot, (1, 2, 3, 4), owner, "friends group:family", b"k", tied=True, owner_epoch=epoch)
        for slot, (owner, epoch) in enumerate(owners)
    )
    return Photo("/t1.jpg", b"i" * 16, b"v" * 16, b"h" * 32, 1_000, 80, 30, b"wrapped", NOW, faces)


async def test_each_owner_has_an_epoch() -> None:
    """What was remembered before an owner's block is not found after it, whichever photo of the same owners is looked at."""
    catalog = Told()
    acquaintance = Acquaintance(catalog, InToken(), Policy(access_model="matrix"), seconds=5, items=10)  # type: ignore[arg-type]
    catalog.said = [("u-red", "family")]
    before = await acquaintance.ties(photo(("u-red", 1), ("u-red", 1), ("u-blue", 1)), EVE, NOW)
    assert before == Ties(groups=frozenset({("u-red", "family")}))
    catalog.said = [("u-red", None)]
    after = await acquaintance.ties(photo(("u-red", 2), ("u-blue", 1)), EVE, NOW)
    assert after == Ties(blocked=frozenset({"u-red"}))
