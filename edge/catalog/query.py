"""A fixed query, asked the shortest way: an edge asks one for every photo that it does not remember.

On SQLite the driver runs in a thread of its own. SQLAlchemy's cursor goes there and back four times for one query, and taking a
connection out of its pool costs as much again; ``Line`` goes there once, over a connection that stays out.
"""

import asyncio
from collections import namedtuple
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.ext.asyncio import AsyncEngine


class Query:
    """One SELECT with named parameters; its rows have an attribute for every column."""

    def __init__(self, select: Select[Any]) -> None:
        self.select = select
        compiled = select.compile(dialect=sqlite.dialect())
        self.text = compiled.string
        self._names: Sequence[str] = compiled.positiontup or ()
        self._fixed = {name: value for name, value in compiled.params.items() if value is not None}
        self._row: Any = namedtuple("Row", select.selected_columns.keys())  # type: ignore[misc]

    def values(self, parameters: Mapping[str, object]) -> list[object]:
        """What ``text`` has question marks for."""
        given = self._fixed | dict(parameters)
        return [given[name] for name in self._names]

    def row(self, values: Sequence[object]) -> Any:
        """One row, its columns by name."""
        return self._row._make(values)


class Line:
    """The way to SQLite: queries stand in line for its one connection, which no transaction is ever open on."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._connection: AsyncConnection | None = None
        self._driver: Any = None
        self._opening = asyncio.Lock()

    async def rows(self, query: Query, parameters: Mapping[str, object]) -> Sequence[Any]:
        """All rows, with the driver's own types: a boolean is 0 or 1. What fails takes the connection with it."""
        driver = self._driver or await self._open()
        try:
            found = await driver.execute_fetchall(query.text, query.values(parameters))
        except Exception:
            if driver is self._driver:
                await self._give_up()
            raise
        return [query.row(values) for values in found]

    async def close(self) -> None:
        """Put the connection back."""
        connection, self._connection, self._driver = self._connection, None, None
        if connection is not None:
            await connection.close()

    async def _open(self) -> Any:
        async with self._opening:
            if self._driver is None:
                self._connection = await self._engine.connect()
                self._driver = (await self._connection.get_raw_connection()).driver_connection
            return self._driver

    async def _give_up(self) -> None:
        connection = self._connection
        self._connection = self._driver = None
        if connection is not None:
            await connection.invalidate()
            await connection.close()
