"""A catalog of many photos, some of which can be asked for: all of these show one picture, under names of their own."""

import hashlib
import random
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from benchmarks import catalog
from benchmarks.serving.machine import Running
from benchmarks.serving.machine import program
from benchmarks.serving.site import Site
from edge.origin import names
from tests.caches import programs


@dataclass(frozen=True)
class Many:
    """The site, a script with the paths that can be asked for, and one with the names of their files at the origin."""

    site: Site
    paths: Path
    files: Path

    @classmethod
    def create(cls, folder: Path, photos: int, asked: int, base: bytes) -> "Many":
        """``photos`` in the catalog, ``asked`` of them at random with a base at the origin."""
        site = Site.create(folder)
        catalog.fill(folder / "catalog.sqlite3", photos)
        paths = [catalog.path(number) for number in random.Random(7).sample(range(photos), asked)]
        versions = _made_real(folder / "catalog.sqlite3", paths, base)
        for path, version in zip(paths, versions, strict=True):
            site.keep(path, version, base)
        (folder / "paths").write_text("".join(f"{path}\n" for path in paths))
        asked_of_origin = (names(path, version)[0] for path, version in zip(paths, versions, strict=True))
        (folder / "files").write_text("".join(f"/{name}\n" for name in asked_of_origin))
        return cls(site, folder / "paths", folder / "files")

    @property
    def path(self) -> str:
        """One of the photos."""
        return self.paths.read_text().splitlines()[0]

    @property
    def file(self) -> str:
        """Its base's name at the origin."""
        return self.files.read_text().splitlines()[0]

    def fetch_all(self, server: Running, base: bytes) -> None:
        """Ask once for each, so that the server remembers whatever it remembers."""
        for path in self.paths.read_text().splitlines():
            with urlopen(server.address + path, timeout=60) as answer:  # noqa: S310 - loopback
                assert answer.read() == base, "another picture than the base"


@contextmanager
def origin(folder: Path, root: Path) -> Iterator[str]:
    """nginx as the image origin, with the configuration that we ship; its address. Raises ``NotHere``."""
    program("nginx", "nginx")
    with programs.origin(folder, root) as address:
        yield address


def _made_real(file: Path, paths: list[str], base: bytes) -> list[bytes]:
    """Give these photos the base; their versions."""
    with sqlite3.connect(file) as plain:
        plain.executemany(
            "UPDATE photo SET base_sha256 = ?, base_size = ? WHERE path = ?",
            ((hashlib.sha256(base).digest(), len(base), path) for path in paths),
        )
        found = [plain.execute("SELECT version FROM photo WHERE path = ?", (path,)).fetchone()[0] for path in paths]
    plain.close()
    return found
