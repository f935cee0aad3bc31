"""CORS: other sites' pages read what anybody may have; what a viewer is shown only where that is configured, and by whom."""

from typing import Any

import pytest

from edge.errors import ConfigError
from tests.fakes import PATH
from tests.fakes import Published
from tests.fakes import Seen
from tests.fakes import World

APP, OTHER, EVIL = "https://app.example", "https://admin.example:8443", "https://evil.example"
VARY = "Authorization, Cookie"


async def started(world: World, **table: Any) -> Published:
    """A published photo on a listening edge with this ``[edge.cors]``."""
    world.configure({}, cors=table)
    made = await world.publish({1: "u-red", 2: "u-green"})
    await world.start()
    return made


def shared(seen: Seen) -> dict[str, str]:
    """The CORS headers of an answer, and what it varies by."""
    return {name: value for name, value in seen.headers.items() if name.startswith("Access-Control") or name == "Vary"}


def allowed(origin: str) -> dict[str, str]:
    return {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": "Content-Range, ETag, Mfmc-Faces"}


async def answers(world: World, path: str, token: str | None, **headers: str) -> list[Seen]:
    """Whole, without its body, a part, and unchanged."""
    whole = await world.get(path, token, **headers)
    return [
        whole, await world.get(path, token, "HEAD", **headers), await world.get(path, token, Range="bytes=0-1", **headers),
        await world.get(path, token, If_None_Match=whole.headers["ETag"], **headers),
    ]  # fmt: skip


async def test_nobody_by_default(world: World) -> None:
    """Without the table no page of another site may read anything."""
    await started(world)
    for token in (None, world.issuer.token("u-red"), "rubbish"):
        for seen in await answers(world, PATH, token, Origin=APP):
            assert shared(seen) == {"Vary": VARY}


@pytest.mark.parametrize("origin", ["*", APP])
async def test_one_origin_or_all(world: World, origin: str) -> None:
    """What anybody may have says so to everybody alike, so that caches keep one answer; a viewer's picture says nothing."""
    await started(world, origins=[origin])
    for asked in ({}, {"Origin": APP}, {"Origin": EVIL}):
        for seen in await answers(world, PATH, None, **asked):
            assert shared(seen) == {"Vary": VARY} | allowed(origin)
        for seen in await answers(world, f"/-/s/x{PATH}", None, **asked):
            assert shared(seen) == allowed(origin)
        for token in (world.issuer.token("u-red"), world.issuer.token("u-eve"), "rubbish"):
            for seen in await answers(world, PATH, token, **asked):
                assert shared(seen) == {"Vary": VARY}


async def test_several_origins(world: World) -> None:
    """Each is told itself alone, nobody else is told anything, and every answer says that it varies by that."""
    await started(world, origins=[APP, OTHER])
    for asked, told in ((APP, True), (OTHER, True), (EVIL, False), ("null", False), (f"{APP}, {OTHER}", False)):
        for path, vary in ((PATH, f"{VARY}, Origin"), (f"/-/s/x{PATH}", "Origin")):
            for seen in await answers(world, path, None, Origin=asked):
                assert shared(seen) == {"Vary": vary} | (allowed(asked) if told else {})
    assert shared(await world.get()) == {"Vary": f"{VARY}, Origin"}
    assert shared(await world.get(token=world.issuer.token("u-red"), Origin=APP)) == {"Vary": VARY}


async def test_with_credentials(world: World) -> None:
    """Pages that are listed may read what their visitor sees, and no others may."""
    made = await started(world, origins=[APP, OTHER], credentials=True)
    for token, faces in ((None, ()), (world.issuer.token("u-red"), (1,)), (world.issuer.token("u-eve"), ()), ("rubbish", ())):
        for asked, told in ((APP, True), (EVIL, False)):
            full, *others = await answers(world, PATH, token, Origin=asked)
            assert full.body == made.seen(*faces)
            for seen in (full, *others):
                credentials = {"Access-Control-Allow-Credentials": "true"}
                assert shared(seen) == {"Vary": f"{VARY}, Origin"} | (allowed(asked) | credentials if told else {})


@pytest.mark.parametrize(
    ("table", "origin", "told"),
    [
        pytest.param({"origins": ["*"]}, EVIL, "*", id="all"),
        pytest.param({"origins": [APP]}, APP, APP, id="one"),
        pytest.param({"origins": [APP]}, EVIL, None, id="another"),
        pytest.param({"origins": [APP, OTHER]}, OTHER, OTHER, id="one-of-two"),
        pytest.param({"origins": [APP], "credentials": True}, APP, APP, id="credentials"),
        pytest.param({"origins": [APP], "credentials": True}, EVIL, None, id="credentials-for-another"),
    ],
)
async def test_preflight(world: World, table: dict[str, Any], origin: str, told: str | None) -> None:
    """A page is told that it may ask with conditions and ranges, and with a token only where it may read what that shows."""
    await started(world, max_age_seconds=7, **table)
    seen = await world.send("OPTIONS", PATH, {"Origin": origin, "Access-Control-Request-Method": "GET"})
    assert (seen.status, seen.headers["Allow"], seen.headers["Vary"]) == (204, "GET, HEAD, OPTIONS", "Origin")
    assert seen.headers.get("Access-Control-Allow-Origin") == told
    names = {name for name in seen.headers if name.startswith("Access-Control")}
    if told is None:
        assert not names
        return
    assert seen.headers["Access-Control-Allow-Methods"] == "GET, HEAD"
    assert seen.headers["Access-Control-Max-Age"] == "7"
    assert ("Authorization" in seen.headers["Access-Control-Allow-Headers"]) is table.get("credentials", False)
    assert ("Access-Control-Allow-Credentials" in names) is table.get("credentials", False)
    plain = await world.send("OPTIONS", PATH, {"Origin": origin})
    assert not [name for name in plain.headers if name.startswith("Access-Control")]


@pytest.mark.parametrize(
    "table",
    [
        {"origins": ["*", APP]}, {"origins": ["*"], "credentials": True}, {"credentials": True}, {"origins": ["null"]},
        {"origins": ["app.example"]}, {"origins": [APP + "/"]}, {"origins": [APP + "/x"]}, {"origins": ["https://*.example"]},
        {"origins": ["HTTPS://app.example"]}, {"origins": [APP + ":0443"]}, {"origins": [APP + "\r\nX: y"]},
        {"origins": [APP + "\n"]}, {"origins": ["https://a b"]},
        {"origins": [""]}, {"origins": APP}, {"max_age_seconds": -1}, {"origin": [APP]},
    ],
)  # fmt: skip
def test_what_would_run_open_is_refused(world: World, table: dict[str, Any]) -> None:
    """Every page together with credentials, and what no browser sends as an origin, stop the process by name."""
    with pytest.raises(ConfigError, match=r"edge\.cors"):
        world.configure({}, cors=table)
