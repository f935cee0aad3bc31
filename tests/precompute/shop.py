"""A folder with a configuration, a ring and two photos, as an operator of the upload job has it."""

from pathlib import Path

from edge import config as shared
from edge.keys import ring
from precompute.__main__ import main
from tests import pictures

CONFIG = """[edge.token]
issuer = "https://login.example"
audience = "photos"
algorithm = "EdDSA"
key_file = "issuer.pem"
[edge.origin]
folder = "origin"
[catalog]
url = "sqlite+aiosqlite:///catalog.sqlite3"
[keys]
ring = "ring.toml"
"""


class Shop:
    """The folder, and the commands that are run in it; ``more`` is added to the configuration."""

    def __init__(self, folder: Path, more: str = "") -> None:
        self.folder = folder
        self.config = folder / "config.toml"
        self.config.write_text(f"{CONFIG}{more}\n")
        (folder / "origin").mkdir()
        self.ring = ring.create(folder / "ring.toml")
        for name, seed in (("one.jpg", 1), ("two.jpg", 2)):
            (folder / name).write_bytes(pictures.jpeg(pictures.texture(200, 160, seed)))

    @property
    def settings(self) -> shared.Config:
        """The configuration that both programs share."""
        return shared.read(self.config)

    def run(self, command: str, *arguments: str) -> int:
        """One command with this configuration."""
        return main([command, "--config", str(self.config), *arguments])

    def seal(self, *arguments: str) -> int:
        """Seal with this configuration."""
        return self.run("seal", *arguments)

    def photo(self, name: str) -> str:
        """The file's whole name."""
        return str(self.folder / name)

    def published(self) -> list[str]:
        """What lies at the origin under plain names."""
        return sorted(str(p.relative_to(self.folder / "origin")) for p in (self.folder / "origin").rglob("*.jpg"))

    def on_disk(self) -> bytes:
        """Every byte of the catalog's files."""
        return b"".join(file.read_bytes() for file in self.folder.glob("catalog.sqlite3*"))
