"""Fetching one whole answer from one fixed address, with every bound on."""

import re
from collections.abc import AsyncIterator
from collections.abc import Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
from aiohttp import ClientResponse
from aiohttp import ClientSession
from aiohttp import ClientTimeout
from aiohttp import DummyCookieJar
from aiohttp import TCPConnector
from aiohttp import TraceConfig
from yarl import URL

from edge.errors import OriginFailed
from edge.errors import OriginTimeout

CHUNK_BYTES = 1 << 16
NO_HEADERS: Mapping[str, str] = {}

_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e]{0,254}"', re.ASCII)  # RFC 9110 section 8.8.3, without obs-text


@dataclass(frozen=True, slots=True, repr=False)
class Tagged:
    """An answer and its entity tag, None where it has none that can be sent back."""

    body: bytes
    tag: str | None


def session(
    *, timeout_seconds: float, connect_seconds: float, connections: int, trace: TraceConfig | None = None
) -> ClientSession:
    """A client that forwards nothing: no cookies, no proxy settings from the environment, no content coding."""
    return ClientSession(
        connector=TCPConnector(limit=connections),
        cookie_jar=DummyCookieJar(),
        timeout=ClientTimeout(total=timeout_seconds, sock_connect=connect_seconds),
        headers={"Accept-Encoding": "identity", "User-Agent": "mfmc-edge"},
        auto_decompress=False,
        trust_env=False,
        trace_configs=[] if trace is None else [trace],
    )


async def whole(client: ClientSession, url: URL, limit: int) -> bytes:
    """The complete 200 answer of at most ``limit`` bytes.

    Raises ``OriginFailed`` or ``OriginTimeout``, never a part.
    """
    async with _asked(client, "GET", url, NO_HEADERS) as answer:
        return await _complete(answer, limit)


async def changed(
    client: ClientSession, url: URL, limit: int, *, known: str | None, headers: Mapping[str, str]
) -> Tagged | None:
    """The complete 200 answer, or None where the one tagged ``known`` still holds (RFC 9110 section 13.1.2).

    Raises ``OriginFailed`` or ``OriginTimeout``, never a part.
    """
    condition = {} if known is None else {"If-None-Match": known}
    async with _asked(client, "GET", url, {**headers, **condition}) as answer:
        if known is not None and answer.status == 304:
            return None
        tag = answer.headers.get("ETag", "")
        return Tagged(await _complete(answer, limit), tag if _TAG.fullmatch(tag) else None)


async def posted(client: ClientSession, url: URL, limit: int, *, body: bytes, headers: Mapping[str, str]) -> bytes:
    """The complete 200 answer to ``body``, whose type is among ``headers``.

    Raises ``OriginFailed`` or ``OriginTimeout``, never a part.
    """
    async with _asked(client, "POST", url, headers, body) as answer:
        return await _complete(answer, limit)


@asynccontextmanager
async def _asked(
    client: ClientSession, method: str, url: URL, headers: Mapping[str, str], body: bytes | None = None
) -> AsyncIterator[ClientResponse]:
    """The answer's head; whatever goes wrong until the end of the block is ``OriginFailed`` or ``OriginTimeout``."""
    try:
        async with client.request(method, url, headers=headers, data=body, allow_redirects=False) as answer:
            yield answer
    except TimeoutError:
        raise OriginTimeout from None
    except (aiohttp.ClientError, OSError, ValueError):
        raise OriginFailed from None


async def _complete(answer: ClientResponse, limit: int) -> bytes:
    """The body of a 200 answer that is sent as it is."""
    if answer.status != 200 or "Content-Encoding" in answer.headers:
        raise OriginFailed
    if answer.content_length is not None and answer.content_length > limit:
        raise OriginFailed
    return await bounded(answer, limit)


async def bounded(answer: ClientResponse, limit: int) -> bytes:
    """The body of at most ``limit`` bytes; raises ``OriginFailed`` for a longer one.

    aiohttp itself fails when it ends before its Content-Length or its last chunk.
    """
    body = bytearray()
    async for chunk in answer.content.iter_chunked(CHUNK_BYTES):
        body += chunk
        if len(body) > limit:
            raise OriginFailed
    return bytes(body)
