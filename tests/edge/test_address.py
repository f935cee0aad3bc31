"""Raw paths: one shape, and everything else is a 404 before any I/O."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge import address
from edge.errors import NotFound
from edge.origin import names
from tests.fakes import PATH
from tests.fakes import World

GOOD = ["/t1.jpg", PATH, "/a/b/c/d.e.f.jpg", "/_x/-y", "/A-Z_0-9.jpeg", "/" + "a" * 511, "/a..b"]

BAD = [
    "", "/", "//", "//t1.jpg", "/a//b", "/a/", "t1.jpg", "/.", "/..", "/./a", "/a/..", "/a/../b", "/.hidden",
    "/a/.hidden/b", "/...", "/..;/a", "/%2e%2e/a", "/..%2fa", "/a%2fb", "/a%00.jpg", "/a%", "/%61.jpg", "/a\0.jpg",
    "/a\n.jpg", "/a.jpg\n", "/a.jpg\r", "/a b.jpg", "/a\tb", "/a?b", "/a.jpg?w=640", "/a#b", "/a;.css", "/a,b",
    "/a:b", "/a@b", "/a~", "/a*", "/a'", '/a"', "/a<b>", "/a\\b", "\\a", "/a|b", "/é.jpg", "/\uff41.jpg", "/a\u202e.jpg",
    "/a\udcff", "/" + "a" * 512, "http://x/t1.jpg", "https://x/t1.jpg", "//x/t1.jpg", "*", "x:80", "/-/", "/-/x",
    "/-/health", "/a+b", "/a=b", "/a&b", "/a$b", "/(a)", "/[a]", "/{a}", "/a^b", "/a`b", "/a!b",
]  # fmt: skip


@pytest.mark.parametrize("path", GOOD)
def test_good(path: str) -> None:
    """A plain path is itself, unchanged."""
    assert address.parse(path) == path


@pytest.mark.parametrize("path", BAD, ids=ascii)
def test_bad(path: str) -> None:
    """Nothing is decoded, folded or climbed."""
    with pytest.raises(NotFound):
        address.parse(path)


@given(st.text(alphabet="a./-%~\0é_", max_size=20))
def test_what_passes_stays_below_the_root(text: str) -> None:
    """No accepted path has an empty segment, or one that starts with a dot."""
    try:
        path = address.parse(text)
    except NotFound:
        return
    assert path.startswith("/")
    assert all(segment and not segment.startswith(".") for segment in path[1:].split("/"))
    for name in names(path, bytes(16)):
        assert Path("/root", name).resolve().is_relative_to("/root")


@pytest.mark.parametrize("path", GOOD)
def test_signed(path: str) -> None:
    """What is sealed stands before the path, and both are read as they were written."""
    raw = address.signed("k-1.A-_9", path)
    assert address.is_signed(raw)
    assert address.parse_signed(raw) == ("k-1.A-_9", path)
    assert address.photo(raw) == address.photo(path) == path


@pytest.mark.parametrize("path", BAD, ids=ascii)
def test_signed_bad(path: str) -> None:
    """No path that is none by itself is one behind a seal."""
    with pytest.raises(NotFound):
        address.parse_signed(f"/-/s/x{path}")


@pytest.mark.parametrize("sealed", ["", ".", ".x", "x" * 1_025, "x%", "x?", "x ", "é", "x~", "x\n", "x="], ids=ascii)
def test_seal_bad(sealed: str) -> None:
    """What is sealed is one segment, spelt like any other, and not longer than any seal can be."""
    with pytest.raises(NotFound):
        address.parse_signed(f"/-/s/{sealed}/t1.jpg")


def test_names() -> None:
    """The files of a version are named after the path and the version."""
    base, sidecar = names("/a/t1.jpg", bytes(range(16)))
    assert base == "a/t1.jpg.000102030405060708090a0b0c0d0e0f.base"
    assert sidecar == "a/t1.jpg.000102030405060708090a0b0c0d0e0f.sealed"


@pytest.mark.parametrize("path", [path for path in BAD if path and path.isascii() and path.isprintable()], ids=ascii)
async def test_bad_over_the_wire(world: World, path: str) -> None:
    """A bad path on the request line is refused before the catalog is asked, and nothing of it is echoed."""
    await world.start()
    assert world.app is not None
    answered = await world.raw(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    status = answered.split(b" ", 2)[1]
    assert status in (b"400", b"404") or path == "/-/health"
    if status == b"404":
        assert b"Cache-Control: no-store" in answered
    body = answered.partition(b"\r\n\r\n")[2]
    assert body in (b"There is no such picture.\n", b"The request is not valid.\n", b"alive\n")


async def test_published_files_have_no_address(world: World) -> None:
    """Neither the base's own name nor the sidecar's is a photo, though both lie at the origin."""
    made = await world.publish({1: "u-red"})
    await world.start()
    for name in names(PATH, made.photo.version):
        assert (await world.get("/" + name)).status == 404
    assert (await world.get("/photos/2024/unknown.jpg")).status == 404


async def test_fuzz_urls(world: World, corpora: Path) -> None:
    """No URL of a public fuzzing corpus is a photo."""
    files = sorted((corpora / "http" / "url").iterdir())
    assert files
    world.configure({}, keepalive_seconds=0.5)  # ends the connections of requests that are not whole
    await world.publish({1: "u-red"})
    await world.start()
    lines = [file.read_bytes().split(b"\n")[0][:4_000] for file in files]
    sent = [b"GET " + line + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" for line in lines]
    for answered in await asyncio.gather(*map(world.raw, sent)):
        assert answered == b"" or answered.split(b" ", 2)[1] in (b"400", b"404")
