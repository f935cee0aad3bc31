"""Renditions in the catalog: what is put comes back, and a version has just its own."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from edge.catalog import Catalog
from edge.catalog import renditions
from edge.catalog.publication import publish
from edge.catalog.records import Rendition
from edge.catalog.resealing import reseal
from tests.edge.catalog.test_publication import PHOTO
from tests.edge.catalog.test_publication import read

SIZES = st.integers(1, 99_999)
SMALL = st.builds(Rendition, SIZES, SIZES, st.binary(min_size=32, max_size=32), SIZES)


@given(st.lists(SMALL, max_size=5, unique_by=lambda each: each.width))
def test_text(made: list[Rendition]) -> None:
    """Whatever is written reads back the same, ascending by width."""
    assert renditions.read(renditions.text_of(made)) == tuple(sorted(made, key=lambda each: each.width))


async def test_published_and_resealed(catalog: Catalog) -> None:
    """A photo has the renditions it was published with; those of new fakes take their place, and a version without has none."""
    old = (Rendition(32, 26, b"a" * 32, 700), Rendition(64, 51, b"b" * 32, 900))
    new = (Rendition(48, 38, b"c" * 32, 800),)
    await publish(catalog, replace(PHOTO, renditions=old))
    assert (await read(catalog)).renditions == old
    assert await reseal(catalog, replace(PHOTO, version=b"w" * 16, renditions=new), PHOTO.version, "")
    assert (await read(catalog)).renditions == new
    await publish(catalog, replace(PHOTO, version=b"x" * 16))
    assert (await read(catalog)).renditions == ()


def test_one_of_a_photo() -> None:
    """The record of a rendition is the photo's, but for the picture."""
    small = PHOTO.at(Rendition(32, 26, b"a" * 32, 700))
    assert (small.rendition, small.width, small.height, small.base_sha256, small.base_size) == (32, 32, 26, b"a" * 32, 700)
    assert (small.path, small.version, small.faces) == (PHOTO.path, PHOTO.version, PHOTO.faces)
