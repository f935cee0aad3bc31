"""The yardsticks: what aiohttp and uvloop do without us. ``python -m benchmarks.serving.yardsticks bare|usual|proxy WHERE``.

    bare FOLDER      returns the folder's files from memory, and nothing else
    usual FOLDER     does what re-encoding proxies do: decode, decrypt the faces' crops, paste, encode; in one thread
    proxy ADDRESS    fetches what it is asked for from a server, and returns it
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from collections.abc import Awaitable
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import numpy as np
import uvloop
from aiohttp import web
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from yarl import URL

from benchmarks.serving.photos import QUALITY

NONCE_BYTES = 12
Answer = Callable[[web.Request], Awaitable[web.Response]]


@asynccontextmanager
async def bare(where: str) -> AsyncIterator[Answer]:
    """Files by name."""
    files = _files(Path(where))

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=files[request.path], content_type="image/jpeg")

    yield answer


@dataclass(frozen=True)
class Crop:
    """A face's original pixels, encrypted, and where they belong: x, y, width, height."""

    box: tuple[int, int, int, int]
    sealed: bytes

    def pixels(self, key: AESGCM) -> "np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]":
        """BGR, height x width x 3."""
        _, _, w, h = self.box
        plain = key.decrypt(self.sealed[:NONCE_BYTES], self.sealed[NONCE_BYTES:], None)
        return np.frombuffer(plain, np.uint8).reshape(h, w, 3)


def keep_usual(folder: Path, name: str, base: bytes, original: bytes, boxes: tuple[tuple[int, int, int, int], ...]) -> None:
    """Put a photo where ``usual`` reads it: the base, the crops that show its faces, and their key."""
    import simplejpeg

    pixels, key = simplejpeg.decode_jpeg(original, "BGR"), AESGCM.generate_key(256)
    place = folder / name
    place.mkdir(parents=True)
    (place / "base.jpg").write_bytes(base)
    (place / "key").write_bytes(key)
    (place / "boxes.json").write_text(json.dumps(boxes))
    for number, (x, y, w, h) in enumerate(boxes):
        nonce = number.to_bytes(NONCE_BYTES, "big")
        crop = np.ascontiguousarray(pixels[y : y + h, x : x + w]).tobytes()
        (place / f"{number}.sealed").write_bytes(nonce + AESGCM(key).encrypt(nonce, crop, None))


@asynccontextmanager
async def usual(where: str) -> AsyncIterator[Answer]:
    """Photos by name, composed for every request."""
    import simplejpeg

    photos = _photos(Path(where))
    loop, pool = asyncio.get_running_loop(), ThreadPoolExecutor(1)

    def compose(name: str) -> bytes:
        base, key, crops = photos[name]
        picture = simplejpeg.decode_jpeg(base, "BGR")
        for crop in crops:
            x, y, w, h = crop.box
            picture[y : y + h, x : x + w] = crop.pixels(key)
        return simplejpeg.encode_jpeg(picture, QUALITY, "BGR", "420")

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=await loop.run_in_executor(pool, compose, request.path), content_type="image/jpeg")

    yield answer


def _files(folder: Path) -> dict[str, bytes]:
    return {f"/{file.name}": file.read_bytes() for file in folder.iterdir()}


def _photos(folder: Path) -> dict[str, tuple[bytes, AESGCM, list[Crop]]]:
    """Base, key and crops by path."""
    return {f"/{place.name}": _photo(place) for place in folder.iterdir()}


def _photo(place: Path) -> tuple[bytes, AESGCM, list[Crop]]:
    boxes = json.loads((place / "boxes.json").read_text())
    crops = [Crop(tuple(box), (place / f"{number}.sealed").read_bytes()) for number, box in enumerate(boxes)]
    return (place / "base.jpg").read_bytes(), AESGCM((place / "key").read_bytes()), crops


@asynccontextmanager
async def proxy(where: str) -> AsyncIterator[Answer]:
    """Whatever the other server has."""
    async with aiohttp.ClientSession(auto_decompress=False) as client:

        async def answer(request: web.Request) -> web.Response:
            async with client.get(URL(where + request.path, encoded=True)) as found:
                return web.Response(body=await found.read(), status=found.status, content_type="image/jpeg")

        yield answer


async def main(opened: AbstractAsyncContextManager[Answer]) -> None:
    """Serve on a free loopback port, printed first."""
    async with opened as answer:
        app = web.Application()
        app.router.add_get("/{path:.*}", answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        print(f"listening on http://127.0.0.1:{site.port}", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main({"bare": bare, "usual": usual, "proxy": proxy}[sys.argv[1]](sys.argv[2])))
