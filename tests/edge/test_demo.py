"""The demo page: three views side by side, through the real flow."""

import re

import pytest

from edge.demo import is_local
from tests.fakes import World


async def demo(world: World) -> None:
    """A published photo, three views of it, and one whose token file is missing."""
    (world.folder / "friend.jwt").write_text(world.issuer.token("u-eve", friends=["u-red"]) + "\n")
    (world.folder / "owner.jwt").write_text(world.issuer.token("u-green"))
    views = [
        {"name": "stranger"},
        {"name": "friend", "token_file": "friend.jwt", "caption": "<b>A friend</b> of u-red"},
        {"name": "owner", "token_file": "owner.jwt"},
        {"name": "lost", "token_file": "none.jwt"},
    ]
    world.configure({"demo": {"photo": "t1.jpg", "views": views}})


async def test_three_views(world: World) -> None:
    """Each picture is just what that viewer would get at the photo's own address."""
    await demo(world)
    made = await world.publish({1: "u-red", 2: "u-green"}, "/t1.jpg", rules={"u-red": "friends"})
    await world.start()
    shown = {name: (await world.get(f"/-/demo/{name}.jpg")).body for name in ("stranger", "friend", "owner", "lost")}
    assert shown == {
        "stranger": made.base, "friend": made.seen(1), "owner": made.seen(2), "lost": made.base,
    }  # fmt: skip


async def test_page(world: World) -> None:
    """The page names viewers and owners, runs no script, loads nothing from elsewhere, and escapes what it shows."""
    await demo(world)
    await world.publish({1: "u-red", 2: "u-green", 3: None}, "/t1.jpg", rules={"u-red": "friends"})
    await world.start()
    seen = await world.get("/-/demo")
    page = seen.body.decode()
    assert seen.status == 200
    assert seen.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "script" not in seen.headers["Content-Security-Policy"]
    assert seen.headers["Content-Security-Policy"].startswith("default-src 'none'; img-src 'self'; style-src 'sha256-")
    assert seen.headers["Cache-Control"] == "no-store"
    assert re.findall(r'src="([^"]+)"', page) == [f"/-/demo/{n}.jpg" for n in ("stranger", "friend", "owner", "lost")]
    assert "&lt;b&gt;A friend" in page
    assert "<script" not in page
    assert "Token of u-eve: 1 of 3 faces are real" in page
    assert "u-red lets friends see it" in page
    assert "unclaimed" in page
    assert "eyJ" not in page


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Host": "evil.example"}, id="another-name"),
        pytest.param({"Host": "localhost.evil.example:8080"}, id="a-longer-name"),
        pytest.param({"Host": "[::2]:8080"}, id="another-address"),
        pytest.param({"X_Forwarded_For": "203.0.113.9"}, id="forwarded"),
        pytest.param({"Forwarded": "for=203.0.113.9"}, id="forwarded-standard"),
        pytest.param({"Via": "1.1 proxy"}, id="via"),
    ],
)
async def test_only_for_this_machine(world: World, headers: dict[str, str]) -> None:
    """Under another name, or through a proxy, there is no demo: a page elsewhere must not read its views."""
    await demo(world)
    await world.publish({1: "u-red"}, "/t1.jpg")
    await world.start()
    for place in ("/-/demo", "/-/demo/owner.jpg"):
        assert (await world.get(place, **headers)).status == 404


@pytest.mark.parametrize("host", ["localhost", "localhost:8080", "127.0.0.1:8080", "[::1]:8080", "[::1]"])
def test_this_machine(host: str) -> None:
    """The names of this machine, with or without a port."""
    assert is_local({"Host": host})


async def test_unknown_views(world: World) -> None:
    """Only the configured names exist."""
    await demo(world)
    await world.publish({1: "u-red"}, "/t1.jpg")
    await world.start()
    for path in ("/-/demo/", "/-/demo/x.jpg", "/-/demo/friend", "/-/demo/friend.jpg.jpg", "/-/demo/../ring.toml"):
        assert (await world.raw(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())).startswith(
            b"HTTP/1.1 404"
        )


async def test_no_demo_unless_configured(world: World) -> None:
    """Without [demo] there is no such page."""
    await world.publish({1: "u-red"})
    await world.start()
    assert (await world.get("/-/demo")).status == 404
    assert (await world.get("/-/demo/friend.jpg")).status == 404
