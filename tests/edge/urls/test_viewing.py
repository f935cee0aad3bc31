"""Signed URLs over a real socket: exactly the faces that were signed, for as long as that holds, and the base in any doubt."""

import json
import logging
from collections.abc import Callable

import pytest
from sqlalchemy import update

from edge import urls
from edge.catalog import tables
from edge.errors import KeyServiceFailed
from edge.keys import ring
from edge.plans import base_tag
from edge.viewer import Viewers
from tests.edge.urls.stage import FACES
from tests.edge.urls.stage import Stage
from tests.fakes import PATH
from tests.fakes import Seen
from tests.fakes import World

DOUBTFUL = "public, max-age=5"
GOOD = "public, max-age=60, must-revalidate, stale-if-error=0"


def is_base(stage: Stage, seen: Seen) -> bool:
    """Whether the answer is the base as every doubt gets it, byte for byte and header for header."""
    assert seen.status == 200
    assert "Vary" not in seen.headers
    told = (seen.body, seen.headers["Cache-Control"], seen.headers["ETag"], seen.headers["Mfmc-Faces"])
    return told == (stage.made.base, DOUBTFUL, base_tag(stage.made.photo), "synthetic")


async def test_exactly_what_was_signed(stage: Stage) -> None:
    """The signed faces are real and no other is, whatever the rules say, for all sets of faces in turn through one memory."""
    numbers = (1, 2, 4)
    for _ in range(2):
        for bits in range(8):
            some = [number for place, number in enumerate(numbers) if bits >> place & 1]
            seen = await stage.shown(stage.url(*((number, 0, 0) for number in some)))
            assert seen.body == stage.made.seen(*some)


async def test_headers(stage: Stage) -> None:
    """Any cache may keep it for a while, for whoever holds the URL, under the variant's own entity tag and the photo's key."""
    seen = await stage.shown(stage.url(*FACES))
    token = await stage.shown(PATH, stage.world.issuer.token("u-green", friends=["u-red"]))
    assert seen.body == token.body
    assert seen.headers["ETag"] == token.headers["ETag"] != base_tag(stage.made.photo)
    assert seen.headers["Cache-Control"] == GOOD
    assert "Vary" not in seen.headers
    keys = seen.headers["Surrogate-Key"].split(" ")
    assert keys == [(await stage.shown(PATH)).headers["Surrogate-Key"], "signed"]
    assert "Surrogate-Key" not in token.headers
    assert seen.headers["Cross-Origin-Resource-Policy"] == "same-site"
    head = await stage.shown(stage.url(*FACES), method="HEAD")
    assert {**head.headers} == {**seen.headers}
    again = await stage.shown(stage.url(*FACES), If_None_Match=seen.headers["ETag"])
    assert (again.status, again.headers["Cache-Control"], again.body) == (304, GOOD, b"")
    assert again.headers["Surrogate-Key"] == seen.headers["Surrogate-Key"]


async def test_nothing_granted_can_be_signed(stage: Stage) -> None:
    """A URL that grants nobody is good: it shows the base for as long as any other."""
    seen = await stage.shown(stage.url())
    assert (seen.body, seen.headers["Cache-Control"]) == (stage.made.base, GOOD)


async def test_until_it_expires(stage: Stage) -> None:
    """Caches may keep it for no longer than it is good; then it is a base."""
    url = stage.url(*FACES)
    expires = urls.sign(stage.keys, PATH, stage.made.photo.version, FACES, stage.world.clock.now).expires
    for left in (60.0, 59.5, 1.5, 0.5):
        stage.world.clock.now = expires - left
        assert (await stage.shown(url)).headers["Cache-Control"] == GOOD.replace("60", str(int(left)))
    assert (await stage.shown(url)).body == stage.made.seen(1, 2)
    stage.world.clock.now = float(expires)
    assert is_base(stage, await stage.shown(url))


async def test_a_token_beside_it_is_not_looked_at(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The URL alone decides: with a token that grants more, with one that grants less, with a cookie, and with rubbish."""

    async def looked(*_: object) -> None:
        raise AssertionError("somebody looked who it is")

    monkeypatch.setattr(Viewers, "identify", looked)
    tokens = [stage.world.issuer.token("u-blue"), stage.world.issuer.token("u-red"), "rubbish"]
    for url, faces in ((stage.url(*FACES), (1, 2)), (stage.url((4, 0, 0)), (4,)), (_forged(stage), ())):
        plain = await stage.shown(url)
        assert plain.body == stage.made.seen(*faces)
        for token in tokens:
            for sent in ({"Authorization": f"Bearer {token}"}, {"Cookie": f"__Host-mfmc={token}"}):
                seen = await stage.world.send("GET", url, sent)
                assert (seen.body, {**seen.headers}) == (plain.body, {**plain.headers})


OTHER = urls.Keys("k-other", {"k-other": bytes(range(32))})


def _forged(stage: Stage) -> str:
    """Signed with another secret under the edge's own id."""
    return stage.url(*FACES, keys=urls.Keys(stage.keys.primary, {stage.keys.primary: bytes(range(32))}))


DOUBTS: dict[str, Callable[[Stage], str]] = {
    "unknown-key": lambda stage: stage.url(*FACES, keys=OTHER),
    "forged": _forged,
    "for-another-photo": lambda stage: stage.url(*FACES, path="/photos/2024/t2.jpg").replace("t2.jpg", "t1.jpg"),
    "another-version": lambda stage: stage.url(*FACES, version=bytes(16)),
    "an-epoch-ahead": lambda stage: stage.url((1, 1, 0), (2, 0, 0)),
    "an-owner's-epoch-ahead": lambda stage: stage.url((1, 0, 1), (2, 0, 0)),
    "a-face-that-is-none": lambda stage: stage.url(*FACES, (5, 0, 0)),
    "somebody-unclaimed": lambda stage: stage.url(*FACES, (3, 0, 0)),
    "a-rendition-too-large": lambda stage: stage.url(*FACES, rendition="w=9999"),
    "expired": lambda stage: stage.url(*FACES, now=stage.world.clock.now - 601),
    "lives-too-long": lambda stage: stage.url(*FACES, lifetime_seconds=3_601),
    "cut": lambda stage: stage.url(*FACES).replace(PATH, "")[:-1] + PATH,
    "longer": lambda stage: stage.url(*FACES).replace(PATH, "") + "A" + PATH,
    "upper-case": lambda stage: stage.url(*FACES).replace(PATH, "").upper().replace("/S/", "/s/") + PATH,
    "no-seal": lambda stage: f"/-/s/x{PATH}",
    "a-key-and-nothing": lambda stage: f"/-/s/{stage.keys.primary}.{PATH}",
    "as-long-as-may-be": lambda stage: f"/-/s/{'x' * 1_024}{PATH}",
}


async def test_any_doubt_is_the_base(stage: Stage) -> None:
    """Whatever is wrong with a URL, its answer is the same: the base, for seconds."""
    assert (await stage.shown(stage.url(*FACES))).body == stage.made.seen(1, 2)
    for doubt, url in DOUBTS.items():
        assert is_base(stage, await stage.shown(url(stage))), doubt


OTHER_SHAPES = [
    "/-/s", "/-/s/", "/-/s/{}", "/-/s/x", "/-/s/{}/", "/-/s{}PATH", "/-/s//{}PATH", "/-/s/.{}PATH", "/-/s/{}%2ePATH",
    "/-/s/{}/PATH", "/-/s/{}PATH/", "/-/s/{}PATH?w=1", "/-/s/{}PATH?", "/-/s/{}/-/health",
    "/-/s/{0}/-/s/{0}PATH", "/-/S/{}PATH", "/-/t/{}PATH",
    f"/-/s/{'x' * 1_025}PATH", f"/-/s/x/{'y' * 512}",
]  # fmt: skip


async def test_other_shapes_are_not_found(stage: Stage) -> None:
    """What does not have the shape of a signed URL is nothing, not even with a good seal in it."""
    sealed = stage.url(*FACES).split("/")[3]
    for shape in OTHER_SHAPES:
        target = shape.format(sealed).replace("PATH", PATH)
        answered = await stage.world.raw(f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        assert answered.startswith(b"HTTP/1.1 404 "), target
        assert b"Cache-Control: no-store" in answered


async def _veto(world: World, token: str) -> None:
    address = f"/-/api/v1/photos/{PATH[1:].replace('/', '~')}/faces/1/veto"
    assert (await world.send("PUT", address, {"Authorization": f"Bearer {token}"})).status == 200


async def _set(world: World, columns: dict[str, object]) -> None:
    """A change of a face that no epoch tells of, where this edge does not hear it."""
    async with world.app.view.decisions.photos._catalog.database.writing() as connection:  # type: ignore[union-attr]
        await connection.execute(update(tables.FACE).filter_by(slot=1).values(**columns))


async def test_a_veto_wins(stage: Stage) -> None:
    """A no that comes after signing hides the face at once, for everyone who holds the URL; a new URL is needed then."""
    url = stage.url(*FACES)
    assert (await stage.shown(url)).body == stage.made.seen(1, 2)
    await _veto(stage.world, stage.world.issuer.token("u-red"))
    assert is_base(stage, await stage.shown(url))
    photo = await stage.world.app.view.decisions.photos.find(PATH, stage.world.clock.now)  # type: ignore[union-attr]
    assert (await stage.shown(stage.url(*photo.shown({2})))).body == stage.made.seen(2)


async def test_what_nobody_may_see(stage: Stage) -> None:
    """A lock, a lost owner or an erasure that this edge does not hear of wins within revocation_seconds, epoch or not."""
    before: dict[str, object] = {"locked": False, "owner": "u-red"}
    for change in ({"locked": True}, {"owner": None}, {"wrapped_key": None}):
        url = stage.url(*FACES)
        assert (await stage.shown(url)).body == stage.made.seen(1, 2)
        await _set(stage.world, change)
        stage.world.clock.now += 5
        assert is_base(stage, await stage.shown(url))
        assert (await stage.shown(stage.url(FACES[1]))).body == stage.made.seen(2)
        await _set(stage.world, before)
        stage.world.clock.now += 5


async def test_published_again(stage: Stage) -> None:
    """A URL for one version shows nothing of the next, not even where slots and epochs are the same; files may be swept."""
    url = stage.url(*FACES)
    assert (await stage.shown(url, method="HEAD", If_None_Match="*")).status == 304
    async with stage.world.app.view.decisions.photos._catalog.database.writing() as connection:  # type: ignore[union-attr]
        for table in (tables.FACE, tables.PHOTO):
            await connection.execute(table.delete())
    old, stage.made = stage.made, await stage.world.publish({1: "u-eve", 2: "u-red"}, mark=b"second")
    for which in (0, 1):
        stage.world.origin_file(old, which).unlink()
    assert is_base(stage, await stage.shown(url))


async def test_the_key_service_fails(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where keys do not open, a good URL is answered like a doubtful one: no cache keeps the base in a variant's place."""

    async def failing(*_: object) -> None:
        raise KeyServiceFailed

    monkeypatch.setattr(stage.world.app.view.plans._keys, "unwrap", failing)  # type: ignore[union-attr]
    url = stage.url(*FACES)
    assert is_base(stage, await stage.shown(url))
    assert (await stage.shown(url, If_None_Match=base_tag(stage.made.photo))).headers["Cache-Control"] == DOUBTFUL


async def test_damaged_patches(stage: Stage) -> None:
    """The same where the sidecar does not open, after the entity tag had been made."""
    stage.world.origin_file(stage.made, 1).write_bytes(b"damaged")
    assert is_base(stage, await stage.shown(stage.url(*FACES)))


async def test_without_the_table(world: World) -> None:
    """An edge that signs nothing shows the base wherever somebody else signed."""
    stage = Stage(world)
    stage.made = await world.publish({1: "u-red", 2: "u-green"})
    await world.start()
    assert is_base(stage, await stage.shown(stage.url(*FACES)))


async def test_keys_come_and_go(stage: Stage) -> None:
    """A rotated key's URLs stay good, those of a new one become good, and those of a retired one end, without a restart."""
    door = stage.world.app.view.decisions.door  # type: ignore[union-attr]
    assert door is not None
    old = stage.url(*FACES)
    assert (await stage.shown(old)).body == stage.made.seen(1, 2)
    ring.rotate(stage.file)
    new = stage.url(*FACES, keys=urls.Keys.read(stage.file))
    await door.renew()
    assert [(await stage.shown(url)).body for url in (old, new)] == [stage.made.seen(1, 2)] * 2
    assert door.sign(stage.made.photo, frozenset({1, 2}), stage.world.clock.now).url == new
    ring.retire(stage.file, stage.keys.primary)
    await door.renew()
    assert is_base(stage, await stage.shown(old))
    assert (await stage.shown(new)).body == stage.made.seen(1, 2)


async def test_nothing_of_it_is_written(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """The access log has a line for each, and nothing in any log or on disk holds what was sealed or the path."""
    caplog.set_level(logging.DEBUG)
    stage = Stage(world)
    await stage.start(edge={"access_log": True, "cache": {"disk_folder": "cache"}})
    good = stage.url(*FACES)
    for url in (good, good.replace("t1.jpg", "t2.jpg"), good + "?w=1", good.upper(), DOUBTS["forged"](stage)):
        await stage.shown(url)
    lines = [record.args for record in caplog.records if record.name == "mfmc.access"]
    assert [line["kind"] for line in lines][:2] == ["picture", "picture"]
    sealed = good.split("/")[3]
    text = caplog.text + "".join(json.dumps(record.__dict__, default=repr) for record in caplog.records)
    files = [file.read_bytes() for file in world.folder.rglob("*") if file.is_file()]
    for secret in (sealed, sealed.partition(".")[2][:20], "t1.jpg"):
        assert secret not in text
    assert not [content for content in files if sealed.partition(".")[2].encode() in content]
