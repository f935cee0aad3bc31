"""A site that publishes made-up photos: its keys, catalog, origin's files and configurations, and what its viewers hold."""

import asyncio
import base64
import time
import zlib
from collections.abc import Iterable
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization import PublicFormat

from benchmarks.serving.machine import Running
from benchmarks.serving.machine import running
from benchmarks.serving.photos import Sample
from edge import urls
from edge.catalog import Catalog
from edge.catalog import Photo
from edge.catalog.publication import publish
from edge.friends.settings import LIST_TYPE
from edge.keys import ring
from edge.origin import names
from edge.urls.signing import BUCKET_SECONDS

LIFETIME = 3_600  # seconds: the longest that the edge takes
CATALOG = "sqlite+aiosqlite:///{folder}/catalog.sqlite3"
CONFIG = """
[edge]
port = 0
[edge.token]
issuer = "bench"
audience = "bench"
algorithm = "EdDSA"
key_file = "issuer.pem"
max_lifetime_seconds = 3600
[edge.urls]
key_file = "urls.toml"
[edge.origin]
{origin}
[catalog]
url = "sqlite+aiosqlite:///catalog.sqlite3"
[keys]
ring = "ring.toml"
[policy]
default_rule = "friends"
{more}
"""


@dataclass(frozen=True)
class Site:
    """A folder with everything an edge needs; its viewers' tokens are good for an hour."""

    folder: Path
    signer: Ed25519PrivateKey

    @classmethod
    def create(cls, folder: Path, samples: Iterable[Sample] = ()) -> "Site":
        """With fresh keys, and these photos published."""
        (folder / "origin").mkdir(parents=True)
        site = cls(folder, Ed25519PrivateKey.generate())
        public = site.signer.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        (folder / "issuer.pem").write_bytes(public)
        ring.create(folder / "urls.toml")
        keys = ring.create(folder / "ring.toml")
        for each in samples:
            site.keep(each.path, each.made.version, each.made.base, each.made.sidecar)
        asyncio.run(_publish(folder, [each.record(keys) for each in samples]))
        return site

    def keep(self, path: str, version: bytes, *contents: bytes) -> None:
        """Put base and, where there is one, sidecar into the origin."""
        for name, content in zip(names(path, version), contents, strict=False):
            file = self.folder / "origin" / name
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(content)

    @contextmanager
    def edge(self, *, origin: str = 'folder = "origin"', more: str = "") -> Iterator[Running]:
        """An edge process; ``origin`` and ``more`` are lines of its configuration."""
        file = self.folder / f"config-{len(list(self.folder.glob('config-*')))}.toml"
        file.write_text(CONFIG.format(origin=origin, more=more))
        with running("edge", "serve", "--config", str(file)) as process:
            yield process

    def token(self, friends: Iterable[str] = (), viewer: str = "u-eve", **claims: Any) -> str:
        """A viewer's token."""
        said = {"iss": "bench", "aud": "bench", "sub": viewer, "exp": int(time.time()) + LIFETIME - 10}
        return jwt.encode({**said, "friends": list(friends), **claims}, self.signer, "EdDSA")

    def listed(self, friends: Iterable[str], viewer: str, version: str) -> bytes:
        """A viewer's signed list of friends (docs/friends-list.md)."""
        packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
        content = "".join(f"{name}\n" for name in sorted(friends)).encode()
        stream = base64.urlsafe_b64encode(packer.compress(content) + packer.flush()).decode().rstrip("=")
        now = int(time.time())
        claims = {"iss": "bench", "aud": "bench", "sub": viewer, "ver": version, "iat": now, "exp": now + LIFETIME}
        claims |= {"form": "listed", "friends_deflate": stream}
        return jwt.encode(claims, self.signer, "EdDSA", headers={"typ": LIST_TYPE}).encode()

    def signed(self, path: str) -> str:
        """A URL that shows all faces of a photo for most of an hour."""
        photo = asyncio.run(_photo(self.folder, path))
        keys = urls.Keys.read(self.folder / "urls.toml")
        shown = photo.shown({face.slot for face in photo.faces})
        return urls.sign(keys, path, photo.version, shown, time.time(), lifetime_seconds=LIFETIME - BUCKET_SECONDS).url


async def _publish(folder: Path, photos: list[Photo]) -> None:
    async with Catalog.open(CATALOG.format(folder=folder)) as catalog:
        for photo in photos:
            await publish(catalog, photo)


async def _photo(folder: Path, path: str) -> Photo:
    async with Catalog.open(CATALOG.format(folder=folder)) as catalog:
        photo = await catalog.photo(path)
    assert photo is not None
    return photo
