"""From a change on one edge to the synthetic face on another: two edge processes over one PostgreSQL, which is told by NOTIFY.

A viewer asks the second edge for the photo without a pause, so that it remembers everything it may; on the first edge the owner
shuts the viewer out through the control API. What counts is the time from sending that change to the last answer that still
showed the original.
"""

import asyncio
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization import PublicFormat

from benchmarks import report
from benchmarks.catalog import quantile
from benchmarks.serving.machine import running
from benchmarks.serving.photos import sample
from edge.catalog import Catalog
from edge.catalog.publication import publish
from edge.keys import ring
from edge.origin import names
from tests import postgresql

PATH = "/bench.jpg"
API = "/-/api/v1/people/u-0"
CONFIG = """
[edge]
port = 0
[edge.control]
requests_per_minute = 1000000
changes_per_minute = 1000000
[edge.token]
issuer = "bench"
audience = "bench"
algorithm = "EdDSA"
key_file = "issuer.pem"
[edge.origin]
folder = "origin"
[catalog]
url = "{url}"
[keys]
ring = "ring.toml"
[policy]
default_rule = "friends"
"""
KINDS = {"rule": "rule", "block": "blocks/u-eve"}


def main(argv: list[str]) -> int:
    """The command line."""
    parser = report.parser("revocation", "From a change on one edge to the synthetic face on another, over PostgreSQL.")
    parser.add_argument("--changes", type=int, default=300, help="revocations measured (default: 300)")
    options = parser.parse_args(argv)
    if postgresql.binaries() is None:
        print("benchmarks.revocation: needs PostgreSQL; run: apt-get install -y postgresql", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder, postgresql.running("listen_addresses=") as server:
        found = asyncio.run(measure(Path(folder), server, options.changes))
    return report.finish("revocation", found, options, table)


async def measure(folder: Path, server: postgresql.Server, changes: int) -> report.Figures:
    """Milliseconds from change to fake: the median, the slowest in a hundred, and the slowest."""
    base, original, signer = await prepare(folder, await server.create("bench"))
    async with AsyncExitStack() as stack:
        config = str(folder / "config.toml")
        first = stack.enter_context(running("edge", "serve", "--config", config)).address
        second = stack.enter_context(running("edge", "serve", "--config", config)).address
        client = await stack.enter_async_context(aiohttp.ClientSession())
        viewer, owner = token(signer, "u-eve", ["u-0"]), token(signer, "u-0", [])
        times = []
        for number in range(changes):
            kind = "rule" if number % 2 else "block"
            await until(client, second, viewer, original)
            times.append(await revoked(client, first, second, viewer, owner, kind, original))
            assert await picture(client, second, viewer) == base, "the face did not stay synthetic"
            await allow(client, first, owner, kind)
        times.sort()
    return {"changes": changes, "p50_ms": quantile(times, 0.5), "p99_ms": quantile(times, 0.99), "max_ms": round(times[-1], 3)}


async def revoked(
    client: aiohttp.ClientSession, first: str, second: str, viewer: str, owner: str, kind: str, original: bytes
) -> float:
    """Milliseconds from sending the change to the end of the last answer with the original."""
    began = last = time.perf_counter()
    change = asyncio.create_task(forbid(client, first, owner, kind))
    while True:
        if await picture(client, second, viewer) == original:
            last = time.perf_counter()
        elif change.done():
            break
    await change
    return (last - began) * 1_000


async def forbid(client: aiohttp.ClientSession, edge: str, owner: str, kind: str) -> None:
    """The owner shuts the viewer out."""
    body = {"rule": "nobody"} if kind == "rule" else None
    async with client.put(f"{edge}{API}/{KINDS[kind]}", json=body, headers=bearer(owner)) as answer:
        assert answer.status == 204, await answer.text()


async def allow(client: aiohttp.ClientSession, edge: str, owner: str, kind: str) -> None:
    """The owner takes that back."""
    send = client.put if kind == "rule" else client.delete
    body = {"rule": "friends"} if kind == "rule" else None
    async with send(f"{edge}{API}/{KINDS[kind]}", json=body, headers=bearer(owner)) as answer:
        assert answer.status == 204, await answer.text()


async def until(client: aiohttp.ClientSession, edge: str, viewer: str, body: bytes) -> None:
    """Until the viewer gets this body."""
    async with asyncio.timeout(30):
        while await picture(client, edge, viewer) != body:  # noqa: ASYNC110 - a server in another process changes
            await asyncio.sleep(0.002)


async def picture(client: aiohttp.ClientSession, edge: str, viewer: str) -> bytes:
    """The photo as the viewer gets it."""
    async with client.get(edge + PATH, headers=bearer(viewer)) as answer:
        assert answer.status == 200
        return await answer.read()


def bearer(text: str) -> dict[str, str]:
    """The header that carries a token."""
    return {"Authorization": f"Bearer {text}"}


def token(signer: Ed25519PrivateKey, user: str, friends: list[str]) -> str:
    """A viewer's token."""
    claims = {"iss": "bench", "aud": "bench", "sub": user, "exp": int(time.time()) + 800, "friends": friends}
    return jwt.encode(claims, signer, "EdDSA")


async def prepare(folder: Path, url: str) -> tuple[bytes, bytes, Ed25519PrivateKey]:
    """Publish a photo of u-0; what a stranger sees of it, what a friend sees, and who signs tokens."""
    signer = Ed25519PrivateKey.generate()
    (folder / "issuer.pem").write_bytes(signer.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    (folder / "config.toml").write_text(CONFIG.format(url=url))
    keys = ring.create(folder / "ring.toml")
    photo = sample(PATH, faces=1)
    made = photo.made
    (folder / "origin").mkdir()
    for name, content in zip(names(PATH, made.version), (made.base, made.sidecar), strict=True):
        (folder / "origin" / name).write_bytes(content)
    async with Catalog.open(url) as catalog:
        await publish(catalog, photo.record(keys))
    return made.base, made.skeleton, signer


def table(found: report.Figures) -> str:
    """The figures as text."""
    rows = [("from change to fake", "ms"), *((name, f"{found[f'{name}_ms']:.1f}") for name in ("p50", "p99", "max"))]
    return f"{found['changes']:.0f} revocations, two edges, one PostgreSQL\n{report.aligned(rows)}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
