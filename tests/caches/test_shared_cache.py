"""Through a real shared cache nobody ever gets a face that is not granted: 6 viewers, 5 photos, every way to ask."""

import asyncio
import os
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from edge import answer
from tests.caches.stage import COOKIE
from tests.caches.stage import PHOTOS
from tests.caches.stage import Stage
from tests.fakes import Seen

REQUESTS = int(os.environ.get("MFMC_CACHE_REQUESTS", "10000"))
AT_ONCE = 16
HITS = ("HIT", "REVALIDATED")


@dataclass(frozen=True)
class Asked:
    """A request, and the one picture that may answer it; ``kind`` is how the asker says who they are."""

    kind: str
    target: str
    headers: dict[str, str]
    path: str
    expected: bytes


@dataclass
class Campaign:
    """Random requests through the cache, every answer compared; counts how the cache answered, and remembers entity tags."""

    stage: Stage
    chance: random.Random
    urls: list[tuple[str, str, frozenset[int]]]

    def __post_init__(self) -> None:
        self.answered: Counter[tuple[str, bool]] = Counter()
        self.tags: dict[bytes, str] = {}

    def next(self) -> Asked:
        """Some viewer, some photo, some way to ask for it."""
        kind = self.chance.choice(("bearer", "cookie", "plain", "signed"))
        viewer = self.chance.choice(self.stage.viewers)
        headers = {}
        if kind == "bearer" and viewer.token is not None:
            headers["Authorization"] = f"Bearer {viewer.token}"
        elif kind == "cookie" and viewer.token is not None:
            headers["Cookie"] = f"theme=dark; {COOKIE}={viewer.token}"
        elif kind == "plain" and self.chance.random() < 0.5:
            headers["Cookie"] = f"_ga={self.chance.random()}"
        if kind == "signed":
            url, path, signed = self.chance.choice(self.urls)
            if self.chance.random() < 0.5 and viewer.token is not None:
                headers["Authorization"] = f"Bearer {viewer.token}"
            return Asked(kind, url, headers, path, self.stage.behind_url(path, signed))
        path = self.chance.choice(list(PHOTOS))
        who = viewer if len(headers) and kind != "plain" else self.stage.viewers[0]
        told = kind if who.token is not None else "plain"
        return Asked(told, path, headers, path, self.stage.picture(path, who.may_see(path)))

    async def run(self, count: int) -> None:
        """So many requests, several at a time."""
        todo = iter(range(count))
        await asyncio.gather(*(self._work(todo) for _ in range(AT_ONCE)))

    async def _work(self, todo: Iterator[int]) -> None:
        for _ in todo:
            asked = self.next()
            how = self.chance.choices(("whole", "head", "range", "own-tag", "other-tag"), (70, 5, 12, 8, 5))[0]
            await getattr(self, f"_{how.replace('-', '_')}")(asked)

    async def _whole(self, asked: Asked) -> None:
        seen = await self._ask(asked)
        assert (seen.status, seen.body) == (200, asked.expected)

    async def _head(self, asked: Asked) -> None:
        seen = await self._ask(asked, "HEAD")
        assert (seen.status, seen.body, seen.headers["Content-Length"]) == (200, b"", str(len(asked.expected)))

    async def _range(self, asked: Asked) -> None:
        start = self.chance.randrange(len(asked.expected))
        end = self.chance.randrange(start, len(asked.expected))
        headers = {"Range": f"bytes={start}-{end}"}
        if self.chance.random() < 0.5 and self.tags:
            headers["If-Range"] = self.chance.choice(list(self.tags.values()))
        seen = await self._ask(asked, **headers)
        if seen.status == 206:
            assert headers.get("If-Range", seen.headers["ETag"]) == seen.headers["ETag"]
            assert seen.headers["Content-Range"] == f"bytes {start}-{end}/{len(asked.expected)}"
        assert (seen.status, seen.body) in ((206, asked.expected[start : end + 1]), (200, asked.expected))

    async def _own_tag(self, asked: Asked) -> None:
        if asked.expected in self.tags:
            seen = await self._ask(asked, **{"If-None-Match": self.tags[asked.expected]})
            uncached = asked.kind == "plain" and asked.expected != self.stage.made[asked.path].base
            whole = [(200, asked.expected)] if uncached else []  # nginx asks without conditions where it hopes to store
            assert (seen.status, seen.body) in [(304, b""), *whole]

    async def _other_tag(self, asked: Asked) -> None:
        others = [tag for picture, tag in self.tags.items() if picture != asked.expected]
        if others:
            seen = await self._ask(asked, **{"If-None-Match": self.chance.choice(others)})
            assert (seen.status, seen.body) == (200, asked.expected)

    async def _ask(self, asked: Asked, method: str = "GET", **headers: str) -> Seen:
        seen = await self.stage.ask(method, asked.target, asked.headers | headers)
        assert self.tags.setdefault(asked.expected, seen.headers["ETag"]) == seen.headers["ETag"]
        assert "Surrogate-Key" not in seen.headers
        base = asked.expected == self.stage.made[asked.path].base
        kind = "base" if asked.kind == "plain" and base else asked.kind
        self.answered[kind, seen.headers.get("X-Cache") in HITS] += 1
        return seen

    def ratio(self, kind: str) -> float:
        """The share of answers that came from the cache."""
        hits, misses = self.answered[kind, True], self.answered[kind, False]
        return hits / (hits + misses)


async def test_nobody_gets_a_face_not_granted(cached: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    """Every answer is exactly what the asker may see; in the middle a face is locked and purged, and is never seen again."""
    urls = await cached.urls()
    campaign = Campaign(cached, random.Random(6), urls)
    await campaign.run(REQUESTS // 2)
    assert set(campaign.tags) == {cached.picture(path, viewer.may_see(path)) for path in PHOTOS for viewer in cached.viewers}

    path, slot = "/p/1.jpg", 1
    before = [cached.behind_url(where, signed) for _, where, signed in urls]
    await cached.lock(path, slot)
    cached.cache.take_out(answer.photo_key(path).decode())
    after = [cached.behind_url(where, signed) for _, where, signed in urls]
    assert sum(one != other for one, other in zip(before, after, strict=True)) == 1
    campaign.urls = urls + [fresh for fresh in await cached.urls() if fresh not in urls]
    campaign.tags.clear()
    await campaign.run(REQUESTS - REQUESTS // 2)

    with capsys.disabled():
        told = ", ".join(f"{campaign.ratio(kind):.3f} of {kind}" for kind in ("base", "signed"))
        print(f"\n{cached.cache.name}, {REQUESTS} requests, hit ratio {told}: ", end="")
    assert campaign.answered["bearer", True] == campaign.answered["cookie", True] == 0
    for kind, addresses in (("base", 4), ("signed", len(campaign.urls))):
        assert campaign.answered[kind, False] <= 3 * addresses
    kept = [content for content in cached.cache.stored() if b"ORIGINAL-FACE" in content]
    assert all(b"\nKEY: /-/s/" in content for content in kept)


async def test_a_purge_is_what_takes_effect_at_once(cached: Stage) -> None:
    """A locked face stays in the cache for up to max_age_seconds, unless it is purged: by its photo or with all signed."""
    url, path, signed = next(entry for entry in await cached.urls() if entry[1] == "/p/1.jpg" and 1 in entry[2])
    other, *_ = next(entry for entry in await cached.urls() if entry[1] == "/p/3.jpg")
    shown = cached.picture(path, signed)
    for _ in range(2):
        assert (await cached.ask("GET", url)).body == shown
        assert (await cached.ask("GET", other)).status == 200
    await cached.lock(path, 1)
    seen = await cached.ask("GET", url)
    assert (seen.headers["X-Cache"], seen.body) == ("HIT", shown)
    cached.cache.take_out(answer.photo_key(path).decode())
    seen = await cached.ask("GET", url)
    assert (seen.headers["X-Cache"], seen.body) == ("MISS", cached.made[path].base)
    assert (await cached.ask("GET", other)).headers["X-Cache"] == "HIT"
    cached.cache.take_out("signed")
    assert (await cached.ask("GET", other)).headers["X-Cache"] == "MISS"
