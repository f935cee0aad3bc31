"""A photo with three faces on a listening edge that signs URLs, and whoever signs beside it."""

from pathlib import Path
from typing import Any

from edge import urls
from edge.keys import ring
from tests.fakes import PATH
from tests.fakes import Published
from tests.fakes import Seen
from tests.fakes import World

OWNERS: dict[int, str | None] = {1: "u-red", 2: "u-green", 3: None, 4: "u-blue"}
RULES = {"u-red": "friends", "u-blue": "nobody"}
FACES = ((1, 0, 0), (2, 0, 0))


class Stage:
    """``made`` was published; ``keys`` are the edge's own."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.file: Path = world.folder / "urls.toml"
        ring.create(self.file)
        self.keys = urls.Keys.read(self.file)
        self.made: Published

    async def start(self, *, edge: dict[str, Any] | None = None, **table: Any) -> None:
        """Publish and listen."""
        self.world.configure({}, urls={"key_file": "urls.toml"} | table, **(edge or {}))
        self.made = await self.world.publish(OWNERS, rules=RULES)
        await self.world.start()

    def url(self, *faces: tuple[int, int, int], path: str = PATH, **changes: Any) -> str:
        """A URL as the network's backend signs it, with the edge's keys unless others are named."""
        named = {"keys": self.keys, "version": self.made.photo.version, "now": self.world.clock.now} | changes
        return urls.sign(path=path, faces=faces, **named).url

    async def shown(self, url: str, token: str | None = None, method: str = "GET", **headers: str) -> Seen:
        """What is answered there."""
        return await self.world.get(url, token, method, **headers)

