"""From the configuration to the service, and an edge over one: rotated, moved, slow and down."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from edge import config
from edge.catalog import Catalog
from edge.catalog import Photo
from edge.catalog.publication import publish
from edge.errors import ConfigError
from edge.errors import KeyRingError
from edge.keys import ring
from edge.keys.envelope import wrap_context
from edge.keys.opening import open_keys
from edge.keys.ring_service import RingService
from edge.keys.service import KeyService
from edge.keys.service import Pair
from edge.keys.settings import Keys
from edge.keys.several import Several
from edge.keys.wrapped import wrapped_by
from tests.fakes import PATH
from tests.fakes import Published
from tests.fakes import World
from tests.key_services import TOKEN
from tests.key_services import Answer
from tests.key_services import Place
from tests.vault import Transit

RULES = {"u-red": "friends"}
KEYS: Sequence[Pair] = [(bytes([number]) * 32, b"face %d" % number) for number in range(6)]


async def test_what_is_opened(place: Place) -> None:
    """One table is that service; several are a service that the named one leads."""
    file = place.ring()
    vault = await place.vault(Transit(TOKEN))
    async with open_keys(Keys(ring_file=file)) as service:
        assert isinstance(service, RingService)
    async with open_keys(Keys(service="vault", vault=vault, ring_file=file)) as service:
        assert isinstance(service, Several)
        assert service.primary == "vault"
    async with open_keys(Keys(vault=vault, ring_file=file)) as service:
        assert service.primary == "k-same"


async def test_each_opens_its_own(place: Place) -> None:
    """A batch of keys from several services comes back whole and in order, and fails as a whole."""
    ring_file, vault = place.ring(), await place.vault(Transit(TOKEN), name="v")
    async with (
        open_keys(Keys(ring_file=ring_file)) as embedded,
        open_keys(Keys(service="vault", vault=vault)) as remote,
        open_keys(Keys(service="vault", vault=vault, ring_file=ring_file)) as both,
    ):
        halves = await embedded.wrap(KEYS[:3]), await remote.wrap(KEYS[3:])
        asked = [(sealed, context) for sealed, (_, context) in zip(halves[0] + halves[1], KEYS, strict=True)]
        for order in ([0, 3, 1, 4, 2, 5], [5, 0], [0, 1], [4, 3]):
            assert await both.unwrap([asked[place] for place in order]) == [KEYS[place][0] for place in order]
        assert {wrapped_by(some) for some in await both.wrap(KEYS)} == {"v"}
        with pytest.raises(KeyRingError):
            await remote.unwrap(asked)
        with pytest.raises(KeyRingError):
            await Several(remote, {"v": remote}, None).unwrap(asked)


async def test_what_cannot_be_opened(place: Place, tmp_path: Path) -> None:
    """A ring or a token that cannot be read stops the process."""
    with pytest.raises(KeyRingError):
        async with open_keys(Keys(ring_file=tmp_path / "none.toml")):
            pass
    vault = await place.vault(Transit(TOKEN), token_file=tmp_path / "none")
    with pytest.raises(ConfigError):
        async with open_keys(Keys(service="vault", vault=vault, ring_file=place.ring())):
            pass


async def test_an_edge_notices_a_rotation(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is published after a rotation is shown by an edge that runs since before it."""
    monkeypatch.setattr("edge.keys.ring_service.REREAD_SECONDS", 0.0)
    before = await world.publish({1: "u-red"}, "/before.jpg", rules=RULES)
    await world.start()
    token = world.issuer.token("u-eve", friends=["u-red"])
    assert (await world.get("/before.jpg", token=token)).body == before.seen(1)
    world.keys = ring.rotate(world.folder / "ring.toml")
    after = await world.publish({1: "u-red"}, "/after.jpg")
    assert wrapped_by(after.photo.wrapped_key) != wrapped_by(before.photo.wrapped_key)
    world.clock.now += 10
    assert (await world.get("/after.jpg", token=token)).body == after.seen(1)
    assert (await world.get("/before.jpg", token=token)).body == before.seen(1)


async def moved(world: World, made: Published, service: KeyService) -> None:
    """Publish again what was published, its keys wrapped by ``service`` now."""
    photo = made.photo
    old = [(photo.wrapped_key, wrap_context(photo.photo_id, photo.version, None))]
    old += [(face.wrapped_key, wrap_context(photo.photo_id, photo.version, face.slot)) for face in photo.faces]
    contexts = [context for _, context in old]
    keys = [world.keys.unwrap(*pair) for pair in old]
    first, *rest = await service.wrap(list(zip(keys, contexts, strict=True)))
    faces = tuple(replace(face, wrapped_key=wrapped) for face, wrapped in zip(photo.faces, rest, strict=True))
    await republished(world, replace(photo, wrapped_key=first, faces=faces))


async def republished(world: World, photo: Photo) -> None:
    async with Catalog.open(world.settings.catalog.url) as catalog:
        await publish(catalog, photo)


class Edge:
    """A whole edge whose keys are in Vault."""

    def __init__(self, world: World, place: Place) -> None:
        self.world = world
        self.place = place
        self.transit = Transit(TOKEN)
        self.fault: Answer | None = None

    async def start(self, owners: dict[int, str | None], *, with_ring: bool = False, seconds: float = 30) -> Published:
        """Listen, with one photo whose keys Vault wrapped."""
        url = await self.place.serve(self._answer)
        vault = await self.place.vault(self.transit, address=url)
        table = {"address": url, "key": vault.key, "token_file": str(vault.token_file), "timeout_seconds": seconds}
        keys: dict[str, Any] = {"service": "vault", "vault": table} | ({"ring": "ring.toml"} if with_ring else {})
        self.world.configure({"keys": keys})
        made = await self.world.publish(owners, rules=RULES)
        async with open_keys(Keys(service="vault", vault=vault)) as service:
            await moved(self.world, made, service)
        self.transit.asked.clear()
        await self.world.start()
        return made

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        return await (self.transit.answer if self.fault is None else self.fault)(request)


@pytest.fixture
def edge(world: World, place: Place) -> Edge:
    """An edge over Vault, not started."""
    return Edge(world, place)


async def test_an_edge_over_vault(edge: Edge) -> None:
    """One call opens all that one view needs; for a while nothing more is asked, and never for a face not granted."""
    made = await edge.start({1: "u-red", 2: "u-blue", 3: "u-red"})
    token = edge.world.issuer.token("u-eve", friends=["u-red"])
    seen = await edge.world.get(token=token)
    assert seen.body == made.seen(1, 3)
    assert edge.transit.asked == [("decrypt", 3)]
    assert (await edge.world.get(token=token, If_None_Match=seen.headers["ETag"])).status == 304
    assert (await edge.world.get(token=edge.world.issuer.token("u-red"))).body == made.seen(1, 3)
    assert (await edge.world.get()).body == made.base
    assert edge.transit.asked == [("decrypt", 3)]
    assert (await edge.world.get(token=edge.world.issuer.token("u-blue"))).body == made.seen(2)
    assert edge.transit.asked == [("decrypt", 3), ("decrypt", 1)]
    edge.world.clock.now += 5
    assert (await edge.world.get(token=token)).body == made.seen(1, 3)
    assert edge.transit.asked == [("decrypt", 3), ("decrypt", 1), ("decrypt", 3)]


async def test_many_viewers_over_vault(edge: Edge) -> None:
    """Many friends at once cause one call."""
    made = await edge.start({1: "u-red"})
    tokens = [edge.world.issuer.token("u-eve", friends=["u-red"], jti=number) for number in range(30)]
    assert {seen.body for seen in await asyncio.gather(*(edge.world.get(token=token) for token in tokens))} == {made.seen(1)}
    assert edge.transit.asked == [("decrypt", 2)]


async def hangs(request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(5)
    return web.Response()


async def errs(request: web.Request) -> web.StreamResponse:
    return web.Response(status=503, body=json.dumps({"errors": ["Vault is sealed"]}))


@pytest.mark.parametrize("fault", [hangs, errs], ids=lambda fault: fault.__name__)
async def test_vault_down_shows_the_base(edge: Edge, fault: Answer) -> None:
    """While the key service fails, everyone gets the base under its own tag, after one try; then faces come back."""
    made = await edge.start({1: "u-red"}, seconds=0.5 if fault is hangs else 30)
    token = edge.world.issuer.token("u-eve", friends=["u-red"])
    good = await edge.world.get(token=token)
    assert good.body == made.seen(1)
    edge.world.clock.now += 5
    edge.fault = fault
    asked = len(edge.transit.headers)
    for _ in range(3):
        seen = await edge.world.get(token=token, If_None_Match=good.headers["ETag"])
        assert (seen.status, seen.body) == (200, made.base)
        assert seen.headers["ETag"] == f'"{made.photo.base_sha256[:16].hex()}"'
        assert "private" in seen.headers["Cache-Control"]
        edge.fault = None  # Vault works again, and is not asked yet: the failure is remembered
    assert len(edge.transit.headers) == asked
    assert (await edge.world.get(token=token, If_None_Match=seen.headers["ETag"])).status == 304
    edge.world.clock.now += 5
    assert (await edge.world.get(token=token)).body == made.seen(1)


async def test_while_keys_move(edge: Edge) -> None:
    """While some keys are in Vault and some still in the ring, every photo shows."""
    made = await edge.start({1: "u-red"}, with_ring=True)
    other = await edge.world.publish({1: "u-red", 2: "u-blue"}, "/other.jpg")
    token = edge.world.issuer.token("u-eve", friends=["u-red"])
    assert (await edge.world.get(token=token)).body == made.seen(1)
    assert (await edge.world.get("/other.jpg", token=token)).body == other.seen(1)
    assert edge.transit.asked == [("decrypt", 2)]
    assert PATH == made.photo.path
    assert isinstance(edge.world.settings.keys, config.Keys)
