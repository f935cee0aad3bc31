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

from edge.audit.chain import Link
from edge.errors import ConfigError

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

    async def move(self, end: Link) -> None:
        """Remember this end; what was appended stays appended, so a file that cannot be written is only told of."""
        if self._file is not None:
            try:
                await asyncio.to_thread(remember, self._file, end)
            except ConfigError as error:
                _log.error("%s", error)
