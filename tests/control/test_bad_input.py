"""What nobody may do: every operation by everyone who should not, forged conditions, odd names, and the same thing twice.

The tables here say what must come out on their own; they are not made of ``edge.control.standing``.
"""

import itertools
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from edge.catalog import Photo
from edge.control import routes
from edge.control.operations import OPERATIONS
from edge.control.operations import Operation
from tests.control.desk import FACES
from tests.control.desk import PHOTO
from tests.control.desk import Desk
from tests.control.desk import Seen
from tests.control.desk import parse
from tests.control.desk import photo

ROOT = "/-/api/v1"
FACE = f"{FACES}/1"
BODIES: dict[str, Any] = {
    "assign": {"person": "u-ann"}, "answer": {"answer": "yes"}, "grant": {"answer": "yes"},
    "rule": {"rule": "friends"}, "override": {"rule": "friends"},
}  # fmt: skip
ONE = {"path": PHOTO, "slot": 1}
SEED: dict[str, list[dict[str, Any]]] = {
    "request": [ONE | {"person": "u-ann", "answer": ""}],
    "suggestion": [ONE | {"person": "u-ann"}],
    "member": [{"owner": "u-red", "circle": "family", "person": "u-ann"}],
    "block": [{"owner": "u-red", "person": "u-dan"}],
    "template": [{"person": "u-red", "model": "m", "salt": b"s" * 32, "wrapped_key": b"k", "sealed": b"t"}],
    "photo_rule": [{"path": PHOTO, "owner": "u-red", "rule": "everyone"}],
}

# Who asks, in u-red's name, about u-red's face on a photo of u-blue's:
#                 owner  other  uploader  service        (without a token, and with a cookie alone, always 401)
EXPECTED = """
list              200    200    200       200
look              200    200    200       200
assign            403    403    403       200
disown            403    403    403       200
claim             200    403    403       200
withdraw          200    403    403       200
tag               403    403    200       200
untag             403    403    200       200
answer            200    403    403       200
ask               200    403    403       200
unask             200    403    403       200
grant             g      403    u         200
show              403    403    200       200
hide              403    403    200       200
veto              200    403    403       200
unveto            200    403    403       200
lock              403    403    403       200
unlock            403    403    403       200
erase             200    403    403       200
dismiss           200    403    403       200
delete-photo      403    403    204       204
override          204    403    403       204
clear-override    204    403    403       204
show-rule         200    403    403       200
rule              204    403    403       204
groups            200    403    403       200
group             204    403    403       204
ungroup           204    403    403       204
drop-group        204    403    403       204
blocks            200    403    403       200
block             204    403    403       204
unblock           204    403    403       204
inbox             200    403    403       200
where             200    403    403       200
enrolled          200    403    403       200
unenrol           204    403    403       204
"""
# What the models do not know, and who answers requests in them.
UNKNOWN = {"tag": {"rule", "override"}, "rule": {"ask", "unask", "grant", "show", "hide"}, "matrix": {"show", "hide"}}
GRANTS = {"tag": {"g": 403, "u": 200}, "matrix": {"g": 200, "u": 403}, "rule": {"g": 409, "u": 409}}
CALLERS = {"owner": "u-red", "other": "u-eve", "uploader": "u-blue"}


def grid(model: str) -> dict[str, dict[str, int]]:
    """The table above for one access model: operation, caller, status."""
    found: dict[str, dict[str, int]] = {}
    for line in EXPECTED.split("\n"):
        name, *cells = line.split() or [""]
        if name in UNKNOWN[model]:
            # A rule is refused before anybody looks whose it is only where one photo is named.
            forbidden = [403 if name == "rule" and cell == "403" else 409 for cell in cells]
            cells = list(map(str, forbidden))
        if name:
            statuses = [GRANTS[model][cell] if cell in "gu" else int(cell) for cell in cells]
            found[name] = dict(zip(("owner", "other", "uploader", "service"), statuses, strict=True))
            found[name] |= {"nobody": 401, "cookie": 401}
    return found


def place(operation: Operation, person: str) -> dict[str, str]:
    """What the route names, for this person; a request is answered for whoever made one."""
    known = {"photo": PHOTO, "face": "1", "person": person, "group": "family", "member": "u-dan"}
    if operation.name == "grant":
        known["person"] = "u-ann"
    return {name: known[name] for name in re.findall(r"{(\w+)}", operation.route)}


async def ask(desk: Desk, operation: Operation, caller: str, person: str = "u-red", *headers: str) -> Seen:
    """The operation by this caller."""
    token, extra = None, list(headers)
    if caller == "service":
        token = desk.service()
    elif caller == "cookie":
        extra.append(f"Cookie: __Host-mfmc={desk.token('u-red')}")
    elif caller != "nobody":
        token = desk.token(CALLERS.get(caller, caller))
    target = routes.target(operation, place(operation, person))
    return await desk.call(operation.method, target, token, BODIES.get(operation.name), *extra)


async def opened(desk: Desk, model: str = "matrix") -> None:
    """A desk in this model, and the seed."""
    desk.configure({}, model=model)
    await desk.start()
    await seed(desk)


async def seed(desk: Desk) -> None:
    """u-red's face and nobody's on a photo of u-blue's, and something of everything else."""
    await desk.reset(photo({1: "u-red", 2: None}), **SEED)


@pytest.mark.parametrize("model", ["tag", "rule", "matrix"])
async def test_every_operation_by_everyone(desk: Desk, model: str) -> None:
    """Each operation is done for whoever may and for nobody else, and whoever may not changes nothing, not even the log."""
    await opened(desk, model)
    expected = grid(model)
    assert set(expected) == {operation.name for operation in OPERATIONS}
    for operation in OPERATIONS:
        for caller, status in expected[operation.name].items():
            await seed(desk)
            before = await desk.dump()
            seen = await ask(desk, operation, caller)
            assert seen.status == status, (operation.name, caller, seen)
            if status >= 400:
                assert seen.problem == {401: "unauthorised", 403: "forbidden", 409: "wrong-model"}[status]
                assert await desk.dump() == before, (operation.name, caller)
            elif operation.method == "GET":
                assert await desk.dump() == before, (operation.name, caller)


IDEMPOTENT = [operation for operation in OPERATIONS if operation.method != "GET"]
ANSWER, GRANT = (next(entry for entry in OPERATIONS if entry.name == name) for name in ("answer", "grant"))


@pytest.mark.parametrize("model", ["tag", "rule", "matrix"])
async def test_twice_is_once(desk: Desk, model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every change asked for twice is answered twice and made once: same status, same answer, and not one row differs.

    A photo that was deleted is the one exception: it is not found any more, and the state is the same.
    """
    await opened(desk, model)
    for operation, word in [(operation, "yes") for operation in IDEMPOTENT] + [(ANSWER, "no"), (GRANT, "no")]:
        if operation in (ANSWER, GRANT):
            monkeypatch.setitem(BODIES, operation.name, {"answer": word})
        for caller in ("owner", "other", "uploader", "service"):
            await seed(desk)
            first = await ask(desk, operation, caller)
            after = await desk.dump()
            second = await ask(desk, operation, caller)
            assert await desk.dump() == after, (operation.name, caller)
            if operation.name == "delete-photo" and first.status == 204:
                assert second.problem == "not-found"
            else:
                assert first.raw == second.raw, (operation.name, caller)


@pytest.mark.parametrize("model", ["tag", "rule", "matrix"])
async def test_there_and_back(desk: Desk, model: str) -> None:
    """What is said and taken back twice in a row, by whoever may, is answered each time."""
    await opened(desk, model)
    for there, back in (("claim", "withdraw"), ("tag", "untag"), ("veto", "unveto"), ("lock", "unlock"), ("block", "unblock"),
                        ("group", "ungroup"), ("override", "clear-override"), ("ask", "unask"), ("show", "hide")):  # fmt: skip
        pair = [next(entry for entry in OPERATIONS if entry.name == name) for name in (there, back)]
        await seed(desk)
        statuses = [(await ask(desk, operation, "service")).status for operation in pair * 2]
        assert statuses[:2] == statuses[2:]


SOMEBODYS: dict[str, dict[str, Any]] = {
    "somebody's": {},
    "vetoed": {"rows": {"photo_rule": [{"path": PHOTO, "owner": "u-red", "rule": "everyone", "vetoed": True}]}},
    "locked-and-shown": {"face": {"locked": True, "shown": True, "epoch": 7}},
    "erased": {"face": {"wrapped_key": None}},
    "tagged-and-asked-for": {
        "rows": {
            "tag": [
                ONE | {"person": "u-ann", "proposed": True, "answer": ""},
                ONE | {"person": "u-dan", "proposed": False, "answer": "yes"},
            ],
            "request": [ONE | {"person": "u-ann", "answer": "yes"}],
            "suggestion": [ONE | {"person": "u-dan"}],
        },
    },
    "blocking": {
        "rows": {
            "block": [{"owner": "u-red", "person": "u-eve"}],
            "account": [{"person": "u-red", "rule": "everyone", "tied": True}],
        },
    },
}  # fmt: skip


async def told(desk: Desk, owner: str | None, setting: dict[str, Any]) -> list[tuple[str, bytes]]:
    """Everything that u-eve is told by every operation, in her own name and in u-red's, from the same beginning each time."""
    answers, changed = [], True
    for operation, person in itertools.product(OPERATIONS, ("u-eve", "u-red")):
        if changed:
            await desk.reset(changed_photo(owner, **setting.get("face", {})), **setting.get("rows", {}))
        seen = await ask(desk, operation, "u-eve", person)
        changed = seen.status < 300 and operation.method != "GET"
        answers.append((f"{operation.name} {person}", seen.raw))
        if changed:
            for target in (FACES, FACE):
                answers.append((f"after {operation.name}", (await desk.call("GET", target, desk.token("u-eve"))).raw))
    return answers


def changed_photo(owner: str | None, **face: Any) -> Photo:
    """The photo with its first face changed."""
    made = photo({1: owner, 2: None})
    return replace(made, faces=(replace(made.faces[0], **face), *made.faces[1:]))


@pytest.mark.parametrize("model", ["tag", "rule", "matrix"])
async def test_somebodys_face_and_nobodys_are_the_same(desk: Desk, model: str) -> None:
    """To somebody else, a face that is somebody's answers like one that is nobody's, byte for byte, whatever they ask for."""
    await opened(desk, model)
    nobodys = await told(desk, None, {})
    for case, setting in SOMEBODYS.items():
        assert await told(desk, "u-red", setting) == nobodys, case


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
