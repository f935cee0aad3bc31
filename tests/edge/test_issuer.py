"""The issuer's keys: of the configured kind, from a file or an address, and stale rather than none."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization import NoEncryption
from cryptography.hazmat.primitives.serialization import PrivateFormat
from cryptography.hazmat.primitives.serialization import PublicFormat

from edge import config
from edge import issuer
from edge.errors import ConfigError
from edge.errors import TokenRefused
from edge.issuer import KeySet
from edge.issuer import OneKey
from edge.issuer import RemoteKeySet
from edge.issuer import open_issuer
from edge.issuer import parse_set
from tests.fakes import NOW

ED, OTHER = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
EC, RSA = ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65_537, 2_048)


def pem(key: Any) -> bytes:
    """The public half as PEM."""
    return bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


def jwk(key: Ed25519PrivateKey, **fields: Any) -> dict[str, Any]:
    """The public half as a JWK."""
    made: dict[str, Any] = jwt.algorithms.OKPAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return made | fields


def key_set(*keys: dict[str, Any]) -> bytes:
    """A JSON Web Key Set."""
    return json.dumps({"keys": list(keys)}).encode()


async def opened(folder: Path, algorithm: str, content: bytes, mode: int = 0o600) -> issuer.Issuer:
    """The issuer of a key file."""
    (folder / "key").write_bytes(content)
    (folder / "key").chmod(mode)
    token = {"issuer": "i", "audience": "a", "algorithm": algorithm, "key_file": folder / "key"}
    return await open_issuer(config.Token(**token))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("algorithm", "content"),
    [("EdDSA", pem(ED)), ("ES256", pem(EC)), ("RS256", pem(RSA)), ("HS256", b"s" * 32)],
    ids=["EdDSA", "ES256", "RS256", "HS256"],
)
async def test_key_file(tmp_path: Path, algorithm: str, content: bytes) -> None:
    """A key file of the right kind is used for every token, whatever its kid."""
    keys = await opened(tmp_path, algorithm, content)
    assert isinstance(keys, OneKey)
    assert await keys.key(None, NOW) is await keys.key("any", NOW)


@pytest.mark.parametrize(
    ("algorithm", "content", "mode"),
    [
        pytest.param("EdDSA", pem(EC), 0o600, id="ec-for-eddsa"),
        pytest.param("ES256", pem(ED), 0o600, id="ed-for-es256"),
        pytest.param("RS256", pem(EC), 0o600, id="ec-for-rs256"),
        pytest.param("ES256", pem(ec.generate_private_key(ec.SECP384R1())), 0o600, id="other-curve"),
        pytest.param("RS256", pem(rsa.generate_private_key(65_537, 1_024)), 0o600, id="short-rsa"),  # noqa: S505
        pytest.param("EdDSA", b"", 0o600, id="empty"),
        pytest.param("EdDSA", ED.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), 0o600, id="private"),
        pytest.param("HS256", b"s" * 31, 0o600, id="short-secret"),
        pytest.param("HS256", b"s" * 32, 0o644, id="shared-secret"),
    ],
)
async def test_key_file_refused(tmp_path: Path, algorithm: str, content: bytes, mode: int) -> None:
    """A key of another kind, too short, or readable by others stops the process."""
    with pytest.raises(ConfigError):
        await opened(tmp_path, algorithm, content, mode)


def test_set_keeps_what_fits() -> None:
    """Of a key set only signing keys of the configured algorithm are kept; odd entries take nothing else away."""
    entries = [
        jwk(ED, kid="good"),
        jwk(OTHER, kid="good"),
        jwk(OTHER, kid="enc", use="enc"),
        jwk(OTHER, kid="alg", alg="RS256"),
        jwk(OTHER, kid=7),
        {"kty": "oct", "k": "AAAA", "kid": "secret"},
        {"kty": "OKP", "crv": "Ed25519", "x": "AA", "kid": "short"},
        {},
        jwk(OTHER, kid="more", use="sig", alg="EdDSA"),
    ]
    found = parse_set(key_set(*entries), "EdDSA")
    assert set(found) == {"good", "more"}
    assert found["good"].public_bytes_raw() == ED.public_key().public_bytes_raw()  # type: ignore[union-attr]
    assert parse_set(key_set(*entries), "ES256") == {}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"[]", id="list"),
        pytest.param(b"{}", id="no-keys"),
        pytest.param(b'{"keys":1}', id="number"),
        pytest.param(b'{"keys":[1]}', id="entry"),
        pytest.param(b'{"keys":[{"kid":"\xff"}]}', id="not-utf-8"),
        pytest.param(b'{"keys":' + b"[" * 10_000, id="deep"),
        pytest.param(key_set(*[{}] * 101), id="many"),
    ],
)
def test_no_set(text: bytes) -> None:
    """What is no key set is refused as a whole."""
    with pytest.raises(ConfigError):
        parse_set(text, "EdDSA")


async def test_kid_chooses() -> None:
    """A token names its key; without a name there must be no choice."""
    one = KeySet(parse_set(key_set(jwk(ED, kid="a")), "EdDSA"))
    two = KeySet(parse_set(key_set(jwk(ED, kid="a"), jwk(OTHER, kid="b")), "EdDSA"))
    assert await one.key(None, NOW) is await one.key("a", NOW)
    for keys, kid in ((one, "b"), (two, None), (two, "c"), (two, "")):
        with pytest.raises(TokenRefused):
            await keys.key(kid, NOW)


async def test_set_from_a_file(tmp_path: Path) -> None:
    """A key set may lie in a file."""
    (tmp_path / "set.json").write_bytes(key_set(jwk(ED, kid="a")))
    settings = config.Token(issuer="i", audience="a", algorithm="EdDSA", jwks_file=tmp_path / "set.json")
    assert await (await open_issuer(settings)).key("a", NOW)
    settings = config.Token(issuer="i", audience="a", algorithm="EdDSA", jwks_file=tmp_path / "none.json")
    with pytest.raises(ConfigError):
        await open_issuer(settings)


class Publisher:
    """An issuer's web server."""

    def __init__(self) -> None:
        self.body = key_set(jwk(ED, kid="a"))
        self.status = 200
        self.asked = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked += 1
        return web.Response(status=self.status, body=self.body)


@pytest.fixture
async def published() -> AsyncIterator[tuple[Publisher, RemoteKeySet]]:
    """A publisher, and the key set that is fetched from it."""
    publisher = Publisher()
    app = web.Application()
    app.router.add_get("/keys", publisher.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{site.port}/keys"
    keys = await open_issuer(config.Token(issuer="i", audience="a", algorithm="EdDSA", jwks_url=url))
    assert isinstance(keys, RemoteKeySet)
    yield publisher, keys
    await keys.close()
    await runner.cleanup()


async def test_fetched_set(published: tuple[Publisher, RemoteKeySet]) -> None:
    """Keys are fetched when first needed; a flood of unknown names causes no second fetch within ten seconds."""
    publisher, keys = published
    assert await keys.key("a", NOW)
    for number in range(50):
        with pytest.raises(TokenRefused):
            await keys.key(f"unknown-{number}", NOW)
    assert publisher.asked == 1


async def test_new_key_is_found(published: tuple[Publisher, RemoteKeySet], monkeypatch: pytest.MonkeyPatch) -> None:
    """A key the issuer has just begun to use is found by its name, once the pause is over."""
    publisher, keys = published
    assert await keys.key("a", NOW)
    publisher.body = key_set(jwk(ED, kid="a"), jwk(OTHER, kid="b"))
    monkeypatch.setattr(issuer, "MIN_REFETCH_SECONDS", 0.0)
    assert await keys.key("b", NOW)
    assert publisher.asked == 2


@pytest.mark.parametrize(
    ("status", "body"), [(500, b""), (404, b"{}"), (200, b"<html>"), (200, b""), (200, b" " * (1 << 20) + b"{}")]
)
async def test_stale_keys_stay(
    published: tuple[Publisher, RemoteKeySet], monkeypatch: pytest.MonkeyPatch, status: int, body: bytes
) -> None:
    """While the issuer errs, the keys known so far stay good."""
    publisher, keys = published
    assert await keys.key("a", NOW)
    publisher.status, publisher.body = status, body
    monkeypatch.setattr(issuer, "MIN_REFETCH_SECONDS", 0.0)
    with pytest.raises(TokenRefused):
        await keys.key("b", NOW)
    assert publisher.asked == 2
    assert await keys.key("a", NOW)
