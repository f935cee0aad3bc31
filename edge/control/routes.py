"""From a raw request target to an operation: a tree made of the table of operations, and one spelling per address.

Nothing is percent-decoded and there is no query. What a route names:

    {photo}             the photo's path without its first slash, "~" for every further one: /2026/t1.jpg is 2026~t1.jpg
    {face}              0, or a decimal of at most four digits that starts with none
    {person}, {member}  a user ID, but for "." and "..", which clients and proxies take for something else
    {group}             a group's name

Anything else is a 404, before anybody looks whether there is such a thing.
"""

import re
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from typing import Final

from edge import address
from edge.control.operations import OPERATIONS
from edge.control.operations import Operation
from edge.control.rule import is_group
from edge.errors import MethodNotAllowed
from edge.errors import NotFound
from edge.friends import is_user

ROOT: Final = "/-/api/v1"
METHODS: Final = ("GET", "HEAD", "PUT", "DELETE")
SLASH: Final = "~"  # cannot occur in a photo's path

_FACE = re.compile(r"0|[1-9][0-9]{0,3}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Part:
    """A part that a route names: its spelling in an address as ECMA-262 writes it, and what it stands for."""

    pattern: str
    longest: int
    about: str
    example: str
    read: Callable[[str], str]


def _photo(text: str) -> str:
    if "/" in text:
        raise NotFound
    return address.parse("/" + text.replace(SLASH, "/"))


def _require(holds: Callable[[str], object]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if not holds(text):
            raise NotFound
        return text

    return read


def _is_person(text: str) -> bool:
    return is_user(text) and text not in (".", "..")


_SEGMENT = "[A-Za-z0-9_-][A-Za-z0-9._-]*"
_PERSON = r"^(?!\.{1,2}$)[A-Za-z0-9_.:@-]{1,128}$"

PARTS: Final[Mapping[str, Part]] = {
    "photo": Part(rf"^(?!-~){_SEGMENT}(~{_SEGMENT})*$", address.MAX_BYTES - 1,
                  "The photo's path without its first slash, `~` for every further slash", "2026~t1.jpg", _photo),
    "face": Part("^(0|[1-9][0-9]{0,3})$", 4, "The face's number on the photo", "1", _require(_FACE.fullmatch)),
    "person": Part(_PERSON, 128, "A user ID, as in tokens", "u-red", _require(_is_person)),
    "member": Part(_PERSON, 128, "The other person's user ID", "u-blue", _require(_is_person)),
    "group": Part("^[a-z0-9][a-z0-9-]{0,31}$", 32, "A group's name", "family", _require(is_group)),
}  # fmt: skip


@dataclass(slots=True)
class _Branch:
    """A place in the tree: what lies below it by fixed text or by a named part, and what can be done here."""

    fixed: "dict[str, _Branch]" = field(default_factory=dict)
    named: "dict[str, _Branch]" = field(default_factory=dict)
    operations: dict[str, Operation] = field(default_factory=dict)

    def below(self, segment: str, place: dict[str, str]) -> "_Branch":
        """One segment down; raises ``NotFound``."""
        if segment in self.fixed:
            return self.fixed[segment]
        for name, branch in self.named.items():
            place[name] = PARTS[name].read(segment)
            return branch
        raise NotFound

    def grow(self, operation: Operation) -> None:
        """Add the operation where its route leads."""
        branch = self
        for segment in operation.route.removeprefix("/").split("/"):
            under = branch.named if segment.startswith("{") else branch.fixed
            branch = under.setdefault(segment.strip("{}"), _Branch())
        branch.operations[operation.method] = operation


def _grown(operations: Iterable[Operation]) -> _Branch:
    tree = _Branch()
    for operation in operations:
        tree.grow(operation)
    return tree


_TREE: Final = _grown(OPERATIONS)


def find(method: str, raw: str) -> tuple[Operation, dict[str, str]]:
    """The operation at a raw request target and what its route names; HEAD is GET.

    Raises ``NotFound``, or ``MethodNotAllowed`` with what the address takes.
    """
    if not raw.startswith(f"{ROOT}/"):
        raise NotFound
    branch, place = _TREE, dict[str, str]()
    for segment in raw.removeprefix(f"{ROOT}/").split("/"):
        branch = branch.below(segment, place)
    if not branch.operations:
        raise NotFound
    operation = branch.operations.get("GET" if method == "HEAD" else method)
    if operation is None:
        raise MethodNotAllowed(_allowed(branch))
    return operation, place


def target(operation: Operation, place: Mapping[str, str]) -> str:
    """The address of an operation: what ``find`` reads."""
    spelled = {name: value.removeprefix("/").replace("/", SLASH) if name == "photo" else value for name, value in place.items()}
    return ROOT + operation.route.format(**spelled)


def _allowed(branch: _Branch) -> str:
    return ", ".join(method for method in METHODS if method.replace("HEAD", "GET") in branch.operations)
