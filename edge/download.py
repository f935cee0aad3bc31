"""Fetching one whole file from one fixed address, with every bound on."""

import aiohttp
from aiohttp import ClientSession
from aiohttp import ClientTimeout
from aiohttp import DummyCookieJar
from aiohttp import TCPConnector
from yarl import URL

from edge.errors import OriginFailed
from edge.errors import OriginTimeout

CHUNK_BYTES = 1 << 16


def session(*, timeout_seconds: float, connect_seconds: float, connections: int) -> ClientSession:
    """A client that forwards nothing: no cookies, no proxy settings from the environment, no content coding."""
    return ClientSession(
        connector=TCPConnector(limit=connections),
        cookie_jar=DummyCookieJar(),
        timeout=ClientTimeout(total=timeout_seconds, sock_connect=connect_seconds),
        headers={"Accept-Encoding": "identity", "User-Agent": "mfmc-edge"},
        auto_decompress=False,
        trust_env=False,
    )


async def whole(client: ClientSession, url: URL, limit: int) -> bytes:
    """The complete 200 answer of at most ``limit`` bytes.

    Raises ``OriginFailed`` or ``OriginTimeout``, never a part.
    """
    try:
        async with client.get(url, allow_redirects=False) as answer:
            if answer.status != 200 or "Content-Encoding" in answer.headers:
                raise OriginFailed
            if answer.content_length is not None and answer.content_length > limit:
                raise OriginFailed
            return await bounded(answer, limit)
    except TimeoutError:
        raise OriginTimeout from None
    except (aiohttp.ClientError, OSError, ValueError):
        raise OriginFailed from None


async def bounded(answer: aiohttp.ClientResponse, limit: int) -> bytes:
    """The body of at most ``limit`` bytes; raises ``OriginFailed`` for a longer one.

    aiohttp itself fails when it ends before its Content-Length or its last chunk.
    """
    body = bytearray()
    async for chunk in answer.content.iter_chunked(CHUNK_BYTES):
        body += chunk
        if len(body) > limit:
            raise OriginFailed
    return bytes(body)
