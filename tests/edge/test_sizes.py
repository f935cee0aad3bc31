"""Which picture a request gets: named widths spliced, the rest made, and odd ones refused to whoever has no signature."""

from dataclasses import replace

import pytest

from edge.catalog import Photo
from edge.catalog.records import Rendition
from edge.errors import BadRendition
from edge.errors import OddRendition
from edge.errors import Refusal
from edge.render import scaling
from edge.render.settings import Sizes
from edge.sizes import Target
from edge.sizes import read
from edge.sizes import target

SMALL = (Rendition(320, 240, b"s" * 32, 10), Rendition(640, 480, b"m" * 32, 20))
PHOTO = Photo("/t1.jpg", b"i" * 16, b"v" * 16, b"h" * 32, 1_000, 1_000, 750, b"wrapped", 1.0, (), None, SMALL)
BOTH = ("image/avif,image/webp;q=0.8,*/*",)


@pytest.fixture(autouse=True)
def every_format(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Pillow that writes everything."""
    monkeypatch.setattr(scaling, "encodes", lambda _: True)


def got(query: str, *accept: str, photo: Photo = PHOTO, signed: bool = False, settings: Sizes = Sizes()) -> Target:  # noqa: B008
    """What a query gets."""
    return target(photo, read(query, settings), accept, settings, signed=signed)


def told(made: Target) -> tuple[object, ...]:
    """Which sealed picture, and what of it."""
    return made.photo.rendition, None if made.form is None else (made.form.scaled, made.form.size, made.form.format)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        # spliced
        ("", (0, None)), ("v=7", (0, None)), ("w=320", (320, None)), ("w=640", (640, None)), ("w=160&dpr=2", (320, None)),
        ("fmt=auto", (0, None)), ("fmt=jpg&w=640", (640, None)),
        # not enlarged
        ("w=1280", (0, None)), ("w=2048", (0, None)),
        # in another format
        ("w=320&fmt=webp", (320, ((320, 240), (320, 240), "webp"))),
        ("w=1280&fmt=avif", (0, ((1_000, 750), (1_000, 750), "avif"))),
    ],
)  # fmt: skip
def test_for_everyone(query: str, expected: tuple[object, ...]) -> None:
    """Named widths are for everyone, in every format, and cost a splice as JPEG."""
    assert told(got(query)) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("w=300", (320, ((300, 225), (300, 225), "jpeg"))),
        ("w=321", (640, ((321, 241), (321, 241), "jpeg"))),
        ("w=800", (0, ((800, 600), (800, 600), "jpeg"))),
        ("h=200", (320, ((267, 200), (267, 200), "jpeg"))),
        ("w=200&h=200&fit=cover", (320, ((267, 200), (200, 200), "jpeg"))),
        ("w=320&q=50", (320, ((320, 240), (320, 240), "jpeg"))),
        ("q=50", (0, ((1_000, 750), (1_000, 750), "jpeg"))),
        ("fmt=webp", (0, ((1_000, 750), (1_000, 750), "webp"))),
        ("w=4000", (0, None)), ("h=480", (640, None)),
    ],
)  # fmt: skip
def test_odd(query: str, expected: tuple[object, ...]) -> None:
    """Odd renditions are refused without a signature unless configured, and made from the nearest larger picture with one."""
    with pytest.raises(OddRendition):
        got(query)
    assert told(got(query, signed=True)) == expected
    assert told(got(query, settings=Sizes(odd_sizes=True))) == expected


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (BOTH, "image/avif"), (("image/webp",), "image/webp"), (("image/webp, image/avif",), "image/avif"),
        (("text/html", "image/WEBP ; q=1"), "image/webp"), (("image/avif;q=0,image/webp",), "image/webp"),
        (("image/avif;q=0.000",), "image/jpeg"), (("image/*,*/*",), "image/jpeg"), ((), "image/jpeg"), (("",), "image/jpeg"),
        (("image/avifx",), "image/jpeg"), (("image/jpeg,image/png",), "image/jpeg"),
    ],
)  # fmt: skip
def test_negotiated(accept: tuple[str, ...], kind: str) -> None:
    """fmt=auto is the best configured format that ``Accept`` names, and the answer says that it varies."""
    made = got("w=320&fmt=auto", *accept)
    assert (made.type, made.negotiated) == (kind, True)
    assert (got("w=320", *accept).type, got("w=320", *accept).negotiated) == ("image/jpeg", False)
    assert not got("w=320&fmt=webp", *accept).negotiated


def test_auto_at_full_size() -> None:
    """Without a named width fmt=auto is JPEG, since a whole photo in another format costs seconds; a signature makes it."""
    assert (got("fmt=auto", *BOTH).form, got("fmt=auto", *BOTH).negotiated) == (None, False)
    assert got("fmt=auto", *BOTH, signed=True).type == "image/avif"


def test_formats_that_are_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """A format that is not configured, or that Pillow does not write, is never picked and cannot be had."""
    monkeypatch.setattr(scaling, "encodes", lambda kind: kind != "avif")
    assert got("w=320&fmt=auto", *BOTH).type == "image/webp"
    without = Sizes(formats=())
    plain = got("w=320&fmt=auto", *BOTH, settings=without)
    assert (plain.type, plain.negotiated) == ("image/jpeg", False)
    for query, settings in (("w=320&fmt=avif", Sizes()), ("w=320&fmt=webp", without)):
        for signed in (False, True):
            with pytest.raises(BadRendition):
                got(query, signed=signed, settings=settings)


def test_photos_from_before() -> None:
    """A photo that was sealed with other widths has its own spliced, and the named ones made."""
    old = replace(PHOTO, renditions=(Rendition(500, 375, b"s" * 32, 9),))
    assert told(got("w=500", photo=old)) == (500, None)
    assert told(got("w=320", photo=old)) == (500, ((320, 240), (320, 240), "jpeg"))
    assert told(got("w=640", photo=old)) == (0, ((640, 480), (640, 480), "jpeg"))


def test_refusals() -> None:
    """A rendition that nobody can have is a 400, one that needs a signature a 403."""
    with pytest.raises(Refusal) as bad:
        got("w=0", signed=True)
    with pytest.raises(Refusal) as odd:
        got("w=33")
    assert (bad.value.status, odd.value.status) == (400, 403)
