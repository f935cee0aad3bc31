"""Headers: a table over viewers and decisions, entity tags, 304 and HEAD."""

import pytest

from edge import answer
from edge.plans import base_tag
from tests.fakes import PATH
from tests.fakes import Issuer
from tests.fakes import Seen
from tests.fakes import World
from tests.fakes import set_rule

EXACT = {
    "Content-Type": "image/jpeg",
    "Vary": "Authorization, Cookie",
    "Accept-Ranges": "bytes",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-site",
    "Referrer-Policy": "no-referrer",
}
PUBLIC, PERSONAL, REFUSED = "public, max-age=300", "private, no-cache", "private, no-store"
FORGED = Issuer()


@pytest.fixture
async def served(world: World) -> World:
    """A photo with a friend's face, one for everyone's eyes on another path, and nobody's on a third."""
    await world.publish({1: "u-red", 2: "u-green"}, rules={"u-red": "friends", "u-blue": "everyone"})
    await world.publish({1: "u-blue"}, "/open.jpg", mark=b"open")
    await world.publish({}, "/bare.jpg", mark=b"bare")
    await world.start()
    return world


@pytest.mark.parametrize(
    ("path", "who", "cached"),
    [
        pytest.param(PATH, None, PUBLIC, id="stranger"),
        pytest.param(PATH, "friend", PERSONAL, id="friend"),
        pytest.param(PATH, "owner", PERSONAL, id="owner"),
        pytest.param(PATH, "other", PERSONAL, id="base-with-good-token"),
        pytest.param(PATH, "forged", REFUSED, id="base-with-bad-token"),
        pytest.param("/open.jpg", None, PERSONAL, id="spliced-for-strangers"),
        pytest.param("/open.jpg", "forged", PERSONAL, id="spliced-with-bad-token"),
        pytest.param("/bare.jpg", None, PUBLIC, id="no-faces"),
        pytest.param("/bare.jpg", "friend", PERSONAL, id="no-faces-with-token"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_headers(served: World, path: str, who: str | None, cached: str, method: str) -> None:
    """Only a stranger's base may be kept by shared caches, and every picture varies by who asks."""
    tokens = {
        None: None,
        "friend": served.issuer.token("u-eve", friends=["u-red"]),
        "owner": served.issuer.token("u-red"),
        "other": served.issuer.token("u-eve"),
        "forged": FORGED.token("u-red"),
    }
    seen = await served.get(path, tokens[who], method)
    assert seen.status == 200
    assert seen.headers["Cache-Control"] == cached
    for name, value in EXACT.items():
        assert seen.headers.getall(name) == [value]
    assert "Server" not in seen.headers
    assert "Date" in seen.headers
    full = await served.get(path, tokens[who])
    assert int(seen.headers["Content-Length"]) == len(full.body)
    assert seen.headers["ETag"] == full.headers["ETag"]
    assert seen.body == (full.body if method == "GET" else b"")


SAID = ["synthetic"]


@pytest.mark.parametrize(
    ("path", "who", "friends", "said"),
    [
        pytest.param(PATH, None, [], SAID, id="base"),
        pytest.param(PATH, "u-eve", [], SAID, id="base-with-token"),
        pytest.param(PATH, "u-eve", ["u-red"], SAID, id="one-of-two"),
        pytest.param(PATH, "u-green", ["u-red"], [], id="both"),
        pytest.param("/open.jpg", None, [], [], id="all-for-strangers"),
        pytest.param("/bare.jpg", None, [], [], id="no-faces"),
    ],
)
async def test_synthetic_faces_are_said(served: World, path: str, who: str | None, friends: list[str], said: list[str]) -> None:
    """GET, HEAD and 304 say that a face is synthetic just where one is, and never how many, which or to whom."""
    token = None if who is None else served.issuer.token(who, friends=friends)
    full = await served.get(path, token)
    answers = [full, await served.get(path, token, "HEAD"), await served.get(path, token, If_None_Match=full.headers["ETag"])]
    assert [seen.status for seen in answers] == [200, 200, 304]
    assert [seen.headers.getall("Mfmc-Faces", []) for seen in answers] == [said] * 3


async def test_synthetic_faces_follow_the_tag(served: World) -> None:
    """One entity tag, one answer: whoever keeps the picture keeps the right word on it, whichever viewer it was for."""
    said: dict[str, set[str | None]] = {}
    for who in (None, "u-red", "u-green", "u-eve"):
        for friends in ([], ["u-red"], ["u-red", "u-green"]):
            seen = await served.get(token=None if who is None else served.issuer.token(who, friends=friends))
            said.setdefault(seen.headers["ETag"], set()).add(seen.headers.get("Mfmc-Faces"))
    words = [word for words in said.values() for word in words]
    assert (len(said), len(words), words.count("synthetic"), words.count(None)) == (4, 4, 3, 1)


async def tags(served: World) -> dict[str, Seen]:
    """One photo as four viewers see it."""
    issuer = served.issuer
    return {
        "stranger": await served.get(),
        "friend": await served.get(token=issuer.token("u-eve", friends=["u-red"])),
        "owner": await served.get(token=issuer.token("u-green")),
        "both": await served.get(token=issuer.token("u-green", friends=["u-red"])),
    }


async def test_one_tag_per_variant(served: World) -> None:
    """Different bytes have different entity tags, the same bytes the same, and the tag tells no slot or user."""
    seen = await tags(served)
    assert len({answer.body for answer in seen.values()}) == 4
    assert len({answer.headers["ETag"] for answer in seen.values()}) == 4
    red = await served.get(token=served.issuer.token("u-red"))
    assert red.headers["ETag"] == seen["friend"].headers["ETag"]
    assert all(len(answer.headers["ETag"]) == 34 for answer in seen.values())


async def test_same_tags_on_every_edge(served: World) -> None:
    """Two processes that share catalog and ring give the same tags."""
    before = {name: answer.headers["ETag"] for name, answer in (await tags(served)).items()}
    await served.stop()
    await served.start()
    assert {name: answer.headers["ETag"] for name, answer in (await tags(served)).items()} == before


MATCHES = ["{}", "W/{}", '"x", {}', '{}, "x"', '"x",{},"y"', "*", " {} "]
MISSES = ['"x"', "", "{}x", "x{}", "*, {}x", '"*"', "W/", "{}{}"]


@pytest.mark.parametrize("pattern", MATCHES)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_not_modified(served: World, pattern: str, method: str) -> None:
    """A client that holds this very variant gets a 304 with the picture's headers, for every viewer."""
    tokens = [None, served.issuer.token("u-red"), served.issuer.token("u-eve"), FORGED.token("u-red")]
    for token in tokens:
        full = await served.get(token=token)
        seen = await served.get(token=token, method=method, If_None_Match=pattern.replace("{}", full.headers["ETag"]))
        assert (seen.status, seen.body) == (304, b"")
        for name in ("Cache-Control", "ETag", "Vary"):
            assert seen.headers[name] == full.headers[name]
        assert "Content-Length" not in seen.headers
        assert "Content-Type" not in seen.headers


@pytest.mark.parametrize("pattern", MISSES)
async def test_modified(served: World, pattern: str) -> None:
    """Anything else gets the picture."""
    full = await served.get()
    seen = await served.get(If_None_Match=pattern.replace("{}", full.headers["ETag"]))
    assert (seen.status, seen.body) == (200, full.body)


async def test_tags_do_not_cross_viewers(served: World) -> None:
    """Another viewer's tag never yields a 304: who holds a friend's picture is not told that it is current."""
    seen = await tags(served)
    issuer = served.issuer
    tokens = {
        "stranger": None,
        "friend": issuer.token("u-eve", friends=["u-red"]),
        "owner": issuer.token("u-green"),
        "both": issuer.token("u-green", friends=["u-red"]),
    }
    for asker, token in tokens.items():
        for holder, held in seen.items():
            answer = await served.get(token=token, If_None_Match=held.headers["ETag"])
            assert answer.status == (304 if asker == holder else 200)


async def test_revocation_changes_the_tag(served: World) -> None:
    """A viewer who may no longer see a face is not told that the old picture is still good."""
    from edge.catalog import Catalog

    token = served.issuer.token("u-eve", friends=["u-red"])
    held = await served.get(token=token)
    async with Catalog.open(served.settings.catalog.url) as catalog:
        await set_rule(catalog, "u-red", "nobody")
    served.clock.now += 5
    after = await served.get(token=token, If_None_Match=held.headers["ETag"])
    assert after.status == 200
    assert after.headers["ETag"] == (await served.get()).headers["ETag"]


async def test_no_store_where_configured(world: World) -> None:
    """Operators who want nothing personal kept say so once."""
    world.configure({}, spliced_cache="no-store", public_max_age_seconds=7, resource_policy="same-origin")
    made = await world.publish({1: "u-red"})
    await world.start()
    personal = await world.get(token=world.issuer.token("u-red"))
    assert personal.headers["Cache-Control"] == "private, no-store"
    assert personal.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    public = await world.get()
    assert public.headers["Cache-Control"] == "public, max-age=7"
    assert public.headers["ETag"] == base_tag(made.photo)


async def test_tags_for_caches(world: World) -> None:
    """Caches that want Cache-Tag, with commas, are told the same keys by it, and nobody is told them twice."""
    world.configure({}, surrogate_header="Cache-Tag")
    made = await world.publish({1: "u-red"})
    await world.start()
    seen = await world.get()
    assert seen.headers["Cache-Tag"] == answer.photo_key(made.photo.path).decode()
    assert "Surrogate-Key" not in seen.headers
    doubtful = await world.get(f"/-/s/x{PATH}")
    assert doubtful.headers["Cache-Tag"] == f"{seen.headers['Cache-Tag']},signed"
    assert "Cache-Tag" not in (await world.get(token=world.issuer.token("u-red"))).headers


@pytest.mark.parametrize("header", ["X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded", "Accept", "Origin", "X-Original-URL"])
async def test_unkeyed_input_changes_nothing(served: World, header: str) -> None:
    """No header but the two that Vary names can change an answer."""
    plain = await served.get()
    odd = await served.get(**{header: "evil.example"})
    assert odd.body == plain.body
    assert {k: v for k, v in odd.headers.items() if k != "Date"} == {k: v for k, v in plain.headers.items() if k != "Date"}


STEPS = "1 2 5 10 20 50 100 200 500 1000 2000 5000 10000 20000 50000".split()


async def test_server_timing(world: World) -> None:
    """Where it is wanted, every answer says how long it took, in coarse steps, and names nothing else."""
    world.configure({}, server_timing=True)
    await world.publish({1: "u-red"})
    await world.start()
    red = world.issuer.token("u-red")
    tag = (await world.get(token=red)).headers["ETag"]
    seen_by_red = [await world.get(token=red), await world.get(token=red, If_None_Match=tag)]
    for seen in (await world.get(), *seen_by_red, await world.get("/no.jpg"), await world.get("/-/health")):
        name, _, duration = seen.headers["Server-Timing"].partition(";dur=")
        assert name == "edge"
        assert duration in STEPS
        assert "Timing-Allow-Origin" not in seen.headers


async def test_no_server_timing_by_default(world: World) -> None:
    """Unless it is wanted, no answer says how long it took."""
    await world.publish({1: "u-red"})
    await world.start()
    for path in (PATH, "/no.jpg"):
        assert "Server-Timing" not in (await world.get(path)).headers


@pytest.mark.parametrize(
    ("seconds", "told"), [(0.0, "1"), (0.001, "1"), (0.0011, "2"), (0.0499, "50"), (0.2, "200"), (3.0, "5000"), (1e6, "50000")]
)
def test_timing_is_coarse(seconds: float, told: str) -> None:
    """A time is rounded up to 1, 2 or 5 times a power of ten, in milliseconds."""
    said = answer.sentence(200, "x")
    answer.timed(said, seconds)
    assert said.headers["Server-Timing"] == f"edge;dur={told}"
