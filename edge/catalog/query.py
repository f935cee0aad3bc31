"""A fixed query, asked the shortest way: an edge asks one for every photo that it does not remember.

On SQLite the driver runs in a thread of its own. SQLAlchemy's cursor goes there and back four times for one query, this does so
once, which more than halves the time. On PostgreSQL it is an ordinary query.
"""

from collections import namedtuple
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.asyncio import AsyncConnection


class Query:
    """One SELECT with named parameters; its rows have an attribute for every column."""

    def __init__(self, select: Select[Any]) -> None:
        self.select = select
        compiled = select.compile(dialect=sqlite.dialect())
        self._text = compiled.string
        self._names: Sequence[str] = compiled.positiontup or ()
        self._fixed = {name: value for name, value in compiled.params.items() if value is not None}
        self._row: Any = namedtuple("Row", select.selected_columns.keys())  # type: ignore[misc]

    async def rows(self, connection: AsyncConnection, parameters: Mapping[str, object]) -> Sequence[Any]:
        """All rows; on SQLite with the driver's own types, so that a boolean is 0 or 1."""
        if connection.dialect.name != "sqlite":
            return (await connection.execute(self.select, parameters)).all()
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None  # noqa: S101 - it is open
        values = self._fixed | dict(parameters)
        found = await driver.execute_fetchall(self._text, [values[name] for name in self._names])
        return [self._row._make(row) for row in found]
