"""Reading a file that holds a secret: only one that its owner alone can touch."""

import os
import stat
from pathlib import Path

from edge.errors import ConfigError


def read(file: Path, limit: int) -> bytes:
    """The content of at most ``limit`` bytes; raises ``ConfigError`` unless the file is regular, ours, and mode 0600
    or stricter.

    The checks are made on the very file that is read, and a symbolic link is not followed.
    """
    try:
        handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read ({error.strerror})") from None
    try:
        _refuse_shared(file, os.fstat(handle))
        with open(handle, "rb", closefd=False) as source:
            content = source.read(limit + 1)
    finally:
        os.close(handle)
    if len(content) > limit:
        raise ConfigError(f"{file}: is larger than {limit} bytes")
    return content


def _refuse_shared(file: Path, about: os.stat_result) -> None:
    if not stat.S_ISREG(about.st_mode) or about.st_uid != os.geteuid():
        raise ConfigError(f"{file}: must be a regular file owned by the user that runs this")
    if about.st_mode & 0o177:
        raise ConfigError(f"{file}: others may read or change it; run: chmod 600 {file}")
