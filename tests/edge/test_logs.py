"""Log lines: fixed texts and listed fields; nothing else can be written, whoever writes it."""

import ast
import json
import logging
from pathlib import Path
from typing import Any

import pytest

from edge.errors import ConfigError
from edge.logs import FIELDS
from edge.logs import Lines
from edge.logs import set_up
from edge.running import Log

EDGE = Path(__file__).parents[2] / "edge"
CANARY = "canary-7f3a"


def written(name: str, text: object, *args: Any, as_json: bool = False, exc_info: Any = None) -> str:
    """One event as it is written."""
    return Lines(as_json=as_json).format(logging.LogRecord(name, logging.WARNING, "x.py", 1, text, args, exc_info))


def test_for_people() -> None:
    """An event is its text with its fields in place."""
    told = {"method": "GET", "kind": "picture", "status": 200}
    assert written("mfmc.access", "%(method)s %(kind)s: %(status)s", told) == "GET picture: 200"
    assert written("mfmc.x", "100 % sure") == "100 % sure"


def test_for_machines() -> None:
    """As JSON, the fields stand beside the text, with time, level and logger."""
    line = json.loads(written("mfmc.access", "done: %(status)s", {"status": 200}, as_json=True))
    assert line.pop("time").endswith("+00:00")
    assert line == {"level": "warning", "logger": "mfmc.access", "event": "done: 200", "status": 200}


def test_renditions() -> None:
    """A rendition is written in its canonical form, the longest that may be signed too."""
    for form in ("", "w=640", "w=99999&h=99999&fit=cover&q=99999&fmt=webp"):
        assert written("mfmc.access", "GET %(rendition)s", {"rendition": form}) == f"GET {form}"


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize(
    "fields",
    [
        {"token": CANARY}, {"path": f"/{CANARY}.jpg"}, {"error": f"no such user {CANARY}"}, {"error": ValueError(CANARY)},
        {"fault": ValueError(CANARY)}, {"fault": CANARY}, {"method": CANARY}, {"kind": CANARY}, {"status": CANARY},
        {"rendition": CANARY}, {"rendition": f"w=640/{CANARY}.jpg"}, {"rendition": "w" * 65 + CANARY}, {"bytes": CANARY.encode()},
        {"key": f"edge.{CANARY}"}, {"before": CANARY},
    ],
    ids=lambda fields: next(iter(fields)),
)  # fmt: skip
def test_what_is_not_listed_is_left_out(fields: dict[str, Any], as_json: bool) -> None:
    """A field of another name or kind is a question mark, in the text too."""
    line = written("mfmc.edge", f"it: %({next(iter(fields))})s", fields, as_json=as_json)
    assert "it: ?" in line
    assert CANARY not in line


@pytest.mark.parametrize("as_json", [True, False])
def test_positional_values_are_left_out(as_json: bool) -> None:
    """A value without a name is in no line, and breaks none."""
    line = written("mfmc.edge", "it happened: %(error)s", CANARY, 7, as_json=as_json)
    assert "it happened: ?" in line
    assert CANARY not in line


@pytest.mark.parametrize("as_json", [True, False])
def test_libraries_tell_nothing(as_json: bool) -> None:
    """Of a library's event there is its logger and the kind of its error: no text, no value, no traceback."""
    try:
        raise ValueError(CANARY)
    except ValueError as error:
        raised = (type(error), error, error.__traceback__)
    line = written("urllib3.pool", f"sent {CANARY} %s", CANARY, as_json=as_json, exc_info=raised)
    assert "urllib3.pool: ValueError" in line
    assert CANARY not in line
    assert "Traceback" not in line
    assert CANARY not in written("mfmcx", CANARY, as_json=as_json)


def test_our_own_errors_are_told() -> None:
    """An error whose text is ours, and for an operator, is told whole."""
    assert written("mfmc.edge", "%(fault)s", {"fault": ConfigError("edge.port: is taken")}) == "edge.port: is taken"


def test_level_and_format(capfd: pytest.CaptureFixture[str], request: pytest.FixtureRequest) -> None:
    """What is below the level is not written; a second setting replaces the first."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    request.addfinalizer(lambda: (setattr(root, "handlers", before[0]), root.setLevel(before[1])))
    root.handlers = []
    set_up(Log(level="warning"))
    logging.getLogger("mfmc.x").info("small")
    set_up(Log(level="info", format="json"))
    logging.getLogger("mfmc.x").info("large")
    lines = capfd.readouterr().err.splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["large"]


def log_calls() -> list[ast.Call]:
    """Every call in the edge that writes an event."""
    found = []
    for file in EDGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                holder = node.func.value
                name = holder.id if isinstance(holder, ast.Name) else getattr(holder, "attr", "")
                if name in ("_log", "logger") and node.func.attr in ("debug", "info", "warning", "error", "exception"):
                    found.append(node)
    return found


def test_every_event_in_the_source_is_a_fixed_text() -> None:
    """No event is put together where it happens: its text is a literal (or a constant), its values are listed fields."""
    calls = log_calls()
    assert len(calls) > 15
    for call in calls:
        text, *fields = call.args
        assert isinstance(text, ast.Constant) or (isinstance(text, ast.Name) and text.id.isupper()), ast.unparse(call)
        assert len(fields) <= 1, ast.unparse(call)
        assert not call.keywords, ast.unparse(call)
        for table in (entry for entry in fields if isinstance(entry, ast.Dict)):
            names = [key.value for key in table.keys if isinstance(key, ast.Constant)]
            assert set(names) <= set(FIELDS), ast.unparse(call)
