"""What shared caches keep ends when it is to: asked again by tag, gone with the grant, stale only if synthetic."""

import asyncio
import re

from tests.caches.stage import PHOTOS
from tests.caches.stage import Stage
from tests.fakes import Seen

OVER = 2.3  # max_age and the second for which Varnish may answer while it asks again
PATH = "/p/1.jpg"


async def signed(stage: Stage) -> tuple[str, bytes]:
    """A URL that shows u-red on the first photo, and what it shows."""
    url, path, shown = next(entry for entry in await stage.urls() if entry[1] == PATH and 1 in entry[2])
    return url, stage.picture(path, shown)


async def kept(stage: Stage, url: str) -> list[Seen]:
    """Asked until the cache has it."""
    return [await stage.ask("GET", url) for _ in range(2)]


async def test_asked_again_by_tag(brief: Stage) -> None:
    """When its second is over, the cache asks whether its picture is still good, is told so without a body, and goes on."""
    url, real = await signed(brief)
    for target, body in ((PATH, brief.made[PATH].base), (url, real)):
        assert [seen.body for seen in await kept(brief, target)] == [body] * 2
        before = _answers(brief)
        await asyncio.sleep(OVER)
        assert (await brief.ask("GET", target)).body == body
        assert _answers(brief) - before == 1


def _answers(stage: Stage) -> int:
    """How many 304s the edge has given."""
    assert stage.world.app is not None
    told = stage.world.app.view.metrics.text().decode()
    return sum(int(float(count)) for count in re.findall(r'^mfmc_request_seconds_count\{.*status="304".*\} (.+)$', told, re.M))


async def test_a_lock_ends_what_is_kept(brief: Stage) -> None:
    """Without a purge, a locked face is gone from the cache once max_age_seconds are over."""
    url, real = await signed(brief)
    assert [seen.body for seen in await kept(brief, url)] == [real] * 2
    await brief.lock(PATH, 1)
    await asyncio.sleep(OVER)
    await brief.ask("GET", url)
    assert (await brief.ask("GET", url)).body == brief.made[PATH].base


async def test_while_the_edge_is_down(brief: Stage) -> None:
    """Bases that were kept go on being shown; a real face is not, neither by token nor by URL, once its time is over."""
    url, real = await signed(brief)
    token = {"Authorization": f"Bearer {brief.world.issuer.token('u-red')}"}
    plain = [path for path, owners in PHOTOS.items() if "u-blue" not in owners.values()]
    for target in (*plain, url):
        await kept(brief, target)
    assert (await brief.ask("GET", PATH, token)).body == real
    await brief.world.stop()
    await asyncio.sleep(OVER)
    while (await brief.ask("GET", PATH)).status == 503:  # noqa: ASYNC110 - until Varnish has noticed
        await asyncio.sleep(0.1)
    for path in plain:
        seen = await brief.ask("GET", path)
        assert (seen.status, seen.body) == (200, brief.made[path].base)
        part = await brief.ask("GET", path, {"Range": "bytes=5-9"})
        assert (part.status, part.body) == (206, brief.made[path].base[5:10])
    for target, headers in ((url, {}), (PATH, token), ("/p/5.jpg", {}), ("/-/health", {})):
        seen = await brief.ask("GET", target, headers)
        assert seen.status in (502, 503)
        assert b"ORIGINAL-FACE" not in seen.body
