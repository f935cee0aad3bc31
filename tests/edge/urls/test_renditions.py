"""Signed renditions over a real socket: any size for whoever holds the URL, with just the granted faces; none for strangers."""

import io
import json
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import update

from edge import urls
from edge.catalog import changes
from edge.catalog.tables import FACE
from edge.keys import ring
from edge.plans import base_tag
from edge.urls.signing import Signed
from tests.edge.shown import TABLES
from tests.edge.shown import Shown
from tests.edge.shown import fakes
from tests.edge.shown import pixels
from tests.edge.shown import published
from tests.fakes import PATH
from tests.fakes import Seen
from tests.fakes import World

DOUBTFUL = "public, max-age=5"
GOOD = "public, max-age=60, must-revalidate, stale-if-error=0"
NAMED = ("", "w=100", "w=200", "w=100&fmt=webp")
ODD = ("w=150", "h=90", "w=200&q=40", "q=60", "fmt=webp", "w=150&fmt=webp", "w=330&h=240")


class Signing:
    """A photo with renditions and two faces, on an edge that signs; ``keys`` are the edge's own."""

    def __init__(self, world: World, keys: urls.Keys, shown: Shown) -> None:
        self.world = world
        self.keys = keys
        self.shown = shown

    def signed(self, *places: int, rendition: str = "", epoch: int = 0) -> Signed:
        """The URL that shows the faces at these places."""
        faces = [(self.shown.sealed.slots[place], epoch, 0) for place in places]
        return urls.sign(self.keys, PATH, self.shown.photo.version, faces, self.world.clock.now, rendition=rendition)

    async def get(self, *places: int, rendition: str = "", epoch: int = 0, **headers: str) -> Seen:
        """What is shown there."""
        return await self.world.get(self.signed(*places, rendition=rendition, epoch=epoch).url, **headers)

    async def told(self, token: str | None, *photos: str) -> tuple[int, Any]:
        """What ``POST /-/urls`` answers."""
        headers = {"Content-Type": "application/json"} | ({} if token is None else {"Authorization": f"Bearer {token}"})
        seen = await self.world.send("POST", "/-/urls", headers, json.dumps({"photos": photos}).encode())
        return seen.status, json.loads(seen.body)


@pytest.fixture
async def signing(world: World) -> Signing:
    """The edge at work."""
    ring.create(world.folder / "urls.toml")
    world.configure(TABLES, urls={"key_file": "urls.toml"})
    shown = await published(world)
    await world.start()
    return Signing(world, urls.Keys.read(world.folder / "urls.toml"), shown)


@pytest.mark.parametrize("rendition", NAMED + ODD)
async def test_exactly_the_granted_faces(signing: Signing, rendition: str) -> None:
    """Any set of faces, in any rendition, is what was signed and nothing else, under headers that any cache may go by."""
    seen = {}
    for places in ((), (0,), (1,), (0, 1)):
        got = await signing.get(*places, rendition=rendition)
        assert (got.status, got.headers["Cache-Control"]) == (200, GOOD)
        assert fakes(got) == [0 not in places, 1 not in places]
        assert "Vary" not in got.headers
        assert got.headers["Surrogate-Key"].endswith(" signed")
        assert got.headers["Content-Type"] == ("image/webp" if "webp" in rendition else "image/jpeg")
        again = await signing.get(*places, rendition=rendition, If_None_Match=got.headers["ETag"])
        assert (again.status, again.headers["ETag"]) == (304, got.headers["ETag"])
        seen[got.headers["ETag"]] = got.body
    assert len(seen) == len(set(seen.values())) == 4


@pytest.mark.parametrize("rendition", ODD)
async def test_strangers_get_no_odd_size(signing: Signing, rendition: str) -> None:
    """The same without a signature is refused, with a token or not, and so are a signed URL's path and a query behind it."""
    for token in (None, signing.world.issuer.token("u-red"), "forged"):
        assert (await signing.world.get(f"{PATH}?{rendition}", token)).status == 403
    signed = signing.signed(0, rendition=rendition).url
    assert (await signing.world.get(f"{signed}?{rendition}")).status == 404
    sealed = signing.signed(0).url
    assert pixels(await signing.world.get(sealed)).shape[:2] == (300, 400)
    assert (await signing.world.get(f"{sealed}?{rendition}")).status == 404


@pytest.mark.parametrize(
    ("rendition", "size"), [("w=150", (150, 112)), ("w=90&h=90&fit=cover", (90, 90)), ("w=75&dpr=2", (150, 112))]
)
async def test_the_size_is_the_signed_one(signing: Signing, rendition: str, size: tuple[int, int]) -> None:
    """What comes has the size that was signed, however it was spelt, and no tags of any kind."""
    with Image.open(io.BytesIO((await signing.get(0, rendition=rendition)).body)) as image:
        assert image.size == size
        assert not image.getexif()


async def test_accept(signing: Signing) -> None:
    """Where Accept picks the format of a signed rendition, it and nothing else is what the answer varies by, a doubt's too."""
    webp = await signing.get(0, rendition="w=150&fmt=auto", Accept="image/webp")
    plain = await signing.get(0, rendition="w=150&fmt=auto", Accept="*/*")
    assert (webp.headers["Content-Type"], plain.headers["Content-Type"]) == ("image/webp", "image/jpeg")
    unchanged = await signing.get(0, rendition="w=150&fmt=auto", Accept="image/webp", If_None_Match=webp.headers["ETag"])
    doubtful = await signing.get(0, rendition="w=150&fmt=auto", epoch=1, Accept="image/webp")
    assert (unchanged.status, doubtful.headers["Cache-Control"]) == (304, DOUBTFUL)
    for seen in (webp, plain, unchanged, doubtful):
        assert seen.headers["Vary"] == "Accept"
    assert fakes(webp) == fakes(plain) == [False, True]
    assert fakes(doubtful) == [True, True]


@pytest.mark.parametrize("rendition", ["w=100", "w=150", "w=150&fmt=webp"])
async def test_doubts_in_every_size(signing: Signing, rendition: str) -> None:
    """An epoch that has passed, and an erasure, show the base, in the size that was signed and for seconds."""
    good = await signing.get(0, rendition=rendition)
    assert fakes(good) == [False, True]
    nobody = await signing.get(rendition=rendition)
    doubtful = await signing.get(0, rendition=rendition, epoch=1)
    assert (doubtful.body, doubtful.headers["Cache-Control"]) == (nobody.body, DOUBTFUL)
    app = signing.world.app
    assert app is not None
    async with app.catalog.database.writing() as connection:
        await connection.execute(update(FACE).filter_by(path=PATH, slot=signing.shown.sealed.slots[0]).values(wrapped_key=None))
    app.catalog.changes.tell([changes.of_photo(PATH)])
    erased = await signing.get(0, rendition=rendition)
    assert (erased.body, erased.headers["Cache-Control"]) == (nobody.body, DOUBTFUL)


@pytest.mark.parametrize("rendition", ["w=5000", "q=99", "w=100&fmt=avif"])
async def test_what_this_edge_does_not_make(world: World, rendition: str) -> None:
    """A rendition that was signed elsewhere and is beyond the limits here is a doubt like any other: the base as published."""
    ring.create(world.folder / "urls.toml")
    world.configure({"sizes": {"renditions": [100, 200], "formats": ["webp"]}}, urls={"key_file": "urls.toml"})
    signing = Signing(world, urls.Keys.read(world.folder / "urls.toml"), await published(world))
    await world.start()
    seen = await signing.get(0, 1, rendition=rendition)
    assert (seen.status, seen.body, seen.headers["Cache-Control"]) == (200, signing.shown.sealed.base, DOUBTFUL)
    assert seen.headers["ETag"] == base_tag(signing.shown.photo)


async def test_too_much_to_do(signing: Signing) -> None:
    """Where nobody is free for a signed size the answer is a 503 that nobody stores, counted; named widths go on."""
    app = signing.world.app
    assert app is not None
    app.view.scalers._room = 0
    busy = await signing.get(0, rendition="w=150")
    assert (busy.status, busy.headers["Retry-After"], busy.headers["Cache-Control"]) == (503, "2", "no-store")
    assert (await signing.get(0, rendition="w=100")).status == 200
    assert "mfmc_scaling_refused_total 1.0" in app.view.metrics.text().decode()


async def test_a_page_with_srcset(signing: Signing) -> None:
    """One call tells where every size is: signed where a face is granted, and each under its own variant."""
    asked = [PATH, f"{PATH}?w=100", f"{PATH}?dpr=2&w=100", f"{PATH}?w=150", f"{PATH}?w=100&fmt=auto"]
    status, told = await signing.told(signing.world.issuer.token("u-red"), *asked)
    assert (status, [entry["photo"] for entry in told["urls"]]) == (200, asked)
    for entry, width in zip(told["urls"], (400, 100, 200, 150, 100), strict=True):
        assert entry["url"].startswith("/-/s/")
        seen = await signing.world.get(entry["url"])
        assert pixels(seen).shape[1] == width
        assert fakes(seen) == [False, True]
        assert entry["variant"] == (None if "auto" in entry["photo"] else seen.headers["ETag"])
    assert told["urls"][3]["url"] == signing.signed(0, rendition="w=150").url


async def test_a_page_for_who_sees_nobody(signing: Signing) -> None:
    """Who is granted nothing gets the plain address in its one form; an odd size is signed for people, not for strangers."""
    eve = signing.world.issuer.token("u-eve")
    for token in (None, eve):
        status, told = await signing.told(token, PATH, f"{PATH}?v=1&dpr=2&w=100", f"{PATH}?v=1")
        assert (status, [entry["url"] for entry in told["urls"]]) == (200, [PATH, f"{PATH}?w=200", PATH])
        assert told["urls"][1]["variant"] == (await signing.world.get(f"{PATH}?w=200")).headers["ETag"]
    _, told = await signing.told(eve, f"{PATH}?w=150")
    seen = await signing.world.get(told["urls"][0]["url"])
    assert (fakes(seen), pixels(seen).shape[1], seen.headers["Cache-Control"]) == ([True, True], 150, GOOD)
    status, refused = await signing.told(None, PATH, f"{PATH}?w=150")
    assert (status, refused["type"]) == (403, "urn:mfmc-edge:problem:odd-rendition")
    for query in ("w=0", "w=100&w=100", "fmt=gif", "w=9999"):
        assert (await signing.told(eve, f"{PATH}?{query}"))[0] == 422
