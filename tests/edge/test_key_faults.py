"""Key services that err, lie, stall or flood: always one of the agreed failures, within bounds, and never a key."""

import asyncio
import base64
import json
import os
from typing import Any

import pytest
from aiohttp import web

from edge.errors import Damaged
from edge.errors import KeyServiceFailed
from edge.keys.opening import open_keys
from edge.keys.service import KeyService
from edge.keys.settings import Aws
from edge.keys.settings import Keys
from edge.keys.wrapped import heads
from tests.edge.test_key_service import CONTEXT
from tests.edge.test_key_service import KEY
from tests.edge.test_key_service import fault
from tests.key_services import REGION
from tests.key_services import REMOTE
from tests.key_services import TOKEN
from tests.key_services import Answer
from tests.key_services import Place
from tests.vault import Transit

SEALED = {"aws": bytes(100), "vault": b"vault:v1:" + base64.b64encode(bytes(92))}


def says(status: int, body: Any) -> Answer:
    """Always the same answer."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, body=content, content_type="application/json")

    return answer


async def reset(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def cut(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Content-Length": "100"})
    await answer.prepare(request)
    await answer.write(b"{")
    assert request.transport is not None
    request.transport.close()
    return answer


async def silent(request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(5)
    return web.Response()


async def stalls(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Content-Length": "100"})
    await answer.prepare(request)
    await answer.write(b"{")
    await asyncio.sleep(5)
    return answer


async def drips(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse()
    await answer.prepare(request)
    for _ in range(100):
        await answer.write(b" ")
        await asyncio.sleep(0.05)
    return answer


async def packed(request: web.Request) -> web.StreamResponse:
    return web.Response(body=b"x" * 10, headers={"Content-Encoding": "gzip"})


async def asked(service: KeyService, kind: str) -> list[Exception]:
    """The failures of one call each way."""
    wrapped = heads(service.primary)[0] + SEALED[kind]
    failed = [await fault(service.wrap([(KEY, CONTEXT)])), await fault(service.unwrap([(wrapped, CONTEXT)]))]
    with pytest.raises(KeyServiceFailed):
        raise failed[0]
    return failed


BROKEN = [
    reset, cut, packed, says(200, b""), says(200, b"<html>"), says(200, b"\xff" * 100), says(200, b"[" * 100_000),
    says(200, []), says(200, {}), says(200, None), says(200, {"data": None}), says(400, {"errors": ["encryption key not found"]}),
    says(400, {"__type": "NotFoundException"}), says(400, {"__type": "AccessDeniedException", "message": TOKEN}),
    says(400, {"__type": 7}), says(403, {"errors": ["permission denied"]}), says(404, {}), says(429, {}), says(500, {}),
    says(503, {"errors": ["Vault is sealed"]}), says(200, b" " * 2_000_000), says(500, {"data": {"batch_results": [{}]}}),
]  # fmt: skip


@pytest.mark.parametrize("kind", REMOTE)
@pytest.mark.parametrize("answer", BROKEN, ids=lambda answer: f"{BROKEN.index(answer)}-{answer.__name__}")
async def test_broken(place: Place, kind: str, answer: Answer) -> None:
    """An error, a refusal, a redirect, a part, a flood or no answer at all of its own kind: the service failed."""
    for failed in await asked(await place.failing(kind, answer), kind):
        assert type(failed) is KeyServiceFailed


@pytest.mark.parametrize("kind", REMOTE)
@pytest.mark.parametrize("answer", [silent, stalls, drips], ids=lambda answer: answer.__name__)
async def test_slow(place: Place, kind: str, answer: Answer) -> None:
    """A service that does not answer in time, by whatever means, has failed."""
    for failed in await asked(await place.failing(kind, answer, seconds=0.3), kind):
        assert type(failed) is KeyServiceFailed


@pytest.mark.parametrize("kind", REMOTE)
async def test_down(place: Place, kind: str) -> None:
    """A service that does not listen does not keep the process from starting, and has failed when it is asked."""
    if kind == "aws":
        place.moto()
    aws = Aws(key_id="alias/x", region=REGION, endpoint_url="http://127.0.0.1:9")
    vault = await place.vault(Transit(TOKEN), address="http://127.0.0.1:9")
    keys = Keys(service="aws", aws=aws) if kind == "aws" else Keys(service="vault", vault=vault)
    async with open_keys(keys) as service:
        await asked(service, kind)


@pytest.mark.parametrize("kind", REMOTE)
@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_moved(place: Place, kind: str, status: int) -> None:
    """A redirect is not followed: the configuration names the one place that a key is sent to."""
    asked_for: list[str] = []

    async def moved(request: web.Request) -> web.StreamResponse:
        asked_for.append(request.path)
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    for failed in await asked(await place.failing(kind, moved), kind):
        assert type(failed) is KeyServiceFailed
    assert len(asked_for) == 2
    assert "/elsewhere" not in asked_for


def vault_says(*items: Any) -> Answer:
    return says(200, {"data": {"batch_results": items}})


WRONG_VAULT = [
    pytest.param(vault_says(), KeyServiceFailed, id="no-result"),
    pytest.param(vault_says({}, {}), KeyServiceFailed, id="two-results"),
    pytest.param(vault_says(7), KeyServiceFailed, id="number"),
    pytest.param(vault_says({"plaintext": None, "ciphertext": None}), KeyServiceFailed, id="null"),
    pytest.param(vault_says({}), Damaged, id="empty-result"),
    pytest.param(vault_says({"plaintext": "?", "ciphertext": "?"}), Damaged, id="no-base64"),
    pytest.param(vault_says({"plaintext": "AAAA", "ciphertext": "vault:v1:é"}), Damaged, id="short"),
    pytest.param(vault_says({"plaintext": base64.b64encode(KEY).decode(), "ciphertext": "vault:v1:"}), Damaged, id="bare-key"),
    pytest.param(
        vault_says({"plaintext": "A" * 88, "ciphertext": f"vault:v1:{'A' * 1_400}"}), Damaged, id="another-key"
    ),
    pytest.param(vault_says({"error": TOKEN, "ciphertext": "vault:v1:AAAA"}), Damaged, id="error"),
    pytest.param(vault_says({"plaintext": "é"}), Damaged, id="not-ascii"),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "unwrapped"), WRONG_VAULT)
async def test_wrong_vault(place: Place, answer: Answer, unwrapped: type[Exception]) -> None:
    """A Vault that answers in the right form with the wrong content gives neither a wrapped key nor a key."""
    assert type((await asked(await place.failing("vault", answer), "vault"))[1]) is unwrapped


WRONG_AWS = [
    pytest.param({"Plaintext": 7, "CiphertextBlob": 7}, id="number"),
    pytest.param({"Plaintext": None, "CiphertextBlob": None}, id="null"),
    pytest.param({"Plaintext": "", "CiphertextBlob": ""}, id="empty"),
    pytest.param({"Plaintext": "é", "CiphertextBlob": "A"}, id="no-base64"),
    pytest.param({"Plaintext": "A" * 1_000, "CiphertextBlob": "A" * 1_364}, id="large"),
    pytest.param({"Plaintext": "A" * 1_000_000, "CiphertextBlob": "A" * 1_000_000}, id="huge"),
    pytest.param({"KeyId": "alias/x"}, id="missing"),
]


@pytest.mark.parametrize("content", WRONG_AWS)
async def test_wrong_aws(place: Place, content: Any) -> None:
    """A KMS that answers in the right form with the wrong content gives neither a wrapped key nor a key."""
    for failed in await asked(await place.failing("aws", says(200, content)), "aws"):
        assert type(failed) is KeyServiceFailed


async def test_results_in_another_order_are_damaged(place: Place) -> None:
    """A Vault that mixes up a batch does not give one face another's key."""
    transit = Transit(TOKEN)

    async def mixed(request: web.Request) -> web.StreamResponse:
        answer = await transit.answer(request)
        assert isinstance(answer, web.Response)
        content = json.loads(answer.body or b"")
        content["data"]["batch_results"].reverse()
        return web.json_response(content)

    keys = [(os.urandom(32), b"face 1"), (os.urandom(32), b"face 2")]
    vault = await place.vault(transit)
    async with open_keys(Keys(service="vault", vault=vault)) as service:
        wrapped = [(sealed, context) for sealed, (_, context) in zip(await service.wrap(keys), keys, strict=True)]
        assert await service.unwrap(wrapped) == [key for key, _ in keys]
    other = await place.vault(transit, address=await place.serve(mixed), token_file=vault.token_file)
    async with open_keys(Keys(service="vault", vault=other)) as service:
        assert isinstance(await fault(service.unwrap(wrapped)), Damaged)
