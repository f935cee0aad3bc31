"""Queries: one canonical form, strict about what is ours, and indifferent to what is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import BadRendition
from edge.render.request import FULL
from edge.render.request import Bounds
from edge.render.request import Rendition
from edge.render.request import canonical
from edge.render.request import exact


@pytest.mark.parametrize(
    ("query", "form"),
    [
        # nothing of ours: the picture as it was published
        ("", ""), ("v=3", ""), ("utm_source=mail&W=640", ""), ("&&", ""), ("width=640", ""), ("xw=1", ""),
        # one size, many spellings
        ("w=640", "w=640"), ("w=320&dpr=2", "w=640"), ("dpr=2&w=320", "w=640"), ("w=256&dpr=2.5", "w=640"),
        ("w=640&fit=cover", "w=640"), ("fit=contain&w=640", "w=640"), ("w=640&fmt=jpg", "w=640"), ("v=1&w=640", "w=640"),
        ("dpr=2", ""), ("fit=inside", ""), ("dpr=1.0", ""),
        # all of it, in order
        ("fmt=webp&q=70&fit=cover&h=300&w=400", "w=400&h=300&fit=cover&q=70&fmt=webp"),
        ("h=300", "h=300"), ("fmt=auto", "fmt=auto"), ("q=70", "q=70"), ("w=400&h=300&fit=contain", "w=400&h=300"),
    ],
)  # fmt: skip
def test_canonical(query: str, form: str) -> None:
    """Every spelling of one wish has one form, which reads back as itself."""
    rendition = canonical(query)
    assert str(rendition) == form
    assert canonical(form) == rendition


@pytest.mark.parametrize(
    "query",
    [
        "w", "w=", "w=0", "w=-1", "w=+1", "w=1.5", "w=01", "w=4097", "w=99999999999", "w=1e3", "w=%36", "w= 1", "w=٣",
        "w=1&w=1", "w=640&w=", "fmt=auto&fmt=auto", "h=0", "h=9999", "w=4096&dpr=2", "w=1&dpr=0.1",
        "dpr=0", "dpr=5", "dpr=-1", "dpr=1.", "dpr=.5", "dpr=1.555", "dpr=nan", "dpr=", "q=0", "q=19", "q=96", "q=1000",
        "fit=", "fit=fill", "fit=Cover", "fmt=", "fmt=gif", "fmt=AUTO", "fmt=webp%00", "x=" + "y" * 1_024,
    ],
)  # fmt: skip
def test_bad(query: str) -> None:
    """What is ours and cannot be had is refused, never guessed at."""
    with pytest.raises(BadRendition):
        canonical(query)


def test_exact() -> None:
    """Where only a rendition can be meant, any other name is a mistake; all else is as in a query."""
    for query in ("", "w=640", "dpr=2&w=320", "fmt=webp&q=70&fit=cover&h=300&w=400"):
        assert exact(query) == canonical(query)
    for query in ("v=3", "width=640", "w=640&v=3", "w=640&", "&", "?w=640", "/t1.jpg?w=640", "w=0"):
        with pytest.raises(BadRendition):
            exact(query)


def test_bounds() -> None:
    """The bounds are the configured ones, and hold for what ``dpr`` makes of a size."""
    bounds = Bounds(px=1_000, dpr=2, min_quality=50, max_quality=60)
    assert canonical("w=500&dpr=2&q=50", bounds) == Rendition(1_000, quality=50)
    for query in ("w=501&dpr=2", "dpr=3", "q=49", "q=61", "h=1001"):
        with pytest.raises(BadRendition):
            canonical(query, bounds)


@given(st.text("whfitdprqm=&0123456789.coverinsdalpgjbu%?-", max_size=60))
def test_any_query(query: str) -> None:
    """Whatever stands in a query is refused or has one short form, made of characters that a signed URL can carry."""
    try:
        rendition = canonical(query)
    except BadRendition:
        return
    form = str(rendition)
    assert canonical(form) == rendition
    assert len(form) <= 64
    assert set(form) <= set("abcdefghijklmnopqrstuvwxyz0123456789=&")
    assert (rendition == FULL) == (form == "")
