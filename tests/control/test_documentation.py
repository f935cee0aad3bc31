"""docs/control-api.md leaves nothing out, and what it shows by hand works."""

import re
import shlex
from pathlib import Path

import pytest

from edge import errors
from edge.__main__ import _parser
from edge.control import problems
from edge.control.operations import OPERATIONS
from edge.control.routes import ROOT
from edge.control.routes import find

TEXT = (Path(__file__).parents[2] / "docs" / "control-api.md").read_text()
ROWS = re.findall(r"^\| (`.+?`) \| ([A-Z, ]+) \| `(/.+?)` \|", TEXT, re.MULTILINE)


def test_every_operation_has_a_row() -> None:
    """The table of addresses has every operation with its method and route, and no other."""
    shown = {
        (name.strip("`"), method, route)
        for names, methods, route in ROWS
        for name, method in zip(names.split(", "), methods.split(", "), strict=True)
    }
    assert shown == {(operation.name, operation.method, operation.route) for operation in OPERATIONS}


def test_every_operation_has_rights() -> None:
    """The table of rights names every operation about a photo or a face."""
    table = TEXT[TEXT.index("## Who may what") : TEXT.index("## Addresses")]
    for operation in OPERATIONS:
        assert f"`{operation.name}`" in table or operation.about == "person", operation.name


def test_every_problem_has_a_row() -> None:
    """The table of errors has every refusal of the API with its status, and no other."""
    kinds = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.Refusal)}
    kinds -= {errors.OriginFailed, errors.OriginTimeout, errors.BadRendition, errors.Busy}
    shown = set(re.findall(r"^\| (\d{3}) \| `([a-z-]+)` \|", TEXT, re.MULTILINE))
    assert shown == {(str(kind.status), problems.name(kind)) for kind in kinds}


@pytest.mark.parametrize("line", re.findall(r"^mfmc-edge (faces .+)$", TEXT, re.MULTILINE))
def test_commands_are_understood(line: str) -> None:
    """Every command that is shown is one."""
    assert _parser("faces").parse_args(shlex.split(line)).operation in OPERATIONS


@pytest.mark.parametrize(
    ("method", "path"), re.findall(r'curl (?:-X ([A-Z]+) |-sI |)"\$API(/.+?)"', TEXT), ids=lambda text: text.replace("/", "~")
)
def test_addresses_are_found(method: str, path: str) -> None:
    """Every address that is shown is one."""
    assert find(method or "GET", ROOT + path)
