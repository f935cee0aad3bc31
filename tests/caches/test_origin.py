"""nginx as the image origin behind the edge, with the configuration that is shipped for it."""

import aiohttp
import pytest

from tests.caches.stage import PHOTOS
from tests.caches.stage import Stage
from tests.fakes import World

PATH = "/p/3.jpg"


@pytest.fixture
async def stage(world: World, origin: str) -> Stage:
    """Photos on an edge that fetches them from nginx, with nothing in front."""
    made = Stage(world)
    await made.start(origin)
    return made


async def test_six_viewers(stage: Stage) -> None:
    """Everybody sees what the rules say on every photo, fetched over HTTP and put together here."""
    for path in PHOTOS:
        for viewer in stage.viewers:
            seen = await stage.world.get(path, viewer.token)
            assert (seen.status, seen.body) == (200, stage.picture(path, viewer.may_see(path)))


async def test_published_files_and_nothing_else(stage: Stage, origin: str) -> None:
    """The origin gives base and sidecar to GET, and of all else that lies there, an original among it, nothing."""
    made = stage.made[PATH]
    (stage.world.folder / "origin" / "p" / "original.jpg").write_bytes(made.seen(1, 2, 4))
    (stage.world.folder / "secret.base").write_bytes(b"secret")
    (stage.world.folder / "origin" / "p" / "link.base").symlink_to(stage.world.folder / "secret.base")
    stem = f"p/3.jpg.{made.photo.version.hex()}"
    async with aiohttp.ClientSession() as client:
        for name, content in ((f"{stem}.base", made.base), (f"{stem}.sealed", made.sidecar)):
            async with client.get(origin + name) as seen:
                assert (seen.status, await seen.read()) == (200, content)
            async with client.delete(origin + name) as seen:
                assert seen.status in (403, 405)
        for name in ("", "p/", "p/original.jpg", "p/link.base", "p/none.base", "../secret.base", "p/%2e%2e/%2e%2e/secret.base"):
            async with client.get(origin + name) as seen:
                assert seen.status in (400, 403, 404)
                assert b"secret" not in await seen.read()


async def test_while_the_origin_is_down(stage: Stage) -> None:
    """What was fetched is shown on, faces too, since files of a version never change; what was not is a 502 and no original."""
    token = stage.world.issuer.token("u-gold")
    for path in ("/p/1.jpg", PATH):
        assert (await stage.world.get(path, token)).status == 200
    for file in (stage.world.folder / "origin").rglob("*.*"):
        file.unlink()
    stage.world.clock.now += 60
    assert (await stage.world.get(PATH)).body == stage.made[PATH].base
    assert (await stage.world.get(PATH, token)).body == stage.picture(PATH, frozenset({1}))
    lost = await stage.world.get("/p/2.jpg", token)
    assert (lost.status, lost.headers["Cache-Control"]) == (502, "no-store")
