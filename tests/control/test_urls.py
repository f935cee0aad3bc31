"""``POST /-/urls``: the same answer for all who may see the same, and nothing about photos that do not exist."""

from typing import Any

import pytest

from edge import urls
from edge.keys import ring
from tests.control.desk import PHOTO
from tests.control.desk import Desk
from tests.control.desk import photo

URLS = "/-/urls"
OTHER = "/2026/t2.jpg"


async def opened(desk: Desk, **limits: int) -> None:
    """Two photos; on the first u-red is shown to everyone, on the second only u-red sees u-red."""
    desk.configure(dict(limits), model="rule")
    await desk.start()
    account = [{"person": "u-green", "rule": "everyone"}]
    await desk.reset(photo({1: "u-green"}), photo({1: "u-red", 2: "u-blue"}, OTHER), account=account)


async def test_in_order(desk: Desk) -> None:
    """Every photo asked for is answered, in the order asked; one that does not exist has no address and no variant."""
    await opened(desk)
    asked = ["/none.jpg", OTHER, "/2026/none.jpg", PHOTO]
    seen = await desk.call("POST", URLS, desk.token("u-red"), {"photos": asked})
    assert (seen.status, seen.headers["content-type"], seen.headers["cache-control"]) == (200, "application/json", "no-store")
    told = seen.json["urls"]
    assert [entry["photo"] for entry in told] == asked
    assert [entry["url"] for entry in told] == [None, OTHER, None, PHOTO]
    for entry in (told[0], told[2]):
        assert entry == {"photo": entry["photo"], "url": None, "variant": None, "expires": None}
    for entry in (told[1], told[3]):
        assert entry["variant"].startswith('"')
        assert entry["expires"] is None


async def test_same_grants_same_answer(desk: Desk) -> None:
    """Viewers to whom the same faces are granted get the same bytes; others get another variant."""
    await opened(desk)
    asked = {"photos": [PHOTO, OTHER]}
    stranger = await desk.call("POST", URLS, None, asked)
    eve = await desk.call("POST", URLS, desk.token("u-eve"), asked)
    ann = await desk.call("POST", URLS, desk.token("u-ann", friends=["u-eve"]), asked)
    red = await desk.call("POST", URLS, desk.token("u-red"), asked)
    blue = await desk.call("POST", URLS, desk.token("u-blue"), asked)
    assert stranger.raw == eve.raw == ann.raw
    assert len({answer.json["urls"][1]["variant"] for answer in (eve, red, blue)}) == 3
    assert len({answer.json["urls"][0]["variant"] for answer in (stranger, eve, red, blue)}) == 1


async def signing(desk: Desk) -> urls.Keys:
    """An edge that signs: on the first photo u-green is everyone's to see, and on both the others see themselves alone."""
    file = desk.folder / "urls.toml"
    ring.create(file)
    desk.configure({}, model="rule", urls={"key_file": "urls.toml"})
    await desk.start()
    account = [{"person": "u-green", "rule": "everyone"}]
    await desk.reset(photo({1: "u-green", 3: "u-red"}), photo({1: "u-red", 2: "u-blue"}, OTHER), account=account)
    return urls.Keys.read(file)


async def test_signed(desk: Desk) -> None:
    """Whoever is granted a face gets a signed address that names just that, and until when, beside the variant's name."""
    keys = await signing(desk)
    seen = await desk.call("POST", URLS, desk.token("u-red"), {"photos": [OTHER, "/none.jpg"]})
    told, none = seen.json["urls"]
    wanted = urls.sign(keys, OTHER, photo({}, OTHER).version, [(1, 0, 0)], desk.clock.now)
    assert (told["url"], told["expires"]) == (wanted.url, wanted.expires)
    assert desk.clock.now + 300 <= told["expires"] <= desk.clock.now + 600
    assert none == {"photo": "/none.jpg", "url": None, "variant": None, "expires": None}
    without = await desk.call("POST", URLS, desk.token("u-eve"), {"photos": [OTHER]})
    assert without.json["urls"][0]["variant"] != told["variant"]


async def test_signed_alike(desk: Desk) -> None:
    """Who may see the same gets the same address within a bucket, others another one that tells no more."""
    await signing(desk)
    asked = {"photos": [PHOTO]}
    eve, ann, red = [await desk.call("POST", URLS, desk.token(who), asked) for who in ("u-eve", "u-ann", "u-red")]
    assert eve.raw == ann.raw
    more, fewer = red.json["urls"][0]["url"], eve.json["urls"][0]["url"]
    assert more != fewer
    assert len(more) == len(fewer)


async def test_signed_for_no_stranger(desk: Desk) -> None:
    """Strangers get the plain address, also of a face that everyone may see, and so does who may see nobody."""
    await signing(desk)
    for token, path in ((None, PHOTO), (None, OTHER), (desk.token("u-eve"), OTHER)):
        told = (await desk.call("POST", URLS, token, {"photos": [path]})).json["urls"][0]
        assert (told["url"], told["expires"]) == (path, None)


async def test_what_a_backend_signs_with(desk: Desk) -> None:
    """The list of a photo's faces tells a service, and no person, what it takes to sign the same address."""
    keys = await signing(desk)
    target = "/-/api/v1/photos/2026~t2.jpg/faces"
    assert (await desk.call("PUT", f"{target}/1/veto", desk.token("u-red"))).status == 200
    listed = (await desk.call("GET", target, desk.service())).json
    epochs = {face["face"]: tuple(face["epochs"]) for face in listed["faces"]}
    assert epochs == {1: (1, 0), 2: (0, 0)}
    made = urls.sign(keys, OTHER, bytes.fromhex(listed["version"]), [(1, *epochs[1])], desk.clock.now)
    told = await desk.call("POST", URLS, desk.token("u-red"), {"photos": [OTHER]})
    assert told.json["urls"][0]["url"] == made.url
    person = (await desk.call("GET", target, desk.token("u-red"))).json
    assert "version" not in person
    assert all("epochs" not in face for face in person["faces"])


async def test_who_counts(desk: Desk) -> None:
    """A token that does not hold is refused, a cookie is not looked at, and a service is no viewer."""
    await opened(desk)
    asked = {"photos": [OTHER]}
    stranger = await desk.call("POST", URLS, None, asked)
    cookie = await desk.call("POST", URLS, None, asked, f"Cookie: __Host-mfmc={desk.token('u-red')}")
    assert cookie.raw == stranger.raw
    for token in (desk.token("u-red", exp=1), desk.service(), "x", ""):
        assert (await desk.call("POST", URLS, token, asked)).problem == "unauthorised"


BAD: list[Any] = [
    {}, {"photos": []}, {"photos": PHOTO}, {"photos": [PHOTO, PHOTO]}, {"photos": [None]}, {"photos": [[PHOTO]]}, [PHOTO], None,
    {"photos": [PHOTO], "viewer": "u-red"}, {"photos": ["2026/t1.jpg"]},
    {"photos": ["/2026/t1.jpg/"]}, {"photos": [""]}, {"photos": ["/"]},
    {"photos": ["/2026//t1.jpg"]}, {"photos": ["/2026/../t1.jpg"]},
    {"photos": ["/2026/t1.jpg?w=0"]}, {"photos": ["/2026/t1%2ejpg"]}, {"photos": ["/2026/t1.jpg?w=320&fmt=gif"]},
    {"photos": ["/2026/t1.jpg?w=320&w=320"]}, {"photos": [f"/2026/t1.jpg?w=320&{'v' * 1_024}"]},
    {"photos": ["/-/health"]}, {"photos": ["//x/t1.jpg"]}, {"photos": ["http://x/t1.jpg"]}, {"photos": ["/t\0.jpg"]},
    {"photos": ["/t1.jpg\n"]}, {"photos": ["/ü.jpg"]}, {"photos": ["/" + "a" * 512]}, {"photos": ["/2026~t1.jpg"]},
    {"photos": [PHOTO, "' OR 1=1"]}, {"photos": [f"/{number}.jpg" for number in range(201)]}, {"photos": ["/\ud800"]},
]  # fmt: skip


async def test_refused_whole(desk: Desk) -> None:
    """One bad entry, and nothing is answered about the good ones."""
    await opened(desk)
    for asked in BAD:
        seen = await desk.call("POST", URLS, desk.token("u-red"), asked)
        assert seen.problem == "unprocessable", asked
    most = {"photos": [f"/{number}.jpg" for number in range(200)]}
    assert (await desk.call("POST", URLS, desk.token("u-red"), most)).status == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
async def test_only_post(desk: Desk, method: str) -> None:
    """No other method, and no other spelling of the address."""
    await opened(desk)
    seen = await desk.call(method, URLS, desk.token("u-red"))
    assert (seen.status, seen.headers["allow"]) == (405, "POST")
    for target in ("/-/urls/", "/-/urls?x", "/-/urlsx", "/-/urls%20"):
        assert (await desk.call("POST", target, desk.token("u-red"), {"photos": [PHOTO]})).status == 404


async def test_rates(desk: Desk) -> None:
    """A person's calls count as reads of theirs; those of all strangers count together."""
    await opened(desk, requests_per_minute=2, stranger_requests_per_minute=3)
    asked = {"photos": [PHOTO]}
    red = [(await desk.call("POST", URLS, desk.token("u-red"), asked)).status for _ in range(3)]
    assert red == [200, 200, 429]
    assert (await desk.call("GET", "/-/api/v1/people/u-red/rule", desk.token("u-red"))).status == 429
    assert [(await desk.call("POST", URLS, None, asked)).status for _ in range(4)] == [200, 200, 200, 429]
    assert (await desk.call("POST", URLS, desk.token("u-eve"), asked)).status == 200
