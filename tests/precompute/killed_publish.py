"""Publish a second version again and again, killed at the first, second, third … file operation, and check what is left.

Prints how many kills there were, and how many left the new and the old version. A process of its own, so that forking is safe.
"""

import asyncio
import os
import shutil
import signal
import sys
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from edge.catalog import Catalog
from edge.catalog import Photo
from edge.config import Policy
from edge.origin import names
from precompute import pipeline
from precompute import publish

PATH = "/party.jpg"
WATCHED = {"open", "os.rename", "os.link", "os.remove", "os.mkdir", "sqlite3.connect", "os.listdir", "os.scandir"}
BASES = {bytes([1] * 16): b"the old base", bytes([2] * 16): b"the new base"}
OLD, NEW = BASES


def main(folder: Path) -> int:
    kills = news = olds = 0
    while True:
        root = folder / str(kills)
        shutil.rmtree(root, ignore_errors=True)
        (root / "origin").mkdir(parents=True)
        release(root, OLD)
        child = os.fork()
        if child == 0:
            killed_at(kills)
            release(root, NEW)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        version = check(root)
        news, olds = news + (version == NEW), olds + (version == OLD)
        if os.WIFEXITED(status):
            assert os.WEXITSTATUS(status) == 0
            assert version == NEW
            print(kills, news, olds)
            return 0
        kills += 1


def killed_at(operation: int) -> None:
    seen = 0

    def hook(event: str, _: Any) -> None:
        nonlocal seen
        if event in WATCHED:
            if seen == operation:
                os.kill(os.getpid(), signal.SIGKILL)
            seen += 1

    sys.addaudithook(hook)


def release(root: Path, version: bytes) -> None:
    """The real release step, with the sealing already done."""
    base = BASES[version]
    small = SimpleNamespace(width=4, base=b"small " + base, sidecar=b"small sidecar of " + base)
    sealed = SimpleNamespace(version=version, base=base, sidecar=b"sidecar of " + base, renditions=(small,))
    sealing: Any = SimpleNamespace(sealed=sealed)
    row = Photo(PATH, bytes(16), version, sha256(base).digest(), len(base), 8, 8, b"wrapped", 1.0, ())
    pipeline.record = lambda *_: row
    pipeline.certificate = lambda *_: ""
    pipeline.namings = lambda *_: []
    url = f"sqlite+aiosqlite:///{root}/catalog.sqlite3"
    config: Any = SimpleNamespace(folder=root / "origin", max_file_bytes=1 << 20, catalog_url=url, policy=Policy())
    pipeline.release(sealing, PATH, config, None)  # type: ignore[arg-type]


def check(root: Path) -> bytes:
    """The version in the catalog, whose files must be whole."""

    async def ask() -> Photo | None:
        async with Catalog.open(f"sqlite+aiosqlite:///{root}/catalog.sqlite3") as catalog:
            return await catalog.photo(PATH)

    photo = asyncio.run(ask())
    assert photo is not None
    base, sidecar = names(PATH, photo.version)
    small = names(PATH, photo.version, 4)
    assert (root / "origin" / base).read_bytes() == BASES[photo.version]
    assert (root / "origin" / sidecar).read_bytes() == b"sidecar of " + BASES[photo.version]
    assert (root / "origin" / small[0]).read_bytes() == b"small " + BASES[photo.version]
    assert (root / "origin" / small[1]).read_bytes() == b"small sidecar of " + BASES[photo.version]
    assert (root / "origin" / PATH[1:]).read_bytes() in BASES.values()
    publish.sweep(root / "origin", PATH, {photo.version}, 1e12)
    assert {file.name for file in (root / "origin").iterdir()} == {base, sidecar, *small, PATH[1:]}
    return photo.version


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
