"""JSON bodies: bounded, strict, and safe whatever stands on the wire."""

import asyncio
import json
import re
from typing import Any

import pytest

from edge.control import body
from edge.control.operations import Answer
from edge.control.operations import Body
from edge.control.operations import Nothing
from edge.control.operations import Owner
from edge.control.operations import Rule
from edge.control.urls import Asked
from edge.errors import Unprocessable
from tests.control.desk import FACES
from tests.control.desk import Desk
from tests.control.desk import parse
from tests.control.desk import photo

OWNER = f"{FACES}/1/owner"
GOOD = b'{"person":"u-red"}'
DEEP = b"[" * 30_000


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b'{"person":"u-red"}', Owner("u-red")),
        (b' \n{ "person" :\t"u\\u002dred" }\r\n', Owner("u-red")),
        (b'{"answer":"no"}', Answer("no")),
        (b'{"rule":"friends group:family"}', Rule("friends group:family")),
        (b"{}", Nothing()),
        (b'{"photos":["/t1.jpg"]}', Asked(["/t1.jpg"])),
    ],
    ids=["owner", "spaces-and-escapes", "answer", "rule", "nothing", "photos"],
)
def test_taken(content: bytes, found: Body) -> None:
    """JSON of the operation's shape is read, however it is laid out."""
    assert body.decode(content, type(found)) == found


REFUSED = {
    "empty": b"", "spaces": b"  ", "null": b"null", "list": b'["u-red"]', "string": b'"u-red"', "number": b"1", "true": b"true",
    "open": b'{"person":"u-red"', "half": b'{"person":"u-r', "two": GOOD + GOOD,
    "after": GOOD + b"x", "comma": b'{"person":"u-red",}',
    "comment": b'{"person":"u-red"/**/}', "single-quotes": b"{'person':'u-red'}", "bare-name": b'{person:"u-red"}',
    "no-person": b"{}", "other-name": b'{"user":"u-red"}', "one-more-name": b'{"person":"u-red","shown":true}',
    "case": b'{"Person":"u-red"}', "escaped-other": b'{"pers\\u00f6n":"u-red"}',
    "prototype": b'{"__proto__":{},"person":"u-red"}',
    "twice": b'{"person":"u-red","person":"u-blue"}', "twice-same": b'{"person":"u-red","person":"u-red"}',
    "twice-escaped": b'{"person":"u-red","p\\u0065rson":"u-blue"}',
    "person-null": b'{"person":null}', "person-number": b'{"person":7}', "person-true": b'{"person":true}',
    "person-list": b'{"person":["u-red"]}', "person-object": b'{"person":{"id":"u-red"}}', "person-empty": b'{"person":""}',
    "person-long": b'{"person":"' + b"u" * 129 + b'"}', "person-space": b'{"person":"u red"}',
    "person-newline": b'{"person":"u-red\\n"}',
    "person-nul": b'{"person":"u\\u0000"}', "person-raw-nul": b'{"person":"u\0"}', "person-slash": b'{"person":"../u"}',
    "person-sql": b'{"person":"u\' OR 1=1 --"}', "person-umlaut": '{"person":"ü"}'.encode(),
    "person-digit": '{"person":"१"}'.encode(),
    "person-fullwidth": '{"person":"\uff55"}'.encode(), "person-bidi": '{"person":"u\u202e"}'.encode(),
    "person-surrogate": b'{"person":"\\ud800"}', "person-pair": b'{"person":"\\ud83d\\ude00"}',
    "raw-surrogate": b'{"person":"\xed\xa0\x80"}',
    "latin-1": b'{"person":"\xfc"}', "overlong": b'{"person":"\xc0\xaf"}', "utf-16": '{"person":"u-red"}'.encode("utf-16"),
    "bom": b"\xef\xbb\xbf" + GOOD, "gzip": b"\x1f\x8b\x08\x00", "msgpack": b"\x81\xa6person\xa5u-red",
    "deep-lists": DEEP, "deep-closed": DEEP + b"]" * 30_000, "deep-objects": b'{"a":' * 12_000,
    "deep-in-person": b'{"person":' + DEEP + b"]" * 30_000 + b"}", "deep-in-unknown": b'{"x":' + DEEP + b"]" * 30_000 + b"}",
    "many": b"[" + b"1," * 30_000 + b"1]", "many-names": b"{" + b'"a":1,' * 10_000 + b'"person":"u-red"}',
    "huge-number": b'{"person":1e999}',
    "big-number": b"9" * 60_000, "nan": b'{"person":NaN}',
}  # fmt: skip


@pytest.mark.parametrize("content", REFUSED.values(), ids=REFUSED)
def test_refused(content: bytes) -> None:
    """Anything else is one and the same refusal, whatever parsers make of it elsewhere."""
    with pytest.raises(Unprocessable):
        body.decode(content, Owner)


@pytest.mark.parametrize(
    ("content", "shape"),
    [
        (b'{"answer":""}', Answer), (b'{"answer":"YES"}', Answer), (b'{"answer":"maybe"}', Answer), (b'{"answer":true}', Answer),
        (b'{"answer":"yes\\u0000"}', Answer), (b'{"rule":""}', Rule), (b'{"rule":7}', Rule), (b'{"rule":["friends"]}', Rule),
        (b'{"rule":"' + b"a" * 32_769 + b'"}', Rule), (b'{"a":1}', Nothing), (b"[]", Nothing), (b'{"photos":[]}', Asked),
        (b'{"photos":"/t1.jpg"}', Asked), (b'{"photos":[null]}', Asked), (b'{"photos":{"0":"/t1.jpg"}}', Asked),
        (json.dumps({"photos": [f"/{n}.jpg" for n in range(201)]}).encode(), Asked),
        (b'{"photos":[' + b'"/a",' * 10_000 + b'"/a"]}', Asked),
    ],
)  # fmt: skip
def test_refused_by_other_shapes(content: bytes, shape: type[Body]) -> None:
    """The same for the other bodies: values that are none of theirs, and lists that are too long."""
    with pytest.raises(Unprocessable):
        body.decode(content, shape)


class Loose(Body, frozen=True):
    """A body that would let anything in."""

    person: Any


DEEP_VALUES = {"open": DEEP, "lists": DEEP + b"]" * 30_000, "objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000}


@pytest.mark.parametrize("content", DEEP_VALUES.values(), ids=DEEP_VALUES)
def test_depth(content: bytes) -> None:
    """However deep, it is a refusal and not a fault, even where a shape would not bound it."""
    with pytest.raises(Unprocessable):
        body.decode(b'{"person":' + content + b"}", Loose)


async def opened(desk: Desk, **limits: float) -> str:
    """A desk with one photo; a service's token."""
    desk.configure(dict(limits))
    await desk.start()
    await desk.reset(photo({1: None}))
    return desk.service()


TYPES = [
    ("application/json", 200), ("application/json; charset=utf-8", 200), ("application/json;charset=UTF-8", 200),
    ('Application/JSON ; charset="utf-8"', 200), ("", 415), ("text/plain", 415), ("application/x-www-form-urlencoded", 415),
    ("multipart/form-data; boundary=x", 415), ("application/json; charset=latin-1", 415),
    ("application/json; charset=utf-16", 415),
    ("application/jsonx", 415), ("application/problem+json", 415), ("application/json, text/plain", 415), ("text/json", 415),
    ("application/json; charset=utf-8; x=y", 415), ('application/json; charset="utf-8', 415),
]  # fmt: skip


async def test_content_type(desk: Desk) -> None:
    """Only application/json is read: a form that a page elsewhere sends is none."""
    token = await opened(desk)
    for kind, status in TYPES:
        seen = await desk.call("PUT", OWNER, token, None, f"Content-Type: {kind}", raw=GOOD)
        assert seen.status == status, kind
    bare = f"PUT {OWNER} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n"
    bare += f"Content-Length: {len(GOOD)}\r\n"
    assert parse(await desk.raw(f"{bare}\r\n".encode() + GOOD)).problem == "wrong-type"
    twice = "Content-Type: application/json\r\n" * 2
    assert parse(await desk.raw(f"{bare}{twice}\r\n".encode() + GOOD)).status == 400
    for coding in ("gzip", "identity", "br"):
        seen = await desk.call("PUT", OWNER, token, None, f"Content-Encoding: {coding}", raw=GOOD)
        assert seen.problem == "wrong-type"


async def test_without_a_body(desk: Desk) -> None:
    """An operation that takes no body takes an empty one and an empty object; one that needs a body says so."""
    token = await opened(desk)
    assert (await desk.call("PUT", f"{FACES}/1/lock", token)).status == 200
    assert (await desk.call("PUT", f"{FACES}/1/lock", token, None, "Content-Length: 0")).status == 200
    assert (await desk.call("PUT", f"{FACES}/1/lock", token, {})).status == 200
    assert (await desk.call("PUT", f"{FACES}/1/lock", token, {"a": 1})).problem == "unprocessable"
    assert (await desk.call("PUT", f"{FACES}/1/lock", token, raw=b"[]")).problem == "unprocessable"
    assert (await desk.call("DELETE", f"{FACES}/1/lock", token, raw=b"x")).problem == "unprocessable"
    assert (await desk.call("PUT", OWNER, token)).problem == "unprocessable"
    assert (await desk.call("PUT", OWNER, token, None, "Content-Length: 0")).problem == "unprocessable"
    assert (await desk.call("GET", f"{FACES}/1", token, raw=b"{}")).problem == "bad-request"


def chunked(*chunks: bytes) -> bytes:
    """A body in chunks (RFC 9112 section 7.1)."""
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in (*chunks, b""))


async def test_chunks(desk: Desk) -> None:
    """A body in chunks is the same body; no other transfer coding is one."""
    token = await opened(desk)
    sent = chunked(GOOD[:5], GOOD[5:6], GOOD[6:])
    assert (await desk.call("PUT", OWNER, token, None, "Transfer-Encoding: chunked", raw=sent)).status == 200
    assert (await desk.call("PUT", OWNER, token, None, "Transfer-Encoding: Chunked", raw=sent)).status == 200
    for coding in ("gzip, chunked", "identity", "chunked, chunked", "xchunked", "gzip", "chunked, identity"):
        seen = await desk.call("PUT", OWNER, token, None, f"Transfer-Encoding: {coding}", raw=sent)
        assert seen.status == 400, coding
        assert seen.headers["connection"] == "close" if "connection" in seen.headers else seen.raw.startswith(b"HTTP/1.0")


BROKEN = [
    pytest.param("Content-Length: 99999999999999999999", id="length-huge"),
    pytest.param("Content-Length: +18", id="length-plus"),
    pytest.param("Content-Length: -18", id="length-negative"),
    pytest.param("Content-Length: 0x12", id="length-hex"),
    pytest.param("Content-Length: 18, 18", id="length-list"),
    pytest.param("Content-Length: 1 8", id="length-space"),
    pytest.param("Content-Length:", id="length-empty"),
    pytest.param("Content-Length: 18\r\nContent-Length: 19", id="two-lengths"),
    pytest.param("Content-Length: 18\r\nTransfer-Encoding: chunked", id="length-and-chunks"),
    pytest.param("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", id="two-codings"),
    pytest.param("Transfer-Encoding:\tchunked\x0b", id="coding-with-control-byte"),
    pytest.param("Transfer-Encoding : chunked", id="space-before-colon"),
    pytest.param("Content-Length: 18\r\nExpect: 100-continue", id="expect"),
    pytest.param("Content-Length: 18\r\nUpgrade: h2c", id="upgrade"),
]


@pytest.mark.parametrize("lines", BROKEN)
async def test_broken_framing(desk: Desk, lines: str) -> None:
    """A request whose end nobody can be sure of is refused, nothing of it is done, and its connection is over."""
    token = await opened(desk)
    before = await desk.dump()
    head = f"PUT {OWNER} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    head += f"Authorization: Bearer {token}\r\n{lines}\r\n\r\n"
    smuggled = f"PUT {FACES}/1/lock HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    answered = await desk.raw(head.encode() + GOOD + smuggled)
    assert answered.split(b" ")[1] in (b"400", b"413")
    assert answered.count(b"HTTP/1.") == 1
    assert await desk.dump() == before


async def test_old_version_with_chunks(desk: Desk) -> None:
    """HTTP/1.0 knows no chunks: something in front that speaks it would see another end of the request (RFC 9112 6.1)."""
    token = await opened(desk)
    head = f"PUT {OWNER} HTTP/1.0\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
    head += f"Authorization: Bearer {token}\r\n\r\n"
    assert (await desk.raw(head.encode() + chunked(GOOD))).split(b" ")[1] == b"400"


async def test_too_large(desk: Desk) -> None:
    """A body above the limit is refused, whether its length is told or found out, and the connection ends."""
    token = await opened(desk, max_body_bytes=1_024)
    fits = b'{"person":"u-red"' + b" " * (1_024 - 18) + b"}"
    assert len(fits) == 1_024
    assert (await desk.call("PUT", OWNER, token, raw=fits)).status == 200
    seen = await desk.call("PUT", OWNER, token, raw=fits + b" ")
    assert seen.problem == "too-large"
    head = f"PUT {OWNER} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer {token}\r\n"
    told = parse(await desk.raw(f"{head}Content-Length: 1000000000\r\n\r\n".encode()))
    assert (told.problem, told.headers["connection"]) == ("too-large", "close")
    found = parse(await desk.raw(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + chunked(fits, b" ")))
    assert (found.problem, found.headers["connection"]) == ("too-large", "close")


async def test_too_slow(desk: Desk) -> None:
    """A body that stops coming is given up after the configured time, and nothing is changed."""
    token = await opened(desk, body_seconds=0.05)
    before = await desk.dump()
    head = f"PUT {OWNER} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer {token}\r\n"
    for framing in ("Content-Length: 18", "Transfer-Encoding: chunked"):
        seen = parse(await desk.raw(f"{head}{framing}\r\n\r\n".encode()))
        assert (seen.problem, seen.headers["connection"]) == ("too-slow", "close")
    assert await desk.dump() == before


async def test_half_a_body(desk: Desk) -> None:
    """A line that breaks within a body, or chunks that turn out to be none, changes nothing."""
    token = await opened(desk, body_seconds=0.2)
    before = await desk.dump()
    head = f"PUT {OWNER} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer {token}\r\n"
    for framing, parts in {
        "Content-Length: 19": (GOOD,),
        "Transfer-Encoding: chunked": (b"12\r\n" + GOOD, b"zz\r\n"),
        "Transfer-Encoding: chunked\r\nX: y": (b"12\r\n" + GOOD + b"\r\n",),
    }.items():
        reader, writer = await asyncio.open_connection("127.0.0.1", desk.port)
        writer.write(f"{head}{framing}\r\n\r\n".encode())
        for part in parts:
            await writer.drain()
            await asyncio.sleep(0.02)
            writer.write(part)
        writer.write_eof()
        answered = await asyncio.wait_for(reader.read(), 20)
        assert not answered or answered.split(b" ")[1] in (b"400", b"408"), framing
        writer.close()
    assert await desk.dump() == before


async def test_one_connection_for_many(desk: Desk) -> None:
    """A connection goes on after a body that was read, and after a refusal that left none of it unread."""
    token = await opened(desk)
    one = f"PUT {OWNER} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer {token}\r\n"
    one += f"Content-Length: {len(GOOD)}\r\n\r\n{GOOD.decode()}"
    wrong = one.replace("u-red", "u/red")
    last = f"GET {FACES}/1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    answered = await desk.raw((one + wrong + one + last).encode())
    assert re.findall(rb"HTTP/1\.1 (\d+)", answered) == [b"200", b"422", b"200", b"200"]
    assert answered.count(b"Connection: close") == 1


async def test_nothing_after_an_unread_body(desk: Desk) -> None:
    """Where a body was refused unread, what follows on the connection is never taken for a request."""
    token = await opened(desk)
    before = await desk.dump()
    smuggled = f"PUT {FACES}/1/lock HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
    head = f"PUT {OWNER} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n"
    answered = await desk.raw(f"{head}\r\n{smuggled}".encode())  # no token: refused before the body
    assert (parse(answered).problem, parse(answered).headers["connection"]) == ("unauthorised", "close")
    assert answered.count(b"HTTP/1.1") == 1
    assert await desk.dump() == before
