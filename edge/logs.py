"""What is written to stderr: one line per event, of fixed texts and an allow-list of fields, so that no line can hold a secret.

Every event of ours is a text that stands in the source and a few named fields: ``_log.warning("… %(error)s", {"error": …})``. A
field that is not listed here, or not of its kind, is left out; so is everything that a library wants to say but its name and the
kind of its error.
"""

import json
import logging
import re
import sys
from collections.abc import Callable
from collections.abc import Mapping
from datetime import UTC
from datetime import datetime
from typing import Final

from edge.errors import ConfigError
from edge.errors import KeyRingError
from edge.errors import LogBroken
from edge.running import Log

OURS: Final = "mfmc"
METHODS: Final = ("GET", "HEAD", "PUT", "DELETE", "POST")
KINDS: Final = ("picture", "control", "own", "admin")
OTHER: Final = "other"
LEFT_OUT: Final = "?"

_NAME = re.compile(r"[A-Za-z_][A-Za-z_0-9]{0,63}", re.ASCII)
_KEYS = re.compile(r"[a-z_]{1,32}(\.[a-z_]{1,32}){0,4}", re.ASCII)
_RENDITION = re.compile(r"[a-z0-9=&]{0,64}", re.ASCII)
_STEP = re.compile(r"\d{4}", re.ASCII)

Value = int | float | str


def _number(value: object) -> Value | None:
    return value if isinstance(value, int | float) else None


def _error(value: object) -> Value | None:
    return value if isinstance(value, str) and _NAME.fullmatch(value) else None


def _fault(value: object) -> Value | None:
    """The text of an error whose texts are all ours, and name keys and files of the configuration, never what they hold."""
    return str(value) if isinstance(value, ConfigError | KeyRingError | LogBroken) else None


def _shaped(pattern: re.Pattern[str]) -> Callable[[object], Value | None]:
    return lambda value: value if isinstance(value, str) and pattern.fullmatch(value) else None


def _one_of(*words: str) -> Callable[[object], Value | None]:
    return lambda value: value if isinstance(value, str) and value in words else None


FIELDS: Final[Mapping[str, Callable[[object], Value | None]]] = {
    "error": _error,
    "fault": _fault,
    "method": _one_of(*METHODS, OTHER),
    "kind": _one_of(*KINDS),
    "rendition": _shaped(_RENDITION),
    "status": _number,
    "bytes": _number,
    "ms": _number,
    "code": _number,
    "seconds": _number,
    "key": _shaped(_KEYS),
    "before": _shaped(_STEP),
    "after": _shaped(_STEP),
}


class Lines(logging.Formatter):
    """A record as a line for people, or as one JSON object: ``time``, ``level``, ``logger``, ``event`` and the fields."""

    def __init__(self, *, as_json: bool) -> None:
        super().__init__()
        self._as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        """The line; whatever is not on the list is not in it."""
        fields = _fields(record)
        event = _event(record, fields)
        if not self._as_json:
            return event
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        about = {"time": time, "level": record.levelname.lower(), "logger": record.name, "event": event}
        return json.dumps({**about, **fields})


class _Spelled(dict[str, Value]):
    """Fields for a text; one that was left out is a question mark."""

    def __missing__(self, name: str) -> Value:
        return LEFT_OUT


def _event(record: logging.LogRecord, fields: Mapping[str, Value]) -> str:
    """The fixed text of an event of ours with its fields; of a library's only that there was one, and the kind of its error."""
    if _is_ours(record) and isinstance(record.msg, str):
        return record.msg % _Spelled(fields) if record.args else record.msg
    kind = record.exc_info[0] if record.exc_info else None
    return f"{record.name}: {kind.__name__ if kind else 'an event'}"


def _fields(record: logging.LogRecord) -> dict[str, Value]:
    if not _is_ours(record) or not isinstance(record.args, Mapping):
        return {}
    read = {name: FIELDS[name](value) for name, value in record.args.items() if name in FIELDS}
    return {name: value for name, value in read.items() if value is not None}


def _is_ours(record: logging.LogRecord) -> bool:
    return record.name.partition(".")[0] == OURS


def set_up(settings: Log) -> None:
    """Write everything to stderr like this from now on; may be called again with other settings."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines(as_json=settings.format == "json"))
    logging.basicConfig(handlers=[handler], level=settings.level.upper(), force=True)
