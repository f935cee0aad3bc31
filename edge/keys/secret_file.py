"""Files that hold a secret: only what its owner alone can touch is read, and a change is either whole or never was."""

import fcntl
import os
import stat
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from contextlib import suppress
from pathlib import Path

from edge.errors import ConfigError

UNFINISHED = ".unfinished"


def read(file: Path, limit: int) -> bytes:
    """The content of at most ``limit`` bytes; raises ``ConfigError`` unless the file is regular, ours, and mode 0600
    or stricter.

    The checks are made on the very file that is read, and a symbolic link is not followed.
    """
    content, about = _load(file, limit, (os.geteuid(),))
    if about.st_mode & 0o177:
        raise ConfigError(f"{file}: others may read or change it; run: chmod 600 {file}")
    return content


def read_public(file: Path, limit: int) -> bytes:
    """As ``read``, but of a file that others may read and nobody else may change; root's will do too."""
    content, about = _load(file, limit, (os.geteuid(), 0))
    if about.st_mode & 0o022:
        raise ConfigError(f"{file}: others may change it; run: chmod go-w {file}")
    return content


def create(file: Path, content: bytes) -> None:
    """A new file with mode 0600; raises ``ConfigError``, and leaves nothing, where there is one already."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with alone(file.parent):
            _put(file, content, os.link)
    except OSError as error:
        raise ConfigError(f"{file}: cannot be made ({error.strerror})") from None


def replace(file: Path, content: bytes) -> None:
    """Put ``content`` in the place of the file's; call it inside ``alone``.

    At every moment, a kill or a power cut leaves the whole old content or the whole new one. Raises ``ConfigError``.
    """
    try:
        _put(file, content, os.rename)
    except OSError as error:
        raise ConfigError(f"{file}: cannot be written ({error.strerror})") from None


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Nobody else changes a secret file in this folder meanwhile; raises ``ConfigError`` while somebody does."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be read ({error.strerror})") from None
    try:
        _lock(handle, folder)
        yield
    finally:
        os.close(handle)


def _lock(handle: int, folder: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise ConfigError(f"{folder}: another program is changing a file in it; try again") from None


def _put(file: Path, content: bytes, place: Callable[[Path, Path], None]) -> None:
    """Write beside the file and move into its place: what a kill leaves unfinished is found and removed next time."""
    unfinished = file.with_name(f".{file.name}{UNFINISHED}")
    with suppress(FileNotFoundError):
        os.unlink(unfinished)
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        _write(handle, content)
        place(unfinished, file)
    finally:
        os.close(handle)
        with suppress(FileNotFoundError):
            os.unlink(unfinished)
    _settle(file.parent)


def _write(handle: int, content: bytes) -> None:
    while content:
        content = content[os.write(handle, content) :]
    os.fsync(handle)


def _settle(folder: Path) -> None:
    """Have the new name itself survive a power cut (fsync(2): the file alone does not)."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _load(file: Path, limit: int, owners: tuple[int, ...]) -> tuple[bytes, os.stat_result]:
    try:
        handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read ({error.strerror})") from None
    try:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode) or about.st_uid not in owners:
            raise ConfigError(f"{file}: must be a regular file owned by the user that runs this")
        with open(handle, "rb", closefd=False) as source:
            content = source.read(limit + 1)
    finally:
        os.close(handle)
    if len(content) > limit:
        raise ConfigError(f"{file}: is larger than {limit} bytes")
    return content, about
