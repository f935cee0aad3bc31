"""Renditions over a real socket, with photos that the real sealing code made: sizes, formats, headers, and who sees what."""

import io
import random
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image
from sqlalchemy import update

from edge.catalog import changes
from edge.catalog.tables import FACE
from edge.origin import names
from precompute import seal
from tests.edge.shown import COLOUR
from tests.edge.shown import HEIGHT
from tests.edge.shown import TABLES
from tests.edge.shown import WIDTH
from tests.edge.shown import WIDTHS
from tests.edge.shown import Shown
from tests.edge.shown import fakes
from tests.edge.shown import pixels
from tests.edge.shown import published
from tests.fakes import PATH
from tests.fakes import Seen
from tests.fakes import World


@pytest.fixture
async def shown(world: World) -> Shown:
    """The edge at work."""
    world.configure(TABLES)
    made = await published(world)
    await world.start()
    return made


@pytest.mark.parametrize(("query", "width"), [("w=100", 100), ("w=200", 200), ("w=100&dpr=2", 200), ("w=100&v=9", 100)])
async def test_named_widths(world: World, shown: Shown, query: str, width: int) -> None:
    """A stranger gets the rendition's base, an owner it with just their face; both to the byte what was sealed."""
    target = f"{PATH}?{query}"
    small = shown.picture(width)
    stranger = await world.get(target)
    assert (stranger.status, stranger.body, fakes(stranger)) == (200, small.base, [True, True])
    red = await world.get(target, world.issuer.token("u-red"))
    assert fakes(red) == [False, True]
    assert pixels(red).shape[1] == width
    both = await world.get(target, world.issuer.token("u-red", friends=["u-green"]))
    assert fakes(both) == [False, True]  # nobody but the owner, unless the owner says so
    assert red.headers["Cache-Control"] == "private, no-cache"
    assert "Accept" not in stranger.headers["Vary"]


async def test_tags(world: World, shown: Shown) -> None:
    """Every size, format and viewer has a strong tag of its own; who has it gets a 304, and HEAD says the same as GET."""
    seen = {}
    for query in ("", "?w=100", "?w=200", "?w=200&fmt=webp", "?w=100&fmt=webp"):
        for token in (None, world.issuer.token("u-red"), world.issuer.token("u-green")):
            got = await world.get(PATH + query, token)
            head = await world.get(PATH + query, token, "HEAD")
            assert (head.headers["ETag"], head.headers["Content-Length"]) == (got.headers["ETag"], str(len(got.body)))
            again = await world.get(PATH + query, token, If_None_Match=got.headers["ETag"])
            assert (again.status, again.headers["ETag"]) == (304, got.headers["ETag"])
            assert not got.headers["ETag"].startswith("W/")
            seen[got.headers["ETag"]] = got.body
    assert len(seen) == 15
    assert len(set(seen.values())) == 15


async def test_formats(world: World, shown: Shown) -> None:
    """Accept decides where it is asked to, and the answer and its 304 say so."""
    target = f"{PATH}?w=100&fmt=auto"
    webp = await world.get(target, Accept="image/webp,*/*")
    plain = await world.get(target, Accept="*/*")
    assert (webp.headers["Content-Type"], plain.headers["Content-Type"]) == ("image/webp", "image/jpeg")
    assert plain.body == shown.picture(100).base
    unchanged = await world.get(target, Accept="image/webp", If_None_Match=webp.headers["ETag"])
    assert unchanged.status == 304
    for seen in (webp, plain, unchanged):
        assert seen.headers["Vary"] == "Accept, Authorization, Cookie"
    explicit = await world.get(f"{PATH}?w=100&fmt=webp")
    assert (explicit.body, explicit.headers["Vary"]) == (webp.body, "Authorization, Cookie")
    assert fakes(webp) == [True, True]
    assert fakes(await world.get(target, world.issuer.token("u-green"), Accept="image/webp")) == [True, False]


@pytest.mark.parametrize(
    ("query", "status"),
    [("w=150", 403), ("h=100", 403), ("w=100&q=50", 403), ("fmt=webp", 403), ("w=0", 400), ("w=100&w=100", 400), ("q=1000", 400),
     ("fmt=gif", 400), ("w=9999", 400)],
)  # fmt: skip
async def test_refused(world: World, shown: Shown, query: str, status: int) -> None:
    """Odd and impossible renditions are refused, with and without a token, in a fixed sentence that nobody may store."""
    for token in (None, world.issuer.token("u-red")):
        seen = await world.get(f"{PATH}?{query}", token)
        assert (seen.status, seen.headers["Cache-Control"]) == (status, "no-store")
        assert seen.body.startswith(b"Pictures ")


async def test_odd_sizes(world: World) -> None:
    """Where odd sizes are allowed they are made: as asked, never enlarged, cut where asked, without metadata, per viewer."""
    world.configure({"sizes": {"renditions": list(WIDTHS), "odd_sizes": True}})
    await published(world)
    await world.start()
    asked = {"w=150": (150, 112), "h=90": (120, 90), "w=90&h=90&fit=cover": (90, 90), "w=3000&q=90": (400, 300)}
    for query, size in asked.items():
        for token, hidden in ((None, [True, True]), (world.issuer.token("u-green"), [True, False])):
            seen = await world.get(f"{PATH}?{query}", token)
            with Image.open(io.BytesIO(seen.body)) as image:
                assert (seen.status, image.size, image.format) == (200, size, "JPEG")
                assert not image.getexif()
            if "cover" not in query:
                assert fakes(seen) == hidden
    assert (await world.get(f"{PATH}?w=150", "HEAD")).status == 200


async def test_too_much_to_do(world: World, shown: Shown) -> None:
    """When nobody is free the answer is a 503 that says when to come again, while splices go on."""
    assert world.app is not None
    world.app.view.scalers._room = 0
    busy = await world.get(f"{PATH}?w=100&fmt=webp")
    assert (busy.status, busy.headers["Retry-After"], busy.headers["Cache-Control"]) == (503, "2", "no-store")
    assert (await world.get(f"{PATH}?w=100")).status == 200


async def test_erased_in_every_size(world: World, shown: Shown) -> None:
    """A face whose key is erased is synthetic in every size and format, from the next request on."""
    assert world.app is not None
    token = world.issuer.token("u-red")
    queries = ("", "?w=100", "?w=200", "?w=100&fmt=webp")
    for query in queries:
        assert fakes(await world.get(PATH + query, token)) == [False, True]
    async with world.app.catalog.database.writing() as connection:
        red = update(FACE).filter_by(path=PATH, slot=shown.sealed.slots[0])
        await connection.execute(red.values(wrapped_key=None, epoch=1))
    world.app.catalog.changes.tell([changes.of_photo(PATH)])
    for query in queries:
        assert fakes(await world.get(PATH + query, token)) == [True, True]
        assert (await world.get(PATH + query, token)).body == (await world.get(PATH + query)).body


async def test_no_real_face_is_kept(world: World, shown: Shown) -> None:
    """What is made of a stranger's picture stays in memory for the next one; what shows a real face is made anew."""
    assert world.app is not None
    kept = world.app.view.scalers._kept
    assert fakes(await world.get(f"{PATH}?w=100&fmt=webp", world.issuer.token("u-red"))) == [False, True]
    assert len(kept) == 0
    await world.get(f"{PATH}?w=100&fmt=webp")
    assert len(kept) == 1


async def test_a_face_that_is_erased_while_its_picture_is_made(
    world: World, shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Making a picture takes a while; whoever may no longer see a face when it is made gets the base in the same form."""
    assert world.app is not None
    app, make = world.app, world.app.view.scalers._make

    async def erased_meanwhile(*given: Any) -> bytes:
        made = await make(*given)
        async with app.catalog.database.writing() as connection:
            red = update(FACE).filter_by(path=PATH, slot=shown.sealed.slots[0])
            await connection.execute(red.values(wrapped_key=None, epoch=1))
        app.catalog.changes.tell([changes.of_photo(PATH)])
        return made

    monkeypatch.setattr(app.view.scalers, "_make", erased_meanwhile)
    got = await world.get(f"{PATH}?w=100&fmt=webp", world.issuer.token("u-red"))
    assert fakes(got) == [True, True]


async def test_a_damaged_rendition_shows_its_base(world: World, shown: Shown) -> None:
    """A sidecar of another size, or a broken one, shows the base of the size asked for, in the format asked for."""
    token = world.issuer.token("u-red")
    origin = world.folder / "origin"
    version = shown.sealed.version
    (origin / names(PATH, version, 100)[1]).write_bytes((origin / names(PATH, version, 200)[1]).read_bytes())
    plain = await world.get(f"{PATH}?w=100", token)
    assert (plain.status, plain.body) == (200, shown.picture(100).base)
    assert fakes(await world.get(f"{PATH}?w=100&fmt=webp", token)) == [True, True]
    assert fakes(await world.get(f"{PATH}?w=200", token)) == [False, True]


async def test_a_wrong_base_is_not_shown(world: World, shown: Shown) -> None:
    """A rendition at the origin that is not the published one, such as an original, is never sent, in no format."""
    small = shown.picture(100)
    (world.folder / "origin" / names(PATH, shown.sealed.version, 100)[0]).write_bytes(small.skeleton)
    for query in ("?w=100", "?w=100&fmt=webp"):
        assert (await world.get(PATH + query)).status == 502


async def test_strangers_with_any_query(world: World) -> None:
    """Whatever a stranger asks for, and odd sizes allowed, no answer shows a real face or holds an original's bytes."""
    world.configure({"sizes": {"renditions": list(WIDTHS), "odd_sizes": True, "scaled_bytes": 1}})
    made = await published(world)
    await world.start()
    originals = [piece for picture in (made.sealed, *made.sealed.renditions) for piece in _only_original(picture)]
    assert originals
    rng = random.Random(4)
    values = {
        "w": ("50", "100", "150", "200", "399", "400", "4096", "0"), "h": ("60", "300", "x"), "fit": ("cover", "inside"),
        "dpr": ("1", "2", "1.5"), "q": ("20", "95", "100"), "fmt": ("jpeg", "webp", "auto"), "v": ("1",), "token": ("u-red",),
    }  # fmt: skip
    answered = 0
    for _ in range(60):
        names_of = rng.sample(sorted(values), rng.randint(0, 4))
        query = "&".join(f"{name}={rng.choice(values[name])}" for name in names_of)
        seen = await world.get(f"{PATH}?{query}", rng.choice([None, world.issuer.token("u-eve"), "forged"]), Accept="image/webp")
        assert seen.status in (200, 400)
        if seen.status == 200:
            answered += 1
            assert not any(piece in seen.body for piece in originals)
            if "cover" not in query:
                assert fakes(seen) == [True, True]
    assert answered > 20


def _only_original(picture: seal.Picture | seal.SealedPhoto) -> list[bytes]:
    """Stretches of the picture with all faces real that the base does not have."""
    pieces = [picture.skeleton[i : i + 24] for i in range(700, len(picture.skeleton) - 24, 24)]
    return [piece for piece in pieces if piece not in picture.base]


def test_colours_are_told_apart() -> None:
    """The test's own eyes: a fake is seen as one, an original as none."""
    for colour, hidden in ((COLOUR, True), ((30, 30, 240), False)):
        picture = cv2.imencode(".png", np.full((HEIGHT, WIDTH, 3), colour, np.uint8))[1].tobytes()
        assert fakes(Seen(200, {}, picture)) == [hidden, hidden]
