"""``mfmc-edge faces``: every operation of control, one command each, made of the same table as the API's routes."""

import argparse
import asyncio
import re
import time
from collections.abc import Callable
from typing import Any
from typing import Literal
from typing import get_args
from typing import get_origin

import msgspec

from edge import address
from edge import config
from edge.control import listing
from edge.control.caller import OPERATOR
from edge.control.caller import Caller
from edge.control.opening import open_control
from edge.control.operations import OPERATIONS
from edge.control.operations import Nothing
from edge.control.operations import Operation
from edge.control.perform import Reply
from edge.control.routes import PARTS
from edge.control.rule import canonical
from edge.control.rule import is_group
from edge.errors import Refusal
from edge.friends import is_user

ABOUT = """Say who may see which face, and look at what was said; every command is an operation of the control API
(docs/control-api.md). A command acts as the operator, who may do everything, or with --as USER as that person, with that
person's rights."""
EXAMPLES = """examples:
  mfmc-edge faces list /2026/t1.jpg                      the faces of a photo
  mfmc-edge faces tag /2026/t1.jpg 1 u-red --as u-blue   the uploader says who it is ...
  mfmc-edge faces answer /2026/t1.jpg 1 u-red yes        ... and u-red consents
  mfmc-edge faces rule u-red friends                     u-red's friends see u-red, on every photo
  mfmc-edge faces override /2026/t1.jpg u-red nobody     but not on this one
  mfmc-edge faces rule u-red "friends group:family"      (matrix model: several subjects, quoted)
  mfmc-edge faces lock /2026/t1.jpg 1                    nobody sees this face, whatever was said
  mfmc-edge faces inbox u-red                            what waits for an answer of u-red's
"""

Shape = Callable[[str], str]


def _checked(holds: Callable[[str], object], what: str) -> Shape:
    def read(text: str) -> str:
        try:
            good = holds(text)
        except Refusal:
            good = False
        if not good:
            raise argparse.ArgumentTypeError(what)
        return text

    return read


_USER = _checked(is_user, "must be a user ID: 1 to 128 letters, digits and _.:@-")
_SHAPES: dict[str, Shape] = {
    "photo": _checked(address.parse, "must be a photo's path, such as /2026/t1.jpg"),
    "face": _checked(lambda text: re.fullmatch(PARTS["face"].pattern, text), "must be a face's number, 0 to 9999"),
    "person": _USER,
    "member": _USER,
    "group": _checked(is_group, "must be a group's name: 1 to 32 lower-case letters, digits and hyphens"),
    "rule": _checked(lambda text: canonical(text, "matrix"), "must be subjects with one space between, such as: friends"),
}
HELP = {
    "photo": "the photo's path, such as /2026/t1.jpg",
    "face": "the face's number on the photo",
    "person": "a user ID",
    "member": "the other person's user ID",
    "group": "a group's name",
    "rule": "nobody, friends or everyone; in the matrix model also user:<id> and group:<name>, quoted, one space between",
}
SHOWN = {name: part.example for name, part in PARTS.items()} | {"photo": "/2026/t1.jpg", "answer": "yes", "rule": "friends"}


def add(parser: argparse.ArgumentParser, common: argparse.ArgumentParser) -> None:
    """The subcommands, one for each operation."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description, parser.epilog = ABOUT, EXAMPLES
    commands = parser.add_subparsers(required=True, metavar="OPERATION")
    for operation in OPERATIONS:
        summary = f"{operation.summary[0].lower()}{operation.summary[1:]}"
        command = commands.add_parser(
            operation.name, parents=[common], help=summary, description=operation.summary, epilog=f"example: {example(operation)}"
        )
        _add_operands(command, operation)
        command.add_argument("--as", dest="person_acting", type=_USER, metavar="USER", help="act as this person")
        command.add_argument("--json", action="store_true", help="print JSON")
        if operation.about == "face":
            command.add_argument("--if-match", metavar="ETAG", help="only if the face's ETag is this one")
        command.set_defaults(command=_run, operation=operation, if_match=None)


def example(operation: Operation) -> str:
    """A whole command that asks for this operation."""
    values = [SHOWN[name] for name in (*_named(operation), *(field.name for field in _fields(operation)))]
    return " ".join(["mfmc-edge faces", operation.name, *values])


def _add_operands(command: argparse.ArgumentParser, operation: Operation) -> None:
    for name in _named(operation):
        command.add_argument(f"place_{name}", type=_SHAPES[name], metavar=name.upper(), help=HELP[name])
    for field in _fields(operation):
        if get_origin(field.type) is Literal:
            command.add_argument(f"body_{field.name}", choices=get_args(field.type))
        else:
            about = HELP[field.name]
            command.add_argument(f"body_{field.name}", type=_SHAPES[field.name], metavar=field.name.upper(), help=about)


def _named(operation: Operation) -> list[str]:
    return re.findall(r"{(\w+)}", operation.route)


def _fields(operation: Operation) -> tuple[msgspec.structs.FieldInfo, ...]:
    return () if operation.body is None else msgspec.structs.fields(operation.body)


def _run(arguments: argparse.Namespace) -> int:
    settings = config.read(arguments.config)
    reply = asyncio.run(_perform(settings, arguments))
    if arguments.json:
        print(msgspec.json.encode(_content(reply)).decode())
    else:
        print(listing.text(_content(reply)), end="")
    return 0


async def _perform(settings: config.Config, arguments: argparse.Namespace) -> Reply:
    operation: Operation = arguments.operation
    given = vars(arguments)
    place = {name: given[f"place_{name}"] for name in _named(operation)}
    fields = {field.name: given[f"body_{field.name}"] for field in _fields(operation)}
    body = msgspec.convert(fields, operation.body or Nothing)
    person = arguments.person_acting
    caller = OPERATOR if person is None else Caller("person", person)
    async with open_control(settings) as control:
        return await control.perform(operation, caller, place, body, time.time(), arguments.if_match)


def _content(reply: Reply) -> dict[str, Any]:
    content: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(reply.content or {}))
    return content if reply.tag is None else content | {"etag": reply.tag}
