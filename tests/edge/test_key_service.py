"""One contract for every key service: what is wrapped opens under its own context, whole and in order, and nowhere else."""

import asyncio
import base64
import os
from collections.abc import Awaitable

import pytest

from edge.errors import Damaged
from edge.errors import KeyRingError
from edge.errors import KeyServiceFailed
from edge.keys.service import KeyService
from edge.keys.service import Pair
from edge.keys.wrapped import MAX_WRAPPED_BYTES
from edge.keys.wrapped import heads
from edge.keys.wrapped import is_key_id
from edge.keys.wrapped import wrapped_by
from tests.key_services import KINDS
from tests.key_services import Place
from tests.key_services import made

KEY, CONTEXT = b"canary-key-of-thirty-two-bytes!!", b"photo 1, face 2"

@pytest.fixture(params=KINDS)
async def kind(request: pytest.FixtureRequest) -> str:
    """Each kind of service in turn."""
    return str(request.param)


@pytest.fixture
async def service(place: Place, kind: str) -> KeyService:
    """A service of the kind."""
    return await made(place, kind)


async def fault(call: Awaitable[object]) -> Exception:
    """The exception of a call that must fail in one of the agreed ways and within bounds, and tell nothing."""
    async with asyncio.timeout(20):
        with pytest.raises((Damaged, KeyRingError)) as failed:
            await call
    error: BaseException | None = failed.value
    while error is not None:
        told = f"{error!r} {error}"
        for secret in (KEY, CONTEXT):
            assert secret.decode() not in told
            assert secret.hex() not in told
            assert base64.b64encode(secret).decode().rstrip("=") not in told
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return failed.value


async def test_batches_come_back_in_order(service: KeyService) -> None:
    """Twenty keys, two of them the same, come back whole and in order, whatever the order they are asked in."""
    keys: list[Pair] = [(os.urandom(32), b"face %d" % number) for number in range(19)]
    keys.append(keys[3])
    wrapped = await service.wrap(keys)
    assert len(set(wrapped)) == 20
    asked = [(sealed, context) for sealed, (_, context) in zip(wrapped, keys, strict=True)]
    for order in (range(20), range(19, -1, -1), [7, 7, 3]):
        assert await service.unwrap([asked[place] for place in order]) == [keys[place][0] for place in order]


async def test_an_empty_batch_is_empty(service: KeyService) -> None:
    """Nothing asked, nothing answered."""
    assert await service.wrap([]) == await service.unwrap([]) == []


async def test_wrapped_keys_name_their_wrapping_key(service: KeyService) -> None:
    """Which key wrapped it is read without opening, and a wrapped key is short enough to be stored."""
    (wrapped,) = await service.wrap([(KEY, CONTEXT)])
    assert is_key_id(service.primary)
    assert wrapped_by(wrapped) == service.primary
    assert wrapped.startswith(heads(service.primary))
    assert len(wrapped) <= MAX_WRAPPED_BYTES
    assert KEY not in wrapped


@pytest.mark.parametrize("context", [b"", CONTEXT[:-1], CONTEXT + b"\0", b"photo 1, face 3", os.urandom(900)])
async def test_context_is_bound(service: KeyService, context: bytes) -> None:
    """A wrapped key that is moved to another place is damaged there."""
    (wrapped,) = await service.wrap([(KEY, CONTEXT)])
    assert isinstance(await fault(service.unwrap([(wrapped, context)])), Damaged)
    (other,) = await service.wrap([(KEY, context)])
    assert await service.unwrap([(other, context)]) == [KEY]


async def test_every_byte_counts(service: KeyService) -> None:
    """No byte of a wrapped key can be changed, none cut off and none added."""
    (wrapped,) = await service.wrap([(KEY, CONTEXT)])
    bad = [wrapped[:length] for length in range(0, len(wrapped), 7)] + [wrapped[:-1], wrapped + b"\0", wrapped + b"="]
    bad += [wrapped[:at] + bytes([wrapped[at] ^ 1 << at % 8]) + wrapped[at + 1 :] for at in range(len(wrapped))]
    for attempt in bad:
        await fault(service.unwrap([(attempt, CONTEXT)]))


@pytest.mark.parametrize("wrapped", [b"", b"\0", b"\x05", b"\xff" * 2_000, b"\x80", b"\x03a b" + bytes(60), b"{}"])
async def test_garbage_is_damaged(service: KeyService, wrapped: bytes) -> None:
    """What cannot be a wrapped key at all is damaged, and nobody is asked about it."""
    assert isinstance(await fault(service.unwrap([(wrapped, CONTEXT)])), Damaged)


async def test_public_form_is_for_rings_alone(service: KeyService, kind: str) -> None:
    """The bit that marks a public form cannot be set on what is none."""
    (wrapped,) = await service.wrap([(KEY, CONTEXT)])
    assert isinstance(await fault(service.unwrap([(bytes([wrapped[0] | 0x80]) + wrapped[1:], CONTEXT)])), Damaged)


async def test_one_bad_key_fails_its_batch(service: KeyService) -> None:
    """A batch never comes back in part; the good keys of it still open by themselves."""
    wrapped = await service.wrap([(KEY, CONTEXT)] * 3)
    asked = [(sealed, CONTEXT) for sealed in wrapped]
    await fault(service.unwrap([asked[0], (wrapped[1], b"elsewhere"), asked[2]]))
    assert await service.unwrap([asked[0], asked[2]]) == [KEY, KEY]


async def test_missing_wrapping_key(service: KeyService, kind: str) -> None:
    """A key that another wrapping key wrapped is not called damaged: the right one may be found."""
    (wrapped,) = await service.wrap([(KEY, CONTEXT)])
    elsewhere = heads("k-elsewhere")[0] + wrapped[1 + len(service.primary) :]
    missing = await fault(service.unwrap([(elsewhere, CONTEXT)]))
    assert isinstance(missing, KeyRingError)
    assert not isinstance(missing, KeyServiceFailed)


async def test_another_key_of_the_same_name(service: KeyService, place: Place, kind: str) -> None:
    """The name in a wrapped key proves nothing: under another key of that name it does not open."""
    (wrapped,) = await service.wrap([(KEY, CONTEXT)])
    other = await place.service("ring" if kind == "remembered" else kind)
    assert other.primary == service.primary
    await fault(other.unwrap([(wrapped, CONTEXT)]))


async def test_blind_repr(service: KeyService) -> None:
    """A service's repr names wrapping keys and nothing else."""
    (wrapped,) = await service.wrap([(KEY, CONTEXT)])
    await service.unwrap([(wrapped, CONTEXT)])
    shown = repr(service)
    assert shown.startswith("<")
    for secret in (KEY.decode(), KEY.hex(), "token", "testing", "0x"):
        assert secret not in shown


async def test_many_callers(service: KeyService) -> None:
    """Many batches at the same time never mix."""
    keys: list[Pair] = [(os.urandom(32), b"face %d" % number) for number in range(30)]
    wrapped = await service.wrap(keys)
    asked = [(sealed, context) for sealed, (_, context) in zip(wrapped, keys, strict=True)]
    wanted = [[number % 30, number * 7 % 30, number * 11 % 30] for number in range(60)]
    seen = await asyncio.gather(*(service.unwrap([asked[place] for place in some]) for some in wanted))
    assert seen == [[keys[place][0] for place in some] for some in wanted]
