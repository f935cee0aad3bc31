"""An answer of control as lines that people can read: ``name  value`` for what is one, a table for what is many."""

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import Final

LEFT_OUT: Final = ("rights", "etag", "epochs")  # of tables, as too wide; --json has them


def text(content: Mapping[str, Any]) -> str:
    """Lines, each ended; ``done`` where there is nothing to tell."""
    return "".join(f"{line.rstrip()}\n" for line in _lines(content)) if content else "done\n"


def _lines(content: Mapping[str, Any]) -> Iterator[str]:
    many = {name: value for name, value in content.items() if _is_many(name, value)}
    yield from _aligned([(name, _cell(value)) for name, value in content.items() if name not in many])
    for name, value in many.items():
        yield f"{name}:" if value else f"{name}: none"
        yield from (f"  {line}" for line in _aligned(_rows(value)))


def _is_many(name: str, value: object) -> bool:
    return isinstance(value, Mapping | list) and name not in ("box", "rights", "tag")


def _rows(value: Any) -> list[Sequence[str]]:
    """A table with a head for objects, two columns for an object of lists, one column for the rest."""
    if isinstance(value, Mapping):
        return [(name, _cell(item)) for name, item in value.items()]
    if not all(isinstance(item, Mapping) for item in value):
        return [(_cell(item),) for item in value]
    names = list(dict.fromkeys(name for item in value for name in item if name not in LEFT_OUT))
    return [names, *([_cell(item.get(name, "")) for name in names] for item in value)] if value else []


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))


def _cell(value: Any) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case Mapping():
            return " ".join(_words(value))
        case list():
            return ("; " if any(isinstance(item, Mapping) for item in value) else " ").join(map(_cell, value)) or "-"
        case _:
            return str(value)


def _words(item: Mapping[str, Any]) -> Iterator[str]:
    """The values of an object, the name of what is true, and nothing of what is not said."""
    for name, value in item.items():
        if value is True:
            yield name
        elif value not in (False, None, ""):
            yield _cell(value)
