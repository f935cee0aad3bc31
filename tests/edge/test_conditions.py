"""Ranges and conditions: exactly the bytes of one variant, under its tag, whatever else is asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict
from multidict import CIMultiDictProxy

from edge import conditions
from tests.fakes import PATH
from tests.fakes import Published
from tests.fakes import World

TAG = '"0123456789abcdef"'
SIZE = 1_000
RULES = {"u-red": "friends"}


def part(value: str, method: str = "GET", size: int = SIZE, **more: str) -> conditions.Range | None:
    """The range that one Range field asks for."""
    headers = {"Range": value} | {name.replace("_", "-"): text for name, text in more.items()}
    return conditions.part(method, CIMultiDictProxy(CIMultiDict(headers)), TAG, size)


@pytest.mark.parametrize(
    ("value", "start", "end"),
    [
        ("bytes=0-0", 0, 1), ("bytes=0-999", 0, 1_000), ("bytes=0-1000", 0, 1_000), ("bytes=999-", 999, 1_000),
        ("bytes=0-", 0, 1_000), ("bytes=500-600", 500, 601), ("bytes=-1", 999, 1_000), ("bytes=-1000", 0, 1_000),
        ("bytes=-5000", 0, 1_000), ("Bytes= 5-6 ", 5, 7), ("bytes=007-9", 7, 10), ("bytes=0-999999999999999", 0, 1_000),
    ],
)  # fmt: skip
def test_one_range(value: str, start: int, end: int) -> None:
    """First and last byte are both in it, a suffix counts from the end, and nothing reaches beyond it."""
    found = part(value)
    assert found is not None
    assert (found.start, found.end, found.sendable) == (start, end, True)
    assert found.field == f"bytes {start}-{end - 1}/{SIZE}"


@pytest.mark.parametrize("value", ["bytes=1000-", "bytes=1000-2000", "bytes=5000-", "bytes=-0"])
def test_beyond_the_end(value: str) -> None:
    """A range without any byte of the picture can not be sent, and how long the picture is can be told."""
    found = part(value)
    assert found is not None
    assert not found.sendable
    assert found.field == f"bytes */{SIZE}"


@pytest.mark.parametrize(
    "value",
    [
        "", "bytes", "bytes=", "bytes=-", "bytes=5-4", "bytes=a-b", "bytes=0-1,5-6", "bytes=0-1,", "items=0-1", "0-1",
        "bytes:0-1", "bytes=+1-2", "bytes=1-+2", "bytes=0x1-2", "bytes=1.0-2", "bytes=--1", "bytes=1-2-3", "bytes=\u0661-2",
        "bytes=1 -2", "bytes=1- 2", "bytes = 1-2", "bytes=0-9999999999999999", "bytes=0-1\n",
    ],
)  # fmt: skip
def test_no_range(value: str) -> None:
    """What is no single range of bytes asks for everything."""
    assert part(value) is None


@pytest.mark.parametrize("method", ["HEAD", "POST", "OPTIONS"])
def test_only_for_get(method: str) -> None:
    """Ranges have a meaning for GET alone (RFC 9110 section 14.2)."""
    assert part("bytes=0-1", method) is None


def test_two_fields() -> None:
    """A request with two Range fields has none that counts."""
    headers = CIMultiDict([("Range", "bytes=0-1"), ("Range", "bytes=0-1")])
    assert conditions.part("GET", CIMultiDictProxy(headers), TAG, SIZE) is None


@pytest.mark.parametrize(
    ("value", "holds"),
    [
        (TAG, True), (f" {TAG} ", True), (f"W/{TAG}", False), ('"other"', False), ("*", False), ("", False),
        (TAG.strip('"'), False), (f'{TAG}, "x"', False), ("Wed, 21 Oct 2026 07:28:00 GMT", False),
    ],
)  # fmt: skip
def test_if_range(value: str, holds: bool) -> None:
    """A part is sent only to go with a part of the same variant: an equal strong tag, never a weak one, a list or a date."""
    assert (part("bytes=0-1", If_Range=value) is not None) is holds


@given(st.lists(st.binary(max_size=9), max_size=6), st.integers(0, 60), st.integers(0, 60))
def test_pieces_are_cut(pieces: list[bytes], start: int, end: int) -> None:
    """The cut pieces are together what the range is of all pieces together, and none of them is empty or a copy."""
    whole = b"".join(pieces)
    cut = conditions.Range(start, end, len(whole)).of(pieces)
    assert b"".join(cut) == whole[start:max(start, end)]
    assert all(isinstance(piece, memoryview) and len(piece) > 0 and any(piece.obj is own for own in pieces) for piece in cut)


@pytest.fixture
async def made(world: World) -> Published:
    """A photo with a friend's face, listening."""
    made = await world.publish({1: "u-red", 2: "u-green"}, rules=RULES)
    await world.start()
    return made


async def test_each_viewer_gets_ranges_of_their_own_picture(world: World, made: Published) -> None:
    """For a stranger, a friend and an owner, every stretch is cut from what they may see, under the same headers and tag."""
    viewers = {
        None: (), world.issuer.token("u-eve", friends=["u-red"]): (1,), world.issuer.token("u-red"): (1,),
        world.issuer.token("u-green", friends=["u-red"]): (1, 2),
    }  # fmt: skip
    for token, shown in viewers.items():
        whole = await world.get(token=token)
        assert whole.body == made.seen(*shown)
        size = len(whole.body)
        for start, end in ((0, 1), (0, 299), (290, 310), (301, size), (650, 1_650), (size - 1, size), (0, size)):
            seen = await world.get(token=token, Range=f"bytes={start}-{end - 1}")
            assert (seen.status, seen.body) == (206, whole.body[start:end])
            told = dict(seen.headers)
            assert told.pop("Content-Range") == f"bytes {start}-{end - 1}/{size}"
            assert told.pop("Content-Length") == str(end - start)
            assert told == {name: value for name, value in whole.headers.items() if name != "Content-Length"}


async def test_parts_of_two_variants_are_never_joined(world: World, made: Published) -> None:
    """Whoever goes on with a part of another variant gets the one they may see, whole and under its own tag."""
    friend = world.issuer.token("u-eve", friends=["u-red"])
    tags = {token: (await world.get(token=token)).headers["ETag"] for token in (None, friend)}
    for token, shown in ((None, ()), (friend, (1,))):
        for of, tag in tags.items():
            seen = await world.get(token=token, Range="bytes=300-", If_Range=tag)
            assert seen.headers["ETag"] == tags[token]
            assert seen.status == (206 if of == token else 200)
            assert seen.body == made.seen(*shown)[300 if of == token else 0 :]


async def test_a_range_beyond_the_end(world: World, made: Published) -> None:
    """It is a 416 that says how long the picture is and is kept by nobody; for HEAD there is no range."""
    size = len(made.base)
    seen = await world.get(Range=f"bytes={size}-")
    assert (seen.status, seen.body) == (416, b"The picture ends before this range.\n")
    assert (seen.headers["Content-Range"], seen.headers["Cache-Control"]) == (f"bytes */{size}", "no-store")
    head = await world.get(method="HEAD", Range=f"bytes={size}-")
    assert (head.status, head.headers["Content-Length"]) == (200, str(size))


async def test_conditions_come_first(world: World, made: Published) -> None:
    """A 304 wins over a range, a tag that is not the picture's is a 412, and dates are no conditions."""
    tag = (await world.get()).headers["ETag"]
    assert (await world.get(Range="bytes=0-1", If_None_Match=tag)).status == 304
    for value, status in ((tag, 200), ("*", 200), (f'"x", {tag}', 200), (f"W/{tag}", 412), ('"x"', 412), ("", 412)):
        seen = await world.get(If_Match=value)
        assert (seen.status, seen.body == made.base) == (status, status == 200)
    for name in ("If_Modified_Since", "If_Unmodified_Since"):
        for date in ("Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 2100 00:00:00 GMT"):
            seen = await world.get(**{name: date})
            assert (seen.status, seen.body, "Last-Modified" in seen.headers) == (200, made.base, False)


async def test_ranges_over_one_connection(world: World, made: Published) -> None:
    """Ranges of two viewers that are sent at once over one connection are answered in order, each of its own picture."""
    token = world.issuer.token("u-red")
    line = f"GET {PATH} HTTP/1.1\r\nHost: x\r\nRange: bytes=300-699\r\n"
    sent = f"{line}\r\n{line}Authorization: Bearer {token}\r\n\r\n{line}Connection: close\r\n\r\n"
    answered = await world.raw(sent.encode())
    fake, real = made.base[300:700], made.seen(1)[300:700]
    assert fake != real
    assert [part[:400] for part in answered.split(b"\r\n\r\n")[1:]] == [fake, real, fake]
