"""Publish: sidecars, then bases, then the catalog, each whole or not at all; the catalog's commit is what makes the photo new.

All files carry their version in their names, so a kill at any moment leaves the old photo, complete, or the new one; what a
killed run left behind is swept by the next one. Last, the photo's plain name becomes a hard link to the base, for readers that
do not go through the edge, and in place of an original that may have lain there.
"""

import errno
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path

from edge.origin import VERSIONED
from edge.origin import names
from precompute.errors import PublishFailed

_PART = ".mfmc-part-"
_YOUNG_SECONDS = 3_600
NONE: Mapping[int, tuple[bytes, bytes]] = {}


def files(
    folder: Path, path: str, version: bytes, base: bytes, sidecar: bytes, renditions: Mapping[int, tuple[bytes, bytes]] = NONE
) -> None:
    """Write all files of a version durably under the origin's folder; raises ``PublishFailed`` and leaves no part behind.

    ``renditions``: base and sidecar by width in px.
    """
    pictures = [(0, (base, sidecar)), *renditions.items()]
    contents = [(names(path, version, width)[which], pair[which]) for which in (1, 0) for width, pair in pictures]
    with _explained(path):
        written: list[Path] = []
        try:
            for name, content in contents:
                _write(folder / name, content)
                written.append(folder / name)
        except OSError:
            for file in written:
                file.unlink(missing_ok=True)
            raise


@contextmanager
def plain_name(folder: Path, path: str, version: bytes) -> Iterator[None]:
    """Around the commit: make ready what the photo's own name will show, and after the commit, show it.

    What can fail does so before the commit: the link to the base of this version (a copy where links are not to be had) is made
    first, and a folder of that name is refused.
    """
    target = folder / path.removeprefix("/")
    part = _part_of(target)
    with _explained(path):
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        _link(folder / names(path, version)[0], part)
    try:
        yield
        os.replace(part, target)
        _sync_folder(target.parent)
    finally:
        part.unlink(missing_ok=True)


def _link(base: Path, part: Path) -> None:
    try:
        os.link(base, part)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK):
            raise
        shutil.copyfile(base, part)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One publication at a time in this folder, so that two of one photo end with all of one."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def sweep(folder: Path, path: str, keep: set[bytes], now: float) -> int:
    """Remove parts of killed runs, and versions of this photo other than ``keep``; returns how many files went.

    What is younger than an hour at ``now`` (unix seconds) stays: another run may be about to publish it.
    """
    target = folder / path.removeprefix("/")
    gone = 0
    for other in list(target.parent.iterdir()):
        if _is_stale(other.name, target.name, keep) and other.stat().st_mtime < now - _YOUNG_SECONDS:
            other.unlink(missing_ok=True)
            gone += 1
    return gone


def _is_stale(name: str, photo: str, keep: set[bytes]) -> bool:
    if name.startswith(f"{_PART}{photo}."):
        return True
    named = VERSIONED.fullmatch(name.removeprefix(photo)) if name.startswith(photo) else None
    return named is not None and bytes.fromhex(named[1]) not in keep


def _write(target: Path, data: bytes) -> None:
    """Temporary file, fsync, rename, fsync of the folder: after a crash the name holds all of ``data`` or nothing new."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = _part_of(target)
    try:
        with part.open("xb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)
    _sync_folder(target.parent)


def _part_of(target: Path) -> Path:
    photo = VERSIONED.sub("", target.name)
    return target.with_name(f"{_PART}{photo}.{secrets.token_hex(8)}")


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _explained(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise PublishFailed(f"{path}: cannot be written ({error.strerror}); the photo is as it was before") from None
