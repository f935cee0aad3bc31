"""Renditions through a real shared cache: every viewer gets the size, the format and just the faces that they may see."""

import json
import random
from collections import Counter

import pytest

from tests.caches.stage import Stage
from tests.edge.shown import OWNERS
from tests.edge.shown import WIDTHS
from tests.edge.shown import fakes
from tests.edge.shown import pixels
from tests.edge.shown import published
from tests.fakes import PATH

REQUESTS = 1_200
ACCEPTS = ("image/avif,image/webp,*/*", "image/webp,*/*", "*/*")
HITS = ("HIT", "REVALIDATED")


async def signed(stage: Stage, user: str, query: str) -> str:
    """The URL that shows a user's own face in one rendition."""
    headers = {"Authorization": f"Bearer {stage.world.issuer.token(user)}"}
    told = await stage.ask("POST", "/-/urls", headers, {"photos": [PATH + query]})
    assert told.status == 200
    (entry,) = json.loads(told.body)["urls"]
    assert entry["url"].startswith("/-/s/")
    return str(entry["url"])


async def test_every_size_and_format_for_just_whom_it_is(cached: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    """Strangers, owners by token and holders of signed URLs, three kinds of browser, four addresses a size: faces, width and
    format are always those that were asked for, and what shows a real face is kept only under a signed URL."""
    await published(cached.world)
    chance, answered = random.Random(9), Counter[tuple[str, bool]]()
    urls = {(user, width): await signed(cached, user, f"?w={width}") for user in OWNERS for width in WIDTHS}
    for _ in range(REQUESTS):
        width, user, accept = chance.choice(WIDTHS), chance.choice((None, *OWNERS)), chance.choice(ACCEPTS)
        kind = chance.choice(("plain", "token", "signed"))
        form, headers = chance.choice(("", "&fmt=auto", "&fmt=webp", f"&v={chance.randrange(3)}")), {"Accept": accept}
        target, shows = f"{PATH}?w={width}{form}", user if kind != "plain" else None
        if kind == "token" and user is not None:
            headers["Authorization"] = f"Bearer {cached.world.issuer.token(user)}"
        elif kind == "signed" and user is not None:
            target, form = urls[user, width], ""
        seen = await cached.ask("GET", target, headers)
        webp = form == "&fmt=webp" or (form == "&fmt=auto" and "webp" in accept)
        assert seen.status == 200
        assert pixels(seen).shape[1] == width
        assert fakes(seen) == [owner != shows for owner in OWNERS]
        assert seen.headers["Content-Type"] in (("image/webp", "image/avif") if webp else ("image/jpeg",))
        if seen.headers["Content-Type"] == "image/avif":
            assert "avif" in accept
        answered[kind if user is not None else "plain", seen.headers.get("X-Cache") in HITS] += 1
    with capsys.disabled():
        shares = {kind: answered[kind, True] / (answered[kind, True] + answered[kind, False]) for kind in ("plain", "signed")}
        print(f"\n{cached.cache.name}, renditions, hit ratio " + ", ".join(f"{v:.3f} {k}" for k, v in shares.items()), end=": ")
    assert answered["token", True] == 0
    assert answered["signed", False] <= len(urls) * len(ACCEPTS)  # nginx keeps one for each kind of browser
    assert min(shares.values()) > 0.9
