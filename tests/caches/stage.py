"""Six viewers and five photos behind a shared cache, and what each may see, worked out from the rules alone."""

import json
from dataclasses import dataclass
from dataclasses import field
from typing import Any

import aiohttp

from edge.keys import ring
from tests.caches.programs import Cache
from tests.edge.shown import TABLES
from tests.fakes import ISSUER
from tests.fakes import Issuer
from tests.fakes import Published
from tests.fakes import Seen
from tests.fakes import World

RULES = {"u-red": "friends", "u-gold": "friends", "u-green": "nobody", "u-blue": "everyone"}
PHOTOS: dict[str, dict[int, str | None]] = {
    "/p/1.jpg": {1: "u-red", 2: "u-green"},
    "/p/2.jpg": {1: "u-red", 2: "u-gold", 3: None},
    "/p/3.jpg": {1: "u-gold", 2: "u-red", 4: "u-green"},
    "/p/4.jpg": {1: None, 2: "u-green"},
    "/p/5.jpg": {1: "u-blue", 2: "u-gold"},
}
SERVICE = {"issuer": ISSUER, "audience": "control", "algorithm": "EdDSA", "key_file": "issuer.pem"}
COOKIE = "__Host-mfmc"


@dataclass(frozen=True)
class Viewer:
    """Who looks, as the rules know them; without a user, a stranger, whatever the token says."""

    name: str
    user: str | None
    friends: tuple[str, ...]
    token: str | None

    def may_see(self, path: str) -> frozenset[int]:
        """The faces of a photo that the rules show this viewer."""
        return frozenset(slot for slot, owner in PHOTOS[path].items() if owner is not None and self._sees(owner))

    def _sees(self, owner: str) -> bool:
        rule = RULES[owner]
        return owner == self.user or rule == "everyone" or (rule == "friends" and owner in self.friends)


@dataclass
class Stage:
    """An edge with photos, and later a cache in front of it; ``locked`` are the faces that nobody may see any more."""

    world: World
    made: dict[str, Published] = field(default_factory=dict)
    locked: set[tuple[str, int]] = field(default_factory=set)
    cache: Cache = field(init=False)
    client: aiohttp.ClientSession = field(init=False)

    def __post_init__(self) -> None:
        signer, forger = self.world.issuer, Issuer()
        self.viewers = [
            Viewer("stranger", None, (), None),
            Viewer("forger", None, (), forger.token("u-red", friends=["u-red", "u-gold"])),
            Viewer("red", "u-red", (), signer.token("u-red")),
            Viewer("green", "u-green", (), signer.token("u-green")),
            Viewer("friend", "u-eve", ("u-red",), signer.token("u-eve", friends=["u-red"])),
            Viewer("friends", "u-ann", ("u-red", "u-gold"), signer.token("u-ann", friends=["u-red", "u-gold"])),
        ]

    async def start(self, origin: str, **edge: Any) -> None:
        """Publish, and listen with files from this origin."""
        ring.create(self.world.folder / "urls.toml")
        control = {"service": SERVICE, "requests_per_minute": 100_000, "changes_per_minute": 100_000}
        signing = {"key_file": "urls.toml"} | edge.pop("urls", {})
        self.world.configure({"origin": {"url": origin}, **TABLES}, control=control, urls=signing, **edge)
        for path, owners in PHOTOS.items():
            self.made[path] = await self.world.publish(owners, path, rules=RULES, mark=path.encode())
        await self.world.start()

    def picture(self, path: str, shown: frozenset[int]) -> bytes:
        """What somebody gets who may see these faces, as the locks are now."""
        now = [slot for slot in shown if (path, slot) not in self.locked]
        return self.made[path].seen(*now, mark=path.encode())

    def behind_url(self, path: str, signed: frozenset[int]) -> bytes:
        """What a signed URL shows: just what was signed, or the base where some of that may no longer be shown."""
        return self.picture(path, frozenset() if any((path, slot) in self.locked for slot in signed) else signed)

    async def ask(self, method: str, target: str, headers: dict[str, str] | None = None, body: Any = None) -> Seen:
        """One request through the cache."""
        told = dict(headers or {})
        content = None if body is None else json.dumps(body).encode()
        if content is not None:
            told["Content-Type"] = "application/json"
        url = f"http://127.0.0.1:{self.cache.port}{target}"
        async with self.client.request(method, url, headers=told, data=content, allow_redirects=False) as answer:
            return Seen(answer.status, answer.headers, await answer.read())

    async def urls(self) -> list[tuple[str, str, frozenset[int]]]:
        """Every signed URL that a viewer is told for a photo: URL, path and the faces it was signed for; each once."""
        found = {}
        for viewer in self.viewers:
            headers = {} if viewer.token is None else {"Authorization": f"Bearer {viewer.token}"}
            told = await self.ask("POST", "/-/urls", headers, {"photos": list(PHOTOS)})
            assert (told.status == 401) == (viewer.name == "forger")
            for entry in json.loads(told.body).get("urls", []):
                path, url = entry["photo"], entry["url"]
                shown = frozenset(slot for slot in viewer.may_see(path) if (path, slot) not in self.locked)
                assert url.startswith("/-/s/") == bool(shown and viewer.user is not None)
                if url != path:
                    assert found.setdefault(url, (url, path, shown))[2] == shown
        return list(found.values())

    async def lock(self, path: str, slot: int) -> None:
        """Hide a face from everyone, by the network's backend, through the cache."""
        target = f"/-/api/v1/photos/{path[1:].replace('/', '~')}/faces/{slot}/lock"
        token = self.world.issuer.token("backend", aud="control")
        assert (await self.ask("PUT", target, {"Authorization": f"Bearer {token}"})).status == 200
        self.locked.add((path, slot))
