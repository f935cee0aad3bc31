"""AWS KMS: which key is named, what it is sent, and what its library may not do by itself."""

import asyncio
import base64
import json
import logging
import os
import sys
from typing import Any

import pytest
from aiohttp import web

from edge.errors import ConfigError
from edge.errors import Damaged
from edge.errors import KeyRingError
from edge.errors import KeyServiceFailed
from edge.keys.opening import open_keys
from edge.keys.settings import Aws
from edge.keys.settings import Keys
from edge.keys.wrapped import heads
from tests.key_services import REGION
from tests.key_services import Place

KEY, CONTEXT = b"canary-key-of-thirty-two-bytes!!", b"photo 1, face 2"
WRAPPED = heads("aws")[0] + bytes(100)


class Kms:
    """Notes what it is asked, and answers nothing that helps."""

    def __init__(self, code: str = "KMSInternalException") -> None:
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.at_once = self.most_at_once = 0
        self._code = code

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """An error of KMS."""
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.asked.append(json.loads(await request.read()))
        self.headers.append(dict(request.headers))
        await asyncio.sleep(0.01)
        self.at_once -= 1
        return web.json_response({"__type": self._code, "message": "m"}, status=400)


async def test_the_key_is_named(place: Place) -> None:
    """Both ways KMS is told which key is meant, and nothing of the context but a hash; it is asked once, whatever comes."""
    kms = Kms()
    service = await place.failing("aws", kms.answer)
    for call in (service.wrap([(KEY, CONTEXT)]), service.unwrap([(WRAPPED, CONTEXT)])):
        with pytest.raises(KeyServiceFailed):
            await call
    wrap, unwrap = kms.asked
    assert set(wrap) == {"KeyId", "Plaintext", "EncryptionContext"}
    assert set(unwrap) == {"KeyId", "CiphertextBlob", "EncryptionContext"}
    assert wrap["KeyId"] == unwrap["KeyId"] == "alias/x"
    assert wrap["EncryptionContext"] == unwrap["EncryptionContext"]
    (bound,) = wrap["EncryptionContext"].values()
    assert len(bytes.fromhex(bound)) == 32
    assert [headers["X-Amz-Target"] for headers in kms.headers] == ["TrentService.Encrypt", "TrentService.Decrypt"]


async def test_a_blob_of_another_key_is_refused(place: Place) -> None:
    """KMS could open what another key of the same account wrapped, and is told not to."""
    first, second = place.aws(), place.aws()
    async with open_keys(Keys(service="aws", aws=first)) as one, open_keys(Keys(service="aws", aws=second)) as other:
        (wrapped,) = await one.wrap([(KEY, CONTEXT)])
        assert await one.unwrap([(wrapped, CONTEXT)]) == [KEY]
        with pytest.raises(KeyRingError):
            await other.unwrap([(wrapped, CONTEXT)])


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("InvalidCiphertextException", Damaged), ("IncorrectKeyException", KeyRingError), ("NotFoundException", KeyServiceFailed),
        ("DisabledException", KeyServiceFailed), ("ThrottlingException", KeyServiceFailed), ("", KeyServiceFailed),
    ],
)  # fmt: skip
async def test_what_the_errors_mean(place: Place, code: str, kind: type[Exception]) -> None:
    """Damage and a missing key are told apart from a service that may work later; none is tried twice."""
    kms = Kms(code)
    service = await place.failing("aws", kms.answer)
    with pytest.raises(kind) as failed:
        await service.unwrap([(WRAPPED, CONTEXT)])
    assert type(failed.value) is kind
    assert len(kms.asked) == 1


async def test_connections_are_bounded(place: Place) -> None:
    """However many keys are asked for at once, so many calls run and no more."""
    place.moto()
    kms = Kms()
    url = await place.serve(kms.answer)
    settings = Aws(key_id="alias/x", region=REGION, endpoint_url=url, connections=3)
    async with open_keys(Keys(service="aws", aws=settings)) as service:
        calls = [service.unwrap([(WRAPPED, CONTEXT)] * 5) for _ in range(4)]
        assert {type(failed) for failed in await asyncio.gather(*calls, return_exceptions=True)} == {KeyServiceFailed}
    assert kms.most_at_once == 3


async def test_a_stuck_service_blocks_nobody(place: Place) -> None:
    """Calls that hang hold their own threads and no others, and whoever comes after them is told in time."""
    place.moto()
    gate = asyncio.Event()

    async def hangs(request: web.Request) -> web.StreamResponse:
        await gate.wait()
        return web.Response(status=500)

    settings = Aws(
        key_id="alias/x", region=REGION, endpoint_url=await place.serve(hangs), connections=2, timeout_seconds=0.2
    )
    async with open_keys(Keys(service="aws", aws=settings)) as service, asyncio.timeout(20):
        for _ in range(3):
            with pytest.raises(KeyServiceFailed):
                await service.unwrap([(WRAPPED, CONTEXT)] * 10)
            assert await asyncio.to_thread(os.getpid) == os.getpid()
        gate.set()


async def test_the_surroundings_cannot_move_it(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Addresses and proxies in the environment are passed over: the configuration, or the region, says where KMS is."""
    from edge.keys import aws

    place.moto()
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_KMS", "HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    client = aws._client(Aws(key_id="alias/x", region=REGION))
    assert client.meta.endpoint_url == f"https://kms.{REGION}.amazonaws.com"
    client.close()
    kms = Kms()
    with pytest.raises(KeyServiceFailed):
        await (await place.failing("aws", kms.answer)).wrap([(KEY, CONTEXT)])
    assert len(kms.asked) == 1


async def test_nothing_is_logged(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    """The library logs what KMS opened, at DEBUG; here it does not, with everything switched on."""
    caplog.set_level(logging.DEBUG)
    async with open_keys(Keys(service="aws", aws=place.aws())) as service:
        caplog.clear()
        (wrapped,) = await service.wrap([(KEY, CONTEXT)])
        await service.unwrap([(wrapped, CONTEXT)])
    text = caplog.text + "".join(repr(record.__dict__) for record in caplog.records)
    for secret in (KEY.decode(), base64.b64encode(KEY).decode().rstrip("="), "AWS4-HMAC"):
        assert secret not in text


async def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where boto3 is not installed, the process stops and says what to install."""
    monkeypatch.setitem(sys.modules, "boto3.session", None)
    with pytest.raises(ConfigError, match=r"mfmc-edge\[aws\]"):
        async with open_keys(Keys(service="aws", aws=Aws(key_id="alias/x", region=REGION))):
            pass


async def test_unusable(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the library cannot use stops the process, and nothing of its text is passed on."""
    place.moto()
    monkeypatch.setenv("AWS_PROFILE", "canary-profile")
    with pytest.raises(ConfigError, match="ProfileNotFound") as refused:
        async with open_keys(Keys(service="aws", aws=Aws(key_id="alias/x", region=REGION))):
            pass
    assert "canary" not in str(refused.value)
