"""The control API over a real socket: the life of a tag, entity tags, limits, and what happens when things break."""

import asyncio
import json
import logging
from typing import Any

import jsonschema
import msgspec
import pytest
from sqlalchemy import text

from edge.catalog import Photo
from edge.control import openapi
from edge.control import routes
from edge.control import shapes
from edge.control.api import AT_ONCE
from edge.control.operations import OPERATIONS
from edge.control.rate import Room
from tests.control.desk import FACES
from tests.control.desk import PHOTO
from tests.control.desk import Desk
from tests.control.desk import Seen
from tests.control.desk import photo
from tests.fakes import NOW

ROOT = "/-/api/v1"
FACE = f"{FACES}/1"
PLAIN = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; sandbox",
    "referrer-policy": "no-referrer",
}


async def opened(desk: Desk, **settings: Any) -> None:
    """A desk with two faces, nobody's yet, on a photo of u-blue's."""
    desk.configure(settings.pop("limits", {}), **settings)
    await desk.start()
    await desk.reset(photo({1: None, 2: None}))


async def test_the_life_of_a_tag(desk: Desk) -> None:
    """The uploader tags, the person is told, consents, and then decides: veto, leave, erase."""
    await opened(desk)
    blue, red = desk.token("u-blue"), desk.token("u-red")
    tagged = await desk.call("PUT", f"{FACE}/tags/u-red", blue)
    assert tagged.json["tags"] == [{"person": "u-red", "proposed": True, "answer": ""}]
    inbox = (await desk.call("GET", f"{ROOT}/people/u-red/inbox", red)).json
    assert inbox == {"tags": [{"photo": PHOTO, "face": 1}], "suggestions": [], "claims": [], "requests": []}
    asked = (await desk.call("GET", FACE, red)).json
    assert (asked["yours"], asked["tag"]) == (False, {"proposed": True, "answer": ""})
    consented = (await desk.call("PUT", f"{FACE}/tags/u-red/answer", red, {"answer": "yes"})).json
    assert consented["yours"]
    assert {"veto", "erase"} <= set(consented["rights"])
    assert (await desk.call("GET", f"{ROOT}/people/u-red/faces", red)).json == {"faces": [{"photo": PHOTO, "face": 1}]}
    assert (await desk.call("PUT", f"{FACE}/veto", red)).json["vetoed"]
    assert (await desk.call("DELETE", f"{FACE}/key", red)).json["erased"]
    left = (await desk.call("DELETE", f"{FACE}/claims/u-red", red)).json
    assert not left["yours"]
    assert left["tag"] == {"proposed": False, "answer": "no"}
    assert await desk.actions() == ["tag", "consent", "veto", "erase", "withdraw"]


async def test_a_claim_first(desk: Desk) -> None:
    """A person claims, the uploader is told, and tags: two sides have agreed."""
    await opened(desk)
    blue, red = desk.token("u-blue"), desk.token("u-red")
    assert not (await desk.call("PUT", f"{FACE}/claims/u-red", red)).json["yours"]
    inbox = (await desk.call("GET", f"{ROOT}/people/u-blue/inbox", blue)).json
    assert inbox["claims"] == [{"photo": PHOTO, "face": 1, "person": "u-red"}]
    await desk.call("PUT", f"{FACE}/tags/u-red", blue)
    assert (await desk.call("GET", FACE, red)).json["yours"]


async def test_entity_tags(desk: Desk) -> None:
    """A face's ETag is the list's, serves If-None-Match and HEAD, and changes with what the caller may know, for them alone."""
    await opened(desk)
    red, eve = desk.token("u-red"), desk.token("u-eve")
    first = await desk.call("GET", FACE, red)
    tag = first.headers["etag"]
    assert (await desk.call("GET", FACES, red)).json["faces"][0]["etag"] == tag
    for held in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        seen = await desk.call("GET", FACE, red, None, f"If-None-Match: {held}")
        assert (seen.status, seen.body, seen.headers["etag"]) == (304, b"", tag)
        assert "content-type" not in seen.headers
    assert (await desk.call("GET", FACE, red, None, 'If-None-Match: "x"')).status == 200
    head = await desk.call("HEAD", FACE, red)
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", first.headers["content-length"])
    before = (await desk.call("GET", FACE, eve)).headers["etag"]
    changed = await desk.call("PUT", f"{FACE}/claims/u-red", red, None, f"If-Match: {tag}")
    assert changed.status == 200
    assert changed.headers["etag"] == (await desk.call("GET", FACE, red)).headers["etag"] != tag
    assert (await desk.call("GET", FACE, eve)).headers["etag"] == before


async def test_conditions(desk: Desk) -> None:
    """If-Match holds for ``*`` and for a list with the tag; If-None-Match on a change is refused, not ignored."""
    await opened(desk)
    service = desk.service()
    for condition in ("*", ' "x" , {tag} ', "{tag}"):
        tag = (await desk.call("GET", FACE, service)).headers["etag"]
        for verb in ("PUT", "DELETE"):
            seen = await desk.call(verb, f"{FACE}/lock", service, None, f"If-Match: {condition.format(tag=tag)}")
            tag = seen.headers["etag"]
            assert seen.status == 200
    tag = (await desk.call("GET", FACE, service)).headers["etag"]
    assert (await desk.call("GET", FACE, service, None, f"If-Match: {tag}")).status == 200
    assert (await desk.call("GET", FACE, service, None, 'If-Match: "x"')).problem == "stale"
    two = await desk.call("PUT", f"{FACE}/lock", service, None, 'If-Match: "x"', f"If-Match: {tag}")
    assert two.status == 200
    assert (await desk.call("PUT", f"{FACE}/lock", service, None, "If-None-Match: *")).problem == "bad-request"


async def test_the_document(desk: Desk) -> None:
    """The OpenAPI document needs no token, and cannot be changed."""
    await opened(desk)
    seen = await desk.call("GET", f"{ROOT}/openapi.json")
    assert (seen.status, seen.headers["content-type"]) == (200, "application/json")
    assert seen.json == msgspec.to_builtins(openapi.document())
    assert (await desk.call("HEAD", f"{ROOT}/openapi.json")).body == b""
    put = await desk.call("PUT", f"{ROOT}/openapi.json", desk.service(), {})
    assert (put.status, put.headers["allow"]) == (405, "GET, HEAD")


async def test_disabled(desk: Desk) -> None:
    """Switched off, the API is not there at all, not even its document; addresses for a page still are."""
    await opened(desk, limits={"enabled": False})
    for target in (FACES, f"{ROOT}/openapi.json", "/-/api/"):
        assert (await desk.call("GET", target, desk.service())).problem == "not-found"
    assert (await desk.call("POST", "/-/urls", None, {"photos": [PHOTO]})).status == 200


async def test_rates(desk: Desk) -> None:
    """Who asks too often is told when to come back; reads and changes count apart, and refused ones do not."""
    await opened(desk, limits={"requests_per_minute": 2, "changes_per_minute": 1, "service_requests_per_minute": 3})
    red = desk.token("u-red")
    assert [(await desk.call("GET", FACE, red)).status for _ in range(2)] == [200, 200]
    slow = await desk.call("GET", FACE, red)
    assert (slow.problem, slow.headers["retry-after"]) == ("slower", "30")
    assert (await desk.call("PUT", f"{FACE}/claims/u-red", red)).status == 200
    before = await desk.dump()
    assert (await desk.call("DELETE", f"{FACE}/claims/u-red", red)).problem == "slower"
    assert (await desk.call("PUT", f"{ROOT}/nowhere", red)).problem == "slower"
    assert await desk.dump() == before
    assert [(await desk.call("GET", FACE, desk.service())).status for _ in range(4)] == [200, 200, 200, 429]
    assert (await desk.call("GET", FACE, desk.token("u-eve"))).status == 200
    desk.clock.now = NOW + 30
    assert (await desk.call("GET", FACE, red)).status == 200


async def test_no_room(desk: Desk) -> None:
    """While as much is done at once as may be, whoever comes is told to come back, and may."""
    await opened(desk)
    desk.api._rooms = {True: Room(0), False: Room(0)}
    asked = [("GET", FACE, None), ("PUT", f"{FACE}/claims/u-red", None), ("POST", "/-/urls", {"photos": [PHOTO]})]
    for method, target, body in asked:
        seen = await desk.call(method, target, desk.token("u-red"), body)
        assert (seen.problem, seen.headers["retry-after"]) == ("unavailable", "1")
    desk.api._rooms = {True: Room(1), False: Room(1)}
    for _ in range(3):
        assert (await desk.call("PUT", f"{FACE}/claims/u-blue", desk.token("u-red"))).status == 403
        assert (await desk.call("GET", FACE, desk.token("u-red"))).status == 200


class Slow:
    """A catalog that answers when its gate opens, and counts who waits."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.waiting = 0

    async def photo(self, path: str) -> Photo | None:
        self.waiting += 1
        await self.gate.wait()
        return None


async def test_no_reader_keeps_anybody_from_hiding_a_face(desk: Desk) -> None:
    """While strangers ask for as many pages as may be, and each takes its time, a person can still veto."""
    await opened(desk)
    await desk.reset(photo({1: "u-red"}))
    slow = Slow()
    desk.shown.catalog = slow  # type: ignore[assignment]
    pages = [asyncio.create_task(desk.call("POST", "/-/urls", None, {"photos": [PHOTO]})) for _ in range(AT_ONCE)]
    while slow.waiting < AT_ONCE:  # noqa: ASYNC110 - the fake counts
        await asyncio.sleep(0.001)
    assert (await desk.call("PUT", f"{FACE}/veto", desk.token("u-red"))).status == 200
    slow.gate.set()
    await asyncio.gather(*pages)


def check_shape(seen: Seen, operation_id: str) -> None:
    """The answer is exactly what the shapes, and with them the OpenAPI document, say."""
    operation = next(entry for entry in OPERATIONS if entry.name == operation_id)
    shape = shapes.reply(operation)
    if shape is None:
        assert (seen.status, seen.body) == (204, b"")
        return
    assert seen.status == 200
    assert json.loads(msgspec.json.encode(msgspec.json.decode(seen.body, type=shape))) == seen.json
    document = json.loads(msgspec.json.encode(openapi.document()))
    jsonschema.validate(seen.json, {"$ref": f"#/components/schemas/{shape.__name__}", "components": document["components"]})


@pytest.mark.parametrize("model", ["tag", "rule", "matrix"])
async def test_answers_are_as_documented(desk: Desk, model: str) -> None:
    """Every read, by the owner, the uploader, somebody else and a service, is answered in its documented shape."""
    await opened(desk, model=model)
    faces = {1: "u-red", 2: None}
    place = {"path": PHOTO, "slot": 1}
    await desk.reset(
        photo(faces),
        tag=[
            place | {"person": "u-eve", "proposed": True, "answer": ""},
            place | {"person": "u-red", "proposed": False, "answer": "yes"},
        ],
        request=[place | {"person": "u-eve", "answer": ""}],
        suggestion=[place | {"person": "u-eve"}, place | {"person": "u-red"}],
        member=[{"owner": "u-red", "circle": "family", "person": "u-eve"}],
        block=[{"owner": "u-red", "person": "u-blue"}],
        account=[{"person": "u-red", "rule": "friends"}],
        photo_rule=[{"path": PHOTO, "owner": "u-red", "rule": "nobody", "vetoed": True}],
    )
    callers = {name: desk.token(name) for name in ("u-red", "u-blue", "u-eve")} | {"service": desk.service()}
    for operation in OPERATIONS:
        if operation.method != "GET":
            continue
        for name, token in callers.items():
            person = "u-red" if name == "service" else name
            target = routes.target(operation, {"photo": PHOTO, "face": "1", "person": person})
            check_shape(await desk.call("GET", target, token), operation.name)
            head = await desk.call("HEAD", target, token)
            assert (head.status, head.body) == (200, b"")


async def test_headers_of_every_answer(desk: Desk) -> None:
    """Nothing that the API says is stored, sniffed, framed or run."""
    await opened(desk)
    service = desk.service()
    answers = [
        await desk.call("GET", FACE, service),
        await desk.call("PUT", f"{ROOT}/people/u-red/blocks/u-eve", service),
        await desk.call("GET", FACE, service, None, "If-None-Match: *"),
        await desk.call("GET", FACE),
        await desk.call("GET", f"{ROOT}/nowhere", service),
        await desk.call("PATCH", FACE, service),
        await desk.call("PUT", f"{FACE}/owner", service, {}),
        await desk.call("POST", "/-/urls", None, {"photos": [PHOTO]}),
    ]
    assert [seen.status for seen in answers] == [200, 204, 304, 401, 404, 405, 422, 200]
    for seen in answers:
        assert PLAIN.items() <= seen.headers.items()
        assert {"server", "set-cookie", "access-control-allow-origin"}.isdisjoint(seen.headers)


async def test_pictures_take_no_other_method(desk: Desk) -> None:
    """What is not the API's is as it was: GET and HEAD, no body, one plain sentence."""
    await opened(desk)
    for target in (PHOTO, "/-/health", "/-/apix", "/-/api"):
        seen = await desk.call("PUT", target, desk.service(), {})
        told = seen.status, seen.headers["allow"], seen.body
        assert told == (405, "GET, HEAD, OPTIONS", b"Only GET and HEAD are answered here.\n")
        assert (await desk.call("GET", target, raw=b"{}")).body == b"The request is not valid.\n"


@pytest.mark.parametrize("line", ["Expect: 100-continue", "Upgrade: websocket", "Upgrade: h2c"])
async def test_rules_of_the_wire(desk: Desk, line: str) -> None:
    """Expectations and upgrades are refused here as well, and so is a request without a host."""
    await opened(desk)
    assert (await desk.call("PUT", f"{FACE}/lock", desk.service(), None, line)).problem == "bad-request"
    hostless = f"GET {FACE} HTTP/1.1\r\nAuthorization: Bearer {desk.service()}\r\n\r\n"
    assert b"400" in (await desk.raw(hostless.encode())).split(b"\r\n")[0]


async def test_catalog_down(desk: Desk) -> None:
    """While the catalog cannot be read, every answer is one 503, whose text holds no statement."""
    await opened(desk)
    async with desk.catalog.database.writing() as connection:
        await connection.execute(text("ALTER TABLE face RENAME TO face_away"))
    calls: list[tuple[str, str, Any]] = [
        ("GET", FACE, None), ("PUT", f"{FACE}/lock", None), ("DELETE", f"{ROOT}/photos/2026~t1.jpg", None),
        ("POST", "/-/urls", {"photos": [PHOTO]}),
    ]  # fmt: skip
    for method, target, body in calls:
        seen = await desk.call(method, target, None if method == "POST" else desk.service(), body)
        assert seen.problem == "unavailable"
        assert seen.json["title"] == "This cannot be answered right now."


async def test_broken_log(desk: Desk) -> None:
    """While the audit log does not hold, nothing is changed: no change without its entry."""
    await opened(desk)
    async with desk.catalog.database.writing() as connection:
        await connection.execute(text("UPDATE audit_head SET number = 7"))
    before = await desk.dump()
    assert (await desk.call("PUT", f"{FACE}/lock", desk.service())).problem == "failure"
    assert await desk.dump() == before
    assert (await desk.call("GET", FACE, desk.service())).status == 200


async def test_a_fault_tells_nothing(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """A fault is a problem of one sentence, and a log line with the error's type alone."""
    await opened(desk)
    desk.shown.fault = RuntimeError("canary-7f3a")
    seen = await desk.call("POST", "/-/urls", desk.token("u-red"), {"photos": [PHOTO]})
    assert seen.problem == "failure"
    assert seen.json["title"] == "This cannot be answered."
    assert "RuntimeError" in caplog.text
    assert "canary" not in caplog.text + seen.raw.decode()


async def test_logs_and_reprs_hold_nothing(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """No token and no user ID is in any log, whatever is asked."""
    caplog.set_level(logging.DEBUG)
    await opened(desk)
    desk.settings = msgspec.structs.replace(desk.settings, edge=msgspec.structs.replace(desk.settings.edge, access_log=True))
    await desk.serve()
    token = desk.token("u-canary")
    for sent in (token, token[:-1], desk.service("u-canary-service")):
        await desk.call("GET", f"{ROOT}/people/u-canary/inbox", sent)
        await desk.call("PUT", f"{FACE}/claims/u-canary", sent)
        await desk.call("PUT", f"{FACE}/owner", sent, {"person": "u-canary"})
        await desk.call("PUT", f"{FACE}/owner", sent, {"person": "u-canary", "u-canary": 1})
        await desk.call("POST", "/-/urls", sent, {"photos": ["/u-canary"]})
    shown = caplog.text + "".join(json.dumps(record.__dict__, default=repr) for record in caplog.records)
    assert "PUT control: 4" in caplog.text
    for secret in ("canary", token, token[-30:]):
        assert secret not in shown
