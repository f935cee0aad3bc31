"""Who may what, and what they are told: every operation by everyone, in every model, and the same thing twice.

The tables here say what must come out on their own; they are not made of ``edge.control.standing``.
"""

import itertools
import re
from dataclasses import replace
from typing import Any

import pytest

from edge.catalog import Photo
from edge.control.operations import OPERATIONS
from tests.control.asking import BODIES
from tests.control.asking import FACE
from tests.control.asking import IDEMPOTENT
from tests.control.asking import ONE
from tests.control.asking import ask
from tests.control.asking import opened
from tests.control.asking import seed
from tests.control.desk import FACES
from tests.control.desk import PHOTO
from tests.control.desk import Desk
from tests.control.desk import photo

ANSWER, GRANT = (next(entry for entry in OPERATIONS if entry.name == name) for name in ("answer", "grant"))

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
        answers.append((f"{operation.name} {person}", unseen(seen.raw)))
        if changed:
            for target in (FACES, FACE):
                answers.append((f"after {operation.name}", unseen((await desk.call("GET", target, desk.token("u-eve"))).raw)))
    return answers


def unseen(raw: bytes) -> bytes:
    """An answer but for whether the caller sees each face, which the picture itself tells them."""
    return re.sub(rb'(?m),"real":(true|false)|^Content-Length: \d+\n', b"", raw)


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
