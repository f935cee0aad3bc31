"""The JSON body of a request: bounded in bytes and in time, and read strictly into the struct that the operation takes.

An unknown or a repeated name, a value of another type, and bytes after the end are ``Unprocessable``. Names that repeat are
refused because readers differ in which one counts (RFC 8259 section 4): something in front of the edge may have read the other.
"""

import asyncio
import json
import re
from typing import Any
from typing import TypeVar

import msgspec
from aiohttp import web
from multidict import CIMultiDictProxy

from edge import config
from edge.control.operations import Body
from edge.errors import BadRequest
from edge.errors import Refusal
from edge.errors import TooLarge
from edge.errors import TooSlow
from edge.errors import Unprocessable
from edge.errors import WrongType

T = TypeVar("T", bound=Body)

_JSON = re.compile(r'application/json(?:[ \t]*;[ \t]*charset=(?:utf-8|"utf-8"))?[ \t]*', re.ASCII | re.IGNORECASE)


async def read(request: web.BaseRequest, shape: type[T], limits: config.Control) -> T:
    """The body as ``shape``; raises ``BadRequest``, ``TooSlow``, ``TooLarge``, ``WrongType`` or ``Unprocessable``."""
    content = await _content(request, limits)
    if not content:
        return decode(b"{}", shape)
    if not _is_json(request.headers):
        raise WrongType
    return decode(content, shape)


def decode(content: bytes, shape: type[T]) -> T:
    """JSON as ``shape``; raises ``Unprocessable`` and nothing else."""
    try:
        found = msgspec.json.decode(content, type=shape)
        json.loads(content, object_pairs_hook=_without_repetition)  # only now, so that the shape bounds its depth
    except (ValueError, RecursionError):  # msgspec's own errors are ValueErrors, and so is text that is not UTF-8
        raise Unprocessable from None
    return found


async def _content(request: web.BaseRequest, limits: config.Control) -> bytes:
    """All bytes of the body; only whole ones, in no coding but chunks (RFC 9112 section 6.1)."""
    coding = request.headers.getall("Transfer-Encoding", [])
    if coding and (request.version != (1, 1) or [text.lower() for text in coding] != ["chunked"]):
        raise BadRequest
    if (request.content_length or 0) > limits.max_body_bytes:
        raise TooLarge
    content = bytearray()
    try:
        async with asyncio.timeout(limits.body_seconds):
            while chunk := await request.content.readany():
                content += chunk
                if len(content) > limits.max_body_bytes:
                    raise TooLarge
    except Refusal:
        raise
    except TimeoutError:
        raise TooSlow from None
    except Exception:  # a line that broke, or chunks that are none
        raise BadRequest from None
    return bytes(content)


def _is_json(headers: CIMultiDictProxy[str]) -> bool:
    types, codings = headers.getall("Content-Type", []), headers.getall("Content-Encoding", [])
    return len(types) == 1 and _JSON.fullmatch(types[0]) is not None and not codings


def _without_repetition(pairs: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError
