"""Asking for any operation as anyone, about one seeded photo: u-red's face and nobody's, uploaded by u-blue."""

import re
from typing import Any

from edge.control import routes
from edge.control.operations import OPERATIONS
from edge.control.operations import Operation
from tests.control.desk import FACES
from tests.control.desk import PHOTO
from tests.control.desk import Desk
from tests.control.desk import Seen
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

IDEMPOTENT = [operation for operation in OPERATIONS if operation.method != "GET"]
CALLERS = {"owner": "u-red", "other": "u-eve", "uploader": "u-blue"}


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
