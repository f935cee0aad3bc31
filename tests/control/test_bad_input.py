"""What is no request: forged conditions, odd names, odd bodies, things that are not there, and one more than there may be."""

import itertools
import re
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from edge.control import routes
from edge.control.operations import OPERATIONS
from tests.control.asking import BODIES
from tests.control.asking import FACE
from tests.control.asking import IDEMPOTENT
from tests.control.asking import ONE
from tests.control.asking import ROOT
from tests.control.asking import ask
from tests.control.asking import opened
from tests.control.asking import place
from tests.control.asking import seed
from tests.control.desk import FACES
from tests.control.desk import Desk
from tests.control.desk import parse
from tests.control.desk import photo

FORGED = [
    '"x"', '""', "", " ", ",", '"' + "0" * 32 + '"', "W/{tag}", "{tag}x", "x{tag}",
    "{bare}", "'{bare}'", '"{BARE}"', "**", '"*"', "* , *", "*,{tag}x",
    '"{bare}\x80"', "{other}", "{stranger}",
]  # fmt: skip


async def test_forged_conditions(desk: Desk) -> None:
    """An If-Match that is not exactly the tag that this caller was told of this face stops every change of a face."""
    await opened(desk, "tag")
    service = desk.service()
    tag = (await desk.call("GET", FACE, service)).headers["etag"]
    named = {"tag": tag, "bare": tag.strip('"'), "BARE": tag.strip('"').upper()}
    named["other"] = (await desk.call("GET", f"{FACES}/2", service)).headers["etag"]
    named["stranger"] = (await desk.call("GET", FACE, desk.token("u-eve"))).headers["etag"]
    before = await desk.dump()
    for operation in IDEMPOTENT:
        if operation.about == "face":
            for forged in FORGED if operation.name == "lock" else ('"x"', "{other}"):
                seen = await ask(desk, operation, "service", "u-red", f"If-Match: {forged.format(**named)}")
                assert seen.problem == "stale", (operation.name, forged)
    assert await desk.dump() == before


async def test_stale_conditions(desk: Desk) -> None:
    """A tag from before somebody else's change stops the change; a right that is missing is said first."""
    await opened(desk, "tag")
    red, service = desk.token("u-red"), desk.service()
    old = (await desk.call("GET", FACE, red)).headers["etag"]
    assert (await desk.call("PUT", f"{FACE}/lock", service)).status == 200
    before = await desk.dump()
    assert (await desk.call("PUT", f"{FACE}/veto", red, None, f"If-Match: {old}")).problem == "stale"
    assert (await desk.call("PUT", f"{FACE}/lock", red, None, f"If-Match: {old}")).problem == "forbidden"
    assert await desk.dump() == before
    new = (await desk.call("GET", FACE, red)).headers["etag"]
    assert (await desk.call("PUT", f"{FACE}/veto", red, None, f"If-Match: {new}")).status == 200


async def test_conditions_where_nothing_can_match(desk: Desk) -> None:
    """What is not about one face has no tag, so a condition on one is never taken as met."""
    await opened(desk)
    for operation in IDEMPOTENT:
        if operation.about != "face":
            await seed(desk)
            before = await desk.dump()
            assert (await ask(desk, operation, "service", "u-red", 'If-Match: "x"')).problem == "stale", operation.name
            assert await desk.dump() == before
            assert (await ask(desk, operation, "service", "u-red", "If-Match: *")).status == 204


ODD = [
    ".", "..", "%2e", "%2E%2E", "u%2Dred", "u-red%00", "u-red%0a", "u-red%20",
    "%75-red", "u-red%", "u+red", "u'red", 'u"red', "u;DROP",
    "u-red'--", "u-red' OR '1'='1", "u-red);--", "*", "%", "_%", "u?", "u#",
    "u&a=b", "u\\..", "u|id", "$(id)", "`id`", "{{7*7}}", "${7*7}",
    "<script>", "u\x7f", "\xfc", "\xc3\xbc", "\xe2\x80\xae", "\xef\xbc\x95",
    "u" * 5_000, "u-red/", "/u-red", "u-red//", "~", "~u", "u~",
    "u-red,u-eve", "u=1", "!", "(u)", "[u]", "u^", "u\t",
]  # fmt: skip


async def test_odd_names(desk: Desk) -> None:
    """An ID, a face, a photo or a group in a shape of none is not found, and nothing of it comes back or goes on to the store."""
    await opened(desk, "tag")
    before, token = await desk.dump(), desk.service()
    shapes = (f"{ROOT}/photos/{{}}/faces", f"{FACES}/{{}}/veto", f"{FACE}/tags/{{}}", f"{FACE}/requests/{{}}/answer",
              f"{ROOT}/photos/2026~t1.jpg/rules/{{}}", f"{ROOT}/people/{{}}/inbox", f"{ROOT}/people/{{}}/groups/a/u-eve",
              f"{ROOT}/people/u-red/groups/{{}}/u-eve", f"{ROOT}/people/u-red/groups/a/{{}}",
              f"{ROOT}/people/u-red/blocks/{{}}")  # fmt: skip
    for odd in ODD:
        for method, shape in itertools.product(("GET", "PUT", "DELETE"), shapes):
            head = f"{method} {shape.format(odd)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n"
            seen = parse(await desk.raw(f"{head}\r\n".encode("latin-1")))
            assert seen.status in (400, 404), (method, shape, odd)
            assert seen.body in (
                b'{"type":"urn:mfmc-edge:problem:not-found","title":"There is no such thing.","status":404}',
                b"The request is not valid.\n",
            )  # fmt: skip
    assert await desk.dump() == before


async def test_good_but_unusual_names(desk: Desk) -> None:
    """Names that other programs stumble over are names here, and stay apart."""
    await opened(desk, "tag")
    await desk.reset(photo({1: None}))
    names = ["null", "undefined", "true", "__proto__", "constructor", "u-red:", "@u-red", "u--", "a@b.example",
             "urn:user:1", "0", "-", "_",
             "...", "u" * 128, "U-RED"]  # fmt: skip
    for name in names:
        assert (await desk.call("PUT", f"{ROOT}/people/u-red/blocks/{name}", desk.token("u-red"))).status == 204
        own = await desk.call("GET", f"{ROOT}/people/{name}/blocks", desk.token(name))
        assert own.json == {"blocked": []}
    assert (await desk.call("GET", f"{ROOT}/people/u-red/blocks", desk.token("u-red"))).json == {"blocked": sorted(names)}


RULES = [
    "", " ", "Friends", "friends ", " friends", "friends  everyone", "nobody friends",
    "nobody everyone", "user:", "user:u red", "group:", "group:Family",
    "group:-a", "members", "user:u-red;", "friends,everyone", "friends\teveryone",
    "friends\neveryone", "friends\0", "\uff46riends", "user:ü", "*",
    "everyone' --", " ".join(f"user:u-{n}" for n in range(201)), "user:" + "u" * 129, "a" * 32_768,
]  # fmt: skip


async def test_odd_rules(desk: Desk) -> None:
    """A rule that is none is refused for a person and for a photo, and the rule in force stays."""
    await opened(desk)
    before = await desk.dump()
    for odd in RULES:
        for target in (f"{ROOT}/people/u-red/rule", f"{ROOT}/photos/2026~t1.jpg/rules/u-red"):
            assert (await desk.call("PUT", target, desk.token("u-red"), {"rule": odd})).problem == "unprocessable", odd
    assert await desk.dump() == before
    desk.configure({}, model="rule")
    await desk.serve()
    for odd in ("user:u-eve", "group:family", "friends group:family", "everyone friends"):
        seen = await desk.call("PUT", f"{ROOT}/people/u-red/rule", desk.token("u-red"), {"rule": odd})
        assert seen.problem == "wrong-model", odd
    assert await desk.dump() == before


async def test_odd_bodies(desk: Desk) -> None:
    """Bodies that are huge, deep, of another type or of another operation are refused for every operation that takes one."""
    await opened(desk, "tag")
    before = await desk.dump()
    bodies: list[Any] = [
        b"[" * 60_000, b"[" * 30_000 + b"]" * 30_000, b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b"[" + b"1," * 30_000 + b"1]", b'"' + b"a" * 60_000 + b'"',
        b"null", b"0", b"-1e308", b"\xff\xfe", b"\0", b'{"person":"u-ann","answer":"yes","rule":"friends"}',
        b'{"answer":["yes"]}', b'{"rule":null}',
        b'{"person":{"$ne":""}}', b'{"answer":"yes","answer":"no"}', b"<xml/>", b"person=u-ann",
    ]  # fmt: skip
    for operation in IDEMPOTENT:
        for body in bodies:
            target = routes.target(operation, place(operation, "u-red"))
            seen = await desk.call(operation.method, target, desk.service(), raw=body)
            assert seen.problem == "unprocessable", (operation.name, body[:30])
        seen = await desk.call(operation.method, target, desk.service(), raw=b" " * 70_000)
        assert seen.problem == "too-large"
    assert await desk.dump() == before


async def test_what_is_not_there(desk: Desk) -> None:
    """A photo or face that does not exist is not found, by whoever may everything and by whoever may nothing."""
    await opened(desk, "tag")
    before = await desk.dump()
    for operation in OPERATIONS:
        if operation.about != "person":
            for changed in ({"photo": "/2026/none.jpg"}, {"face": "9999"}):
                where = place(operation, "u-red")
                if set(changed) <= set(where):
                    target = routes.target(operation, where | changed)
                    for token in (desk.service(), desk.token("u-eve")):
                        seen = await desk.call(operation.method, target, token, BODIES.get(operation.name))
                        wanted = "wrong-model" if operation.name == "override" else "not-found"
                        assert seen.problem in (wanted, "not-found"), operation.name
    assert await desk.dump() == before


async def test_declining_pins_nothing(desk: Desk) -> None:
    """Declining a request leaves no override behind that would outlive a stricter rule set later (matrix model)."""
    await opened(desk)
    red = desk.token("u-red")
    asked = [ONE | {"person": "u-ann", "answer": ""}]
    await desk.reset(photo({1: "u-red"}), request=asked, account=[{"person": "u-red", "rule": "everyone"}])
    assert (await desk.call("PUT", f"{FACE}/requests/u-ann/answer", red, {"answer": "no"})).status == 200
    assert (await desk.call("PUT", f"{FACE}/requests/u-ann/answer", red, {"answer": "yes"})).status == 200
    assert (await desk.call("PUT", f"{ROOT}/people/u-red/rule", red, {"rule": "nobody"})).status == 204
    assert (await desk.call("GET", FACE, red)).json["rule"] == "nobody"
    assert (await desk.dump())["photo_rule"] == []


async def test_limits(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """At a limit one more is refused, also of a new group, and what is there already may be said again."""
    from edge.control import faces
    from edge.control import people
    from edge.control import requests

    await opened(desk)
    await desk.reset(photo({1: "u-red"}))
    for module, name, value in ((people, "MAX_GROUPS", 2), (people, "MAX_MEMBERS", 2), (people, "MAX_ALL_MEMBERS", 3),
                                (people, "MAX_BLOCKS", 1), (faces, "MAX_TAGS", 2), (requests, "MAX_TAGS", 2)):  # fmt: skip
        monkeypatch.setattr(module, name, value)
    red = desk.token("u-red")

    async def put(path: str, token: str = red) -> str:
        seen = await desk.call("PUT", path, token)
        return seen.problem if seen.status >= 400 else "done"

    groups = f"{ROOT}/people/u-red/groups"
    put_in_one = [await put(f"{groups}/{name}") for name in ("a/u-1", "a/u-2", "a/u-3", "a/u-1")]
    assert put_in_one == ["done", "done", "too-many", "done"]
    assert [await put(f"{groups}/{name}") for name in ("b/u-1", "b/u-2", "c/u-1")] == ["done", "too-many", "too-many"]
    await desk.call("DELETE", f"{groups}/a/u-2", red)
    assert [await put(f"{groups}/{name}") for name in ("c/u-1", "b/u-2")] == ["too-many", "done"]
    assert [await put(f"{ROOT}/people/u-red/blocks/{name}") for name in ("u-1", "u-2", "u-1")] == ["done", "too-many", "done"]
    for about in ("claims", "requests"):
        asked = [await put(f"{FACE}/{about}/{name}", desk.token(name)) for name in ("u-1", "u-2", "u-3", "u-1")]
        assert asked == ["done", "done", "too-many", "done"]


_FILLING = st.text(st.characters(codec="latin-1", exclude_characters="\r\n \x00"), max_size=12)


@st.composite
def addresses(draw: st.DrawFn) -> str:
    """The address of an operation with anything in place of what its route names."""
    route = draw(st.sampled_from(OPERATIONS)).route
    return re.sub(r"{\w+}", lambda _: draw(_FILLING), ROOT + route) + draw(st.just("") | _FILLING)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(method=st.sampled_from(["GET", "PUT", "DELETE", "POST", "PATCH"]), target=addresses(), content=st.binary(max_size=40))
async def test_any_address_and_body(desk: Desk, method: str, target: str, content: bytes) -> None:
    """No address and no body, of a service's, makes a fault or an answer of another kind."""
    if not desk.port:
        await opened(desk)
    head = f"{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {desk.service()}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    answered = await desk.raw(head.encode("latin-1") + content)
    status = int(answered.split(b" ", 2)[1])
    assert status in (200, 204, 400, 404, 405, 409, 412, 415, 422), answered
