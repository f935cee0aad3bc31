"""Vault: what it is sent, which token, and what it cannot be trusted to check."""

import base64
import json
import logging
from pathlib import Path

import pytest
from aiohttp import web

from edge.errors import ConfigError
from edge.errors import Damaged
from edge.errors import KeyRingError
from edge.errors import KeyServiceFailed
from edge.keys.opening import open_keys
from edge.keys.service import KeyService
from edge.keys.settings import Keys
from edge.keys.settings import Vault
from edge.keys.wrapped import Wrapped
from edge.keys.wrapped import heads
from tests.key_services import TOKEN
from tests.key_services import Place
from tests.vault import Transit

KEY, CONTEXT = b"canary-key-of-thirty-two-bytes!!", b"photo 1, face 2"


@pytest.fixture
def transit() -> Transit:
    """Vault's side."""
    return Transit(TOKEN)


@pytest.fixture
async def settings(place: Place, transit: Transit) -> Vault:
    """What the configuration says about it."""
    return await place.vault(transit)


@pytest.fixture
async def service(place: Place, settings: Vault) -> KeyService:
    """Our side."""
    return await place.stack.enter_async_context(open_keys(Keys(service="vault", vault=settings)))


async def test_a_batch_is_one_request(service: KeyService, transit: Transit) -> None:
    """However many keys, one request; nothing is sent along that does not belong there."""
    wrapped = await service.wrap([(KEY, CONTEXT)] * 9)
    await service.unwrap([(sealed, CONTEXT) for sealed in wrapped])
    assert transit.asked == [("encrypt", 9), ("decrypt", 9)]
    allowed = {"Host", "Accept", "Accept-Encoding", "User-Agent", "Content-Length", "Content-Type"}
    for headers in transit.headers:
        assert set(headers) == allowed | {"X-Vault-Token", "X-Vault-Request"}
        assert headers["X-Vault-Token"] == TOKEN


async def test_mount_and_namespace(place: Place) -> None:
    """Mount, key and namespace are those of the configuration."""
    transit = Transit(TOKEN, mount="team/transit", key="faces")
    transit.namespace = "a/b"
    settings = await place.vault(transit, mount="team/transit", key="faces", namespace="a/b")
    async with open_keys(Keys(service="vault", vault=settings)) as service:
        (wrapped,) = await service.wrap([(KEY, CONTEXT)])
        assert await service.unwrap([(wrapped, CONTEXT)]) == [KEY]
        transit.namespace = None
        with pytest.raises(KeyServiceFailed):
            await service.unwrap([(wrapped, CONTEXT)])


async def test_a_new_token_is_found(service: KeyService, transit: Transit, settings: Vault) -> None:
    """When Vault refuses the token, the file is read again, and a new token is tried once."""
    (wrapped,) = await service.wrap([(KEY, CONTEXT)])
    transit.tokens = {"hvs.second"}
    with pytest.raises(KeyServiceFailed):
        await service.unwrap([(wrapped, CONTEXT)])
    assert len(transit.headers) == 2
    settings.token_file.write_text("hvs.second")
    assert await service.unwrap([(wrapped, CONTEXT)]) == [KEY]
    assert len(transit.headers) == 4
    settings.token_file.write_text("hvs.third")
    transit.tokens = {"hvs.fourth"}
    with pytest.raises(KeyServiceFailed):
        await service.unwrap([(wrapped, CONTEXT)])
    assert len(transit.headers) == 6


async def test_a_token_that_others_may_read_is_refused(service: KeyService, transit: Transit, settings: Vault) -> None:
    """A token file must be as private as a ring, at the start and whenever it is read again."""
    settings.token_file.chmod(0o640)
    with pytest.raises(ConfigError, match="chmod 600"):
        async with open_keys(Keys(service="vault", vault=settings)):
            pass
    transit.tokens = set()
    with pytest.raises(KeyServiceFailed):
        await service.wrap([(KEY, CONTEXT)])


@pytest.mark.parametrize("token", ["", "\n", "two words", "a\r\nX-Vault-Namespace: b", "ü", "\0", "x" * 5_000])
async def test_what_is_no_token(settings: Vault, token: str) -> None:
    """A file without one token, or with what could become another header, stops the process."""
    settings.token_file.write_text(token)
    with pytest.raises(ConfigError) as refused:
        async with open_keys(Keys(service="vault", vault=settings)):
            pass
    assert not token.strip() or token not in str(refused.value)


async def test_an_old_vault_binds_too(service: KeyService, transit: Transit) -> None:
    """Vault before 1.13 passes over the associated data; a moved key is found out all the same."""
    transit.knows_associated_data = False
    (wrapped,) = await service.wrap([(KEY, CONTEXT)])
    assert await service.unwrap([(wrapped, CONTEXT)]) == [KEY]
    with pytest.raises(Damaged):
        await service.unwrap([(wrapped, b"photo 1, face 3")])


async def test_versions(service: KeyService, transit: Transit) -> None:
    """Vault may rotate its key; a version it gave up is a missing wrapping key, and no damage."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    (first,) = await service.wrap([(KEY, CONTEXT)])
    transit.versions.append(AESGCM(bytes(32)))
    (second,) = await service.wrap([(KEY, CONTEXT)])
    assert await service.unwrap([(first, CONTEXT), (second, CONTEXT)]) == [KEY, KEY]
    transit.min_decryption_version = 2
    for wrapped, there in ((second, True), (first, False)):
        if there:
            assert await service.unwrap([(wrapped, CONTEXT)]) == [KEY]
        else:
            with pytest.raises(KeyRingError) as missing:
                await service.unwrap([(wrapped, CONTEXT)])
            assert type(missing.value) is KeyRingError
    transit.versions.pop()
    with pytest.raises(KeyRingError):
        await service.unwrap([(second, CONTEXT)])


SPELLINGS = [("vault:v1:", "vault:v01:"), ("vault:v1:", "vault:v0:"), ("vault:v1:", " vault:v1:"), ("=", "==")]


@pytest.mark.parametrize("change", SPELLINGS)
async def test_one_spelling(service: KeyService, transit: Transit, change: tuple[str, str]) -> None:
    """Of several texts that Vault takes for one ciphertext, only the one it gave is accepted."""
    (wrapped,) = await service.wrap([(KEY, CONTEXT)])
    text = Wrapped.parse(wrapped).sealed.decode()
    with pytest.raises(Damaged):
        await service.unwrap([(heads("vault")[0] + text.replace(*change).encode(), CONTEXT)])
    assert transit.asked == [("encrypt", 1)]


async def test_nothing_is_logged(
    place: Place, service: KeyService, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Neither token nor key is in any log, with everything switched on."""
    from edge.middleware import quiet_libraries

    quiet_libraries()
    caplog.set_level(logging.DEBUG)
    (wrapped,) = await service.wrap([(KEY, CONTEXT)])
    await service.unwrap([(wrapped, CONTEXT)])
    with pytest.raises(Damaged):
        await service.unwrap([(wrapped, b"elsewhere")])
    text = caplog.text + "".join(capfd.readouterr()) + "".join(repr(record.__dict__) for record in caplog.records)
    for secret in (TOKEN, KEY.decode(), base64.b64encode(KEY).decode().rstrip("="), Wrapped.parse(wrapped).sealed.decode()):
        assert secret not in text


async def test_what_vault_learns(place: Place, tmp_path: Path) -> None:
    """Vault gets the key and the associated data as its API has them: base64, and in a batch."""
    seen: list[dict[str, object]] = []

    async def noting(request: web.Request) -> web.StreamResponse:
        seen.append(await request.json())
        return web.Response(status=500)

    service = await place.failing("vault", noting)
    with pytest.raises(KeyServiceFailed):
        await service.wrap([(KEY, CONTEXT)])
    (item,) = json.loads(json.dumps(seen[0]))["batch_input"]
    assert set(seen[0]) == {"batch_input"}
    assert set(item) == {"plaintext", "associated_data"}
    assert base64.b64decode(item["plaintext"]).startswith(KEY)
    assert base64.b64decode(item["associated_data"]).endswith(CONTEXT)
