"""Who hears of a change: this process at once, and every other edge through PostgreSQL's NOTIFY.

A topic is ``p`` and a photo's path, or ``u`` and a person; it says that something changed, never what.
"""

import asyncio
import logging
import math
import os
from collections.abc import AsyncIterator
from collections.abc import Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from sqlalchemy import make_url
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

if TYPE_CHECKING:
    from asyncpg import Connection

CHANNEL = "mfmc_catalog"
PROBES = "mfmc_probe"
LISTENER = "mfmc-edge changes"
EVERYTHING = "*"
ALIVE_SECONDS = 10.0
RETRY_SECONDS = 1.0

_log = logging.getLogger("mfmc.catalog")

Hear = Callable[[str], None]


class Changes:
    """Passes topics to whoever asked to hear; ``EVERYTHING`` means that some may have been missed.

    ``lag`` is how many seconds ago, at present, a change is that another edge makes; infinity where nobody tells of them.
    """

    def __init__(self) -> None:
        self._ears: list[Hear] = []
        self.lag = math.inf

    def hear(self, ear: Hear) -> None:
        """Call ``ear`` with every topic from now on."""
        self._ears.append(ear)

    def tell(self, topics: "set[str] | list[str]") -> None:
        """Something about these changed."""
        for topic in topics:
            for ear in self._ears:
                ear(topic)


def of_photo(path: str) -> str:
    """The topic of a photo."""
    return f"p{path}"


def of_person(person: str) -> str:
    """The topic of a person."""
    return f"u{person}"


async def announce(connection: AsyncConnection, topics: "set[str]") -> None:
    """Tell other edges when the transaction at hand is committed, and only then."""
    if connection.dialect.name == "postgresql":
        for topic in sorted(topics):
            await connection.execute(text("SELECT pg_notify(:channel, :topic)"), {"channel": CHANNEL, "topic": topic})


@asynccontextmanager
async def listening(url: str, changes: Changes) -> AsyncIterator[None]:
    """Hear what other edges change for as long as this lasts; nothing to do for an embedded catalog.

    Whenever the line was down, everything counts as changed.
    """
    if not make_url(url).drivername.startswith("postgresql"):
        yield
        return
    task = asyncio.create_task(_listen(url, changes))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class _Line:
    """Logs when the line goes down and when it is up again, and not every try in between."""

    def __init__(self) -> None:
        self._lost = False

    def down(self, error: Exception) -> None:
        if not self._lost:
            _log.warning("changes on other edges cannot be heard: %(error)s", {"error": type(error).__name__})
        self._lost = True

    def up(self) -> None:
        if self._lost:
            _log.warning("changes on other edges are heard again")
        self._lost = False


async def _listen(url: str, changes: Changes) -> None:
    import asyncpg  # an extra: an embedded catalog needs none

    plain, line = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False), _Line()
    while True:
        try:
            await _hear_until_lost(plain, changes, line)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            line.down(error)
        changes.lag = math.inf
        changes.tell({EVERYTHING})
        await asyncio.sleep(RETRY_SECONDS)


async def _hear_until_lost(url: str, changes: Changes, line: _Line) -> None:
    import asyncpg

    connection = await asyncpg.connect(
        url, timeout=ALIVE_SECONDS, command_timeout=ALIVE_SECONDS, server_settings={"application_name": LISTENER}
    )
    lost = asyncio.Event()
    connection.add_termination_listener(lambda _: lost.set())
    try:
        await connection.add_listener(CHANNEL, lambda _c, _pid, _channel, topic: changes.tell({topic}))
        changes.tell({EVERYTHING})  # what changed before the line was up
        line.up()
        while True:
            changes.lag = await _probed(connection)  # a line that is lost, or died without a word, is noticed here
            await _wait(lost, ALIVE_SECONDS)
    finally:
        connection.terminate()


async def _probed(connection: "Connection") -> float:
    """Seconds that a word takes from here over the server and back, the way a change elsewhere comes; raises ``TimeoutError``."""
    mark, heard = os.urandom(8).hex(), asyncio.Event()

    def hear(_connection: object, _pid: object, _channel: object, said: object) -> None:
        if said == mark:
            heard.set()

    began = asyncio.get_running_loop().time()
    await connection.add_listener(PROBES, hear)
    try:
        await connection.execute("SELECT pg_notify($1, $2)", PROBES, mark)
        async with asyncio.timeout(ALIVE_SECONDS):
            await heard.wait()
    finally:
        await connection.remove_listener(PROBES, hear)
    return asyncio.get_running_loop().time() - began


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
