"""Faults: the origin, the disk and the store do their worst; the answer is the base or a fixed sentence, never an original."""

import asyncio
import os
from collections.abc import Awaitable
from collections.abc import Callable
from pathlib import Path

import pytest
from aiohttp import web

from edge import config
from edge.catalog import Catalog
from edge.catalog.publication import publish
from edge.errors import OriginFailed
from edge.errors import OriginTimeout
from edge.origin import FolderOrigin
from edge.origin import Origin
from edge.origin import names
from edge.origin import open_origin
from tests.fakes import PATH
from tests.fakes import Published
from tests.fakes import World
from tests.fakes import real

RULES = {"u-red": "friends", "u-green": "everyone"}


async def started(world: World) -> Published:
    """A published photo that strangers see one face of, on a listening edge."""
    made = await world.publish({1: "u-red", 2: "u-green"}, rules=RULES)
    await world.start()
    return made


def damage(kind: str, good: bytes, other: bytes) -> bytes | None:
    """A file gone wrong; None: gone."""
    half = len(good) // 2
    return {
        "missing": None,
        "empty": b"",
        "short": good[:-1],
        "long": good + b"\0",
        "half": good[:half],
        "zeros": bytes(len(good)),
        "first-bit": bytes([good[0] ^ 1]) + good[1:],
        "middle-bit": good[:half] + bytes([good[half] ^ 1]) + good[half + 1 :],
        "last-bit": good[:-1] + bytes([good[-1] ^ 0x80]),
        "of-another-version": other,
        "text": b"<html>404</html>",
    }[kind]


KINDS = [
    "missing", "empty", "short", "long", "half", "zeros", "first-bit", "middle-bit", "last-bit",
    "of-another-version", "text",
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
async def test_damaged_sidecar_shows_the_base(world: World, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever happens to the sidecar, whoever needs the damaged part gets the base; it heals when the file does."""
    other = await world.publish({1: "u-red", 2: "u-green"})
    made = await started(world)
    file = world.origin_file(made, 1)
    good = file.read_bytes()
    bad = damage(kind, good, other.sidecar)
    file.unlink() if bad is None else file.write_bytes(bad)
    for token in (None, world.issuer.token("u-red")):
        seen = await world.get(token=token)
        if kind == "middle-bit" and token is None:  # that bit is in the other face's patch
            assert seen.body == made.seen(2)
            continue
        assert (seen.status, seen.body) == (200, made.base)
        assert seen.headers["ETag"] == f'"{made.photo.base_sha256[:16].hex()}"'
        assert "private" in seen.headers["Cache-Control"]
        assert seen.headers["Mfmc-Faces"] == "synthetic"
    file.write_bytes(good)
    world.clock.now += 5
    assert (await world.get(token=world.issuer.token("u-red"))).body == made.seen(1, 2)
    assert "ORIGINAL" not in caplog.text


@pytest.mark.parametrize("kind", KINDS)
async def test_wrong_base_is_never_shown(world: World, kind: str) -> None:
    """A base that is not the published one could be an original: a fixed 502 for everyone, and nothing of it."""
    other = await world.publish({1: "u-red", 2: "u-green"}, mark=b"other")
    made = await started(world)
    file = world.origin_file(made, 0)
    good = file.read_bytes()
    bad = damage(kind, good, other.base)
    file.unlink() if bad is None else file.write_bytes(bad)
    for token in (None, world.issuer.token("u-red")):
        seen = await world.get(token=token)
        assert (seen.status, seen.body) == (502, b"The picture's store gave a wrong answer.\n")
        assert seen.headers["Cache-Control"] == "no-store"
    file.write_bytes(good)
    assert (await world.get(token=world.issuer.token("u-red"))).body == made.seen(1, 2)


async def test_original_at_the_origin_is_not_passed_through(world: World) -> None:
    """An original that lies where the base should is refused, and one without a catalog row does not exist."""
    made = await started(world)
    world.origin_file(made, 0).write_bytes(made.seen(1, 2))
    (world.folder / "origin" / "upload.jpg").write_bytes(made.seen(1, 2))
    assert (await world.get()).status == 502
    assert (await world.get("/upload.jpg")).status == 404


@pytest.mark.parametrize("which", [0, 1])
async def test_links_and_devices_at_the_origin(world: World, which: int) -> None:
    """A symbolic link, a pipe and a folder in the place of a file are faults, and nothing waits for them."""
    made = await started(world)
    file = world.origin_file(made, which)
    good = file.read_bytes()
    (world.folder / "elsewhere").write_bytes(good)
    for plant in (
        lambda: file.symlink_to(world.folder / "elsewhere"), lambda: os.mkfifo(file), lambda: file.mkdir(),
    ):  # fmt: skip
        file.unlink()
        plant()
        seen = await world.get(token=world.issuer.token("u-red"))
        assert (seen.status, real(1) in seen.body) == ((502, False) if which == 0 else (200, False))
        world.clock.now += 5
        file.rmdir() if file.is_dir() and not file.is_symlink() else file.unlink()
        file.write_bytes(b"")


async def test_linked_folder_at_the_origin(world: World, tmp_path: Path) -> None:
    """A symbolic link among the folders is not followed either."""
    made = await started(world)
    folder = world.origin_file(made, 0).parent
    folder.rename(tmp_path / "moved")
    folder.symlink_to(tmp_path / "moved")
    assert (await world.get()).status == 502


@pytest.mark.parametrize("lost", ["face", "directory", "ring"])
async def test_lost_keys_show_the_base(world: World, lost: str) -> None:
    """A wrapped key that does not open, or that the ring lacks, costs the reveal and nothing else."""
    from dataclasses import replace

    made = await started(world)
    photo = made.photo
    if lost == "face":
        photo = replace(photo, faces=tuple(replace(face, wrapped_key=b"") for face in photo.faces))
    elif lost == "directory":
        photo = replace(photo, wrapped_key=photo.wrapped_key[:-1] + bytes([photo.wrapped_key[-1] ^ 1]))
    else:
        photo = replace(photo, wrapped_key=b"\x01x" + photo.wrapped_key[11:])
    async with Catalog.open(world.settings.catalog.url) as catalog:
        await publish(catalog, photo)
    seen = await world.get(token=world.issuer.token("u-red"))
    assert (seen.status, seen.body, seen.headers["Mfmc-Faces"]) == (200, made.base, "synthetic")


async def test_faces_cannot_exchange_keys(world: World) -> None:
    """A face key moved to another face's row opens nothing."""
    from dataclasses import replace

    made = await started(world)
    one, two = made.photo.faces
    swapped = (replace(one, wrapped_key=two.wrapped_key), replace(two, wrapped_key=one.wrapped_key))
    async with Catalog.open(world.settings.catalog.url) as catalog:
        await publish(catalog, replace(made.photo, faces=swapped))
    assert (await world.get(token=world.issuer.token("u-red"))).body == made.base


async def test_broken_catalog_is_unavailable(world: World) -> None:
    """While nobody can tell who may see what, there is a fixed 503; health stays, readiness goes."""
    made = await started(world)
    assert (await world.get("/-/ready")).body == b"ready\n"
    for file in world.folder.glob("catalog.sqlite3*"):
        file.write_bytes(b"not a database" * 1_000)
    for path, status in ((PATH, 503), ("/-/ready", 503), ("/-/health", 200)):
        seen = await world.get(path, token=world.issuer.token("u-red"))
        assert seen.status == status
        assert b"database" not in seen.body
        assert seen.headers["Cache-Control"] == "no-store"
    assert made.photo.faces


Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def store(world: World, answer: Answer) -> Origin:
    """An HTTP origin that answers as told, behind tight limits."""
    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    world._stack.push_async_callback(runner.cleanup)
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    settings = config.Origin(url=f"http://127.0.0.1:{site.port}/root", max_bytes=1_000, timeout_seconds=0.3)
    made = await open_origin(settings)
    world._stack.push_async_callback(made.close)
    return made


async def plain(request: web.Request) -> web.StreamResponse:
    return web.Response(body=b"x" * 1_000)


async def not_found(request: web.Request) -> web.StreamResponse:
    return web.Response(status=404, body=b"x")


async def broken(request: web.Request) -> web.StreamResponse:
    return web.Response(status=500, body=b"x")


async def partial(request: web.Request) -> web.StreamResponse:
    return web.Response(status=206, body=b"x")


async def empty_answer(request: web.Request) -> web.StreamResponse:
    return web.Response(status=204)


async def moved(request: web.Request) -> web.StreamResponse:
    return web.Response(status=302, headers={"Location": "/root/good"})


async def too_large(request: web.Request) -> web.StreamResponse:
    return web.Response(body=b"x" * 1_001)


async def too_large_chunked(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse()
    await answer.prepare(request)
    for _ in range(1_001):
        await answer.write(b"x")
    return answer


async def short(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Content-Length": "100"})
    await answer.prepare(request)
    await answer.write(b"x" * 50)
    assert request.transport is not None
    request.transport.close()
    return answer


async def reset(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def packed(request: web.Request) -> web.StreamResponse:
    return web.Response(body=b"x" * 10, headers={"Content-Encoding": "gzip"})


async def silent(request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(5)
    return web.Response()


async def stalls(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Content-Length": "100"})
    await answer.prepare(request)
    await answer.write(b"x" * 50)
    await asyncio.sleep(5)
    return answer


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        pytest.param(answer, OriginTimeout if answer in (silent, stalls) else OriginFailed, id=answer.__name__)
        for answer in (
            not_found, broken, partial, empty_answer, moved, too_large, too_large_chunked, short, reset, packed,
            silent, stalls,
        )
    ],
)  # fmt: skip
async def test_http_origin_lies(world: World, answer: Answer, fault: type[Exception]) -> None:
    """A store that errs, redirects, cuts, floods, packs or stalls is a fault with a bound, never a part of a file."""
    origin = await store(world, answer)
    with pytest.raises(fault):
        await origin.fetch("a.base")


async def test_http_origin(world: World) -> None:
    """A plain answer of just the largest size is the file, and nothing of a viewer is sent along."""
    asked: list[web.Request] = []

    async def noting(request: web.Request) -> web.StreamResponse:
        asked.append(request)
        return await plain(request)

    origin = await store(world, noting)
    assert await origin.fetch("photos/a.jpg.00.base") == b"x" * 1_000
    assert asked[0].raw_path == "/root/photos/a.jpg.00.base"
    assert set(asked[0].headers) <= {"Host", "Accept", "Accept-Encoding", "User-Agent"}
    assert asked[0].headers["Accept-Encoding"] == "identity"


async def test_no_http_origin_there(world: World) -> None:
    """A store that does not listen is a fault."""
    origin = await open_origin(config.Origin(url="http://127.0.0.1:9/", timeout_seconds=1))
    with pytest.raises(OriginFailed):
        await origin.fetch("a.base")
    await origin.close()


async def test_edge_over_http(world: World) -> None:
    """The whole edge works over an HTTP origin, and shows the base when only the sidecar fails there."""
    made = await world.publish({1: "u-red"})
    base, sidecar = names(PATH, made.photo.version)
    files = {f"/{base}": made.base, f"/{sidecar}": b"damaged"}
    asked: list[str] = []

    async def serve(request: web.Request) -> web.StreamResponse:
        asked.append(request.raw_path)
        return web.Response(body=files[request.raw_path])

    app = web.Application()
    app.router.add_get("/{path:.*}", serve)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    world._stack.push_async_callback(runner.cleanup)
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    world.configure({"origin": {"url": f"http://127.0.0.1:{site.port}"}})
    await world.start()
    token = world.issuer.token("u-red")
    assert (await world.get(token=token)).body == made.base
    files[f"/{sidecar}"] = made.sidecar
    assert (await world.get(token=token)).body == made.base  # the fault is remembered for a while
    world.clock.now += 5
    assert (await world.get(token=token)).body == made.seen(1)
    world.clock.now += 5
    await asyncio.gather(*(world.get(token=token) for _ in range(10)))
    assert asked.count(f"/{base}") == 1
    assert asked.count(f"/{sidecar}") == 2


async def test_disk_cache_in_the_way(world: World) -> None:
    """With a disk cache, a damaged sidecar still heals, and no original ever reaches the disk."""
    world.configure({"cache": {"disk_folder": "cache"}})
    made = await started(world)
    file = world.origin_file(made, 1)
    good = file.read_bytes()
    file.write_bytes(good[:-1])
    token = world.issuer.token("u-red")
    assert (await world.get(token=token)).body == made.base
    file.write_bytes(good)
    world.clock.now += 5
    assert (await world.get(token=token)).body == made.seen(1, 2)
    for found in (world.folder / "cache").rglob("*"):
        assert found.is_dir() or b"ORIGINAL" not in found.read_bytes()


async def test_folder_origin_deadline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that hangs (a network mount) is a timeout."""
    origin = FolderOrigin(tmp_path, max_bytes=10, timeout_seconds=0.05)
    gate = asyncio.Event()

    async def hangs(*_: object) -> bytes:
        await gate.wait()
        return b""

    monkeypatch.setattr(asyncio, "to_thread", hangs)
    with pytest.raises(OriginTimeout):
        await origin.fetch("a")


async def test_too_large_for_the_folder(tmp_path: Path) -> None:
    """A file above the limit is refused unread."""
    (tmp_path / "a").write_bytes(b"x" * 11)
    with pytest.raises(OriginFailed):
        await FolderOrigin(tmp_path, max_bytes=10, timeout_seconds=1).fetch("a")
