"""The anchor: a file outside the database that remembers the furthest end of the log this machine has seen.

Whoever can write to the database, but not to this file, cannot put an older log in place of a newer one unnoticed. One line:
``number SP digest-in-hex LF``. Keep a copy elsewhere (``mfmc-edge audit verify --expect``) against those who can write to both.
"""

import asyncio
import fcntl
import logging
import os
import re
from pathlib import Path

from sqlalchemy import select

from edge.audit.chain import Link
from edge.catalog import Catalog
from edge.catalog import tables
from edge.errors import ConfigError
from edge.errors import Unavailable

MAX_BYTES = 128

_log = logging.getLogger("mfmc.audit")

_SHAPE = re.compile(r"(\d{1,18}) ([0-9a-f]{64})\n?", re.ASCII)


def parse(text: str) -> Link:
    """``number digest`` -> a link; raises ``ConfigError``."""
    found = _SHAPE.fullmatch(text)
    if found is None:
        raise ConfigError("an anchor is a number and 64 hex digits, as `mfmc-edge audit verify` prints it")
    return Link(int(found[1]), bytes.fromhex(found[2]))


def spelled(link: Link) -> str:
    """A link as one line without its end."""
    return f"{link.number} {link.digest.hex()}"


def read(file: Path) -> Link | None:
    """What the file remembers, None where there is none yet; raises ``ConfigError`` for a file that is no anchor."""
    try:
        with file.open("r", encoding="ascii") as source:
            return parse(source.read(MAX_BYTES))
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError):
        raise ConfigError(f"{file}: cannot be read as an anchor of the audit log") from None


def remember(file: Path, end: Link) -> None:
    """Move the anchor forward to ``end``, never back; whole or not at all. Raises ``ConfigError`` where it cannot be written."""
    part = file.with_name(f"{file.name}.part")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with file.with_name(f"{file.name}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            known = read(file)
            if known is not None and known.number >= end.number:
                return
            part.write_text(f"{spelled(end)}\n", encoding="ascii")
            os.replace(part, file)
    except OSError as error:
        raise ConfigError(f"audit.anchor_file: {file} cannot be written ({error.strerror})") from None


class Anchor:
    """Moves the anchor after every append; without a file it does nothing."""

    def __init__(self, file: Path | None) -> None:
        self._file = file

    async def move(self, end: Link, catalog: Catalog) -> None:
        """Remember this end, unless the log lacks the one remembered: then it was put back, and the file goes on saying so.

        What was appended stays appended, so a file that cannot be written is only told of.
        """
        if self._file is None:
            return
        try:
            known = await asyncio.to_thread(read, self._file)
            if known is not None and not await _holds(catalog, known):
                _log.error("audit.anchor_file: the audit log lacks the entry that it remembers; run: mfmc-edge audit verify")
                return
            await asyncio.to_thread(remember, self._file, end)
        except ConfigError as error:
            _log.error("%(fault)s", {"fault": error})
        except Unavailable:
            _log.warning("audit.anchor_file: not moved, since the catalog does not answer")


async def _holds(catalog: Catalog, link: Link) -> bool:
    """Whether the log has this very entry; what is written there is for ``verify`` to judge."""
    wanted = select(tables.AUDIT.c.digest).filter_by(number=link.number)
    async with catalog.database.reading() as connection:
        return link.number == 0 or await connection.scalar(wanted) == link.digest
