"""Who is looking: where credentials come from, and how long they last."""

import hashlib
from typing import Any

import pytest
from multidict import CIMultiDict
from multidict import CIMultiDictProxy

from edge.cache.memory import Memory
from edge.friends.pointer import Pointer
from edge.issuer import Key
from edge.issuer import OneKey
from edge.token import Door
from edge.viewer import REFUSED
from edge.viewer import STRANGER
from edge.viewer import Viewer
from edge.viewer import Viewers
from tests.fakes import AUDIENCE
from tests.fakes import ISSUER
from tests.fakes import NOW
from tests.fakes import Issuer

SIGNER = Issuer()
GOOD = SIGNER.token(friends=["u-red"])
COOKIE = "__Host-mfmc"


class CountingKey(OneKey):
    """Counts how often a token is really verified."""

    asked = 0

    async def key(self, kid: str | None, now: float) -> Key:
        self.asked += 1
        return await super().key(kid, now)


def viewers(keys: OneKey | None = None, memory: Memory[bytes, Viewer] | None = None, **options: bool) -> Viewers:
    """The default rules around one key."""
    door = Door(ISSUER, AUDIENCE, "EdDSA", "JWT", 8_192, 900.0, 5.0)
    remembered: Memory[bytes, Viewer] = Memory(items=100, size=100_000) if memory is None else memory
    return Viewers(door, keys or OneKey(SIGNER.private.public_key()), COOKIE, remembered, **options)


def sent(*headers: tuple[str, str]) -> CIMultiDictProxy[str]:
    """Request headers."""
    return CIMultiDictProxy(CIMultiDict(headers))


GOOD_HEADERS: list[Any] = [
    pytest.param([("Authorization", f"Bearer {GOOD}")], id="bearer"),
    pytest.param([("authorization", f"bEaReR {GOOD}")], id="case"),
    pytest.param([("Cookie", f"{COOKIE}={GOOD}")], id="cookie"),
    pytest.param([("Cookie", f"a=b; {COOKIE}={GOOD}; c=d")], id="cookie-among-others"),
    pytest.param([("Cookie", "a=b"), ("Cookie", f"{COOKIE}={GOOD}")], id="cookie-in-second-line"),
    pytest.param([("Authorization", f"Bearer {GOOD}"), ("Cookie", f"{COOKIE}=x")], id="header-first"),
]


@pytest.mark.parametrize("headers", GOOD_HEADERS)
async def test_same_viewer(headers: list[tuple[str, str]]) -> None:
    """The same token proves the same viewer in the header and in the cookie."""
    viewer = await viewers().identify(sent(*headers), NOW)
    assert viewer.id == "u-eve"
    assert "u-red" in viewer.friends
    assert "u-green" not in viewer.friends


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([("Authorization", GOOD)], id="no-scheme"),
        pytest.param([("Authorization", "Basic dTpw")], id="basic"),
        pytest.param([("Authorization", "Bearer")], id="bare-scheme"),
        pytest.param([("Authorization", "")], id="empty"),
        pytest.param([("Authorization", f"Bearer  {GOOD}")], id="two-spaces"),
        pytest.param([("Authorization", f"Bearer {GOOD}")] * 2, id="two-headers"),
        pytest.param([("Authorization", f"Bearer {GOOD}, Bearer {GOOD}")], id="list"),
        pytest.param([("Authorization", "Bearer x"), ("Cookie", f"{COOKIE}={GOOD}")], id="bad-header-good-cookie"),
        pytest.param([("Cookie", f"{COOKIE}={GOOD}; {COOKIE}={GOOD}")], id="two-cookies"),
        pytest.param([("Cookie", f"{COOKIE}={GOOD}"), ("Cookie", f"{COOKIE}=x")], id="cookies-in-two-lines"),
        pytest.param([("Cookie", f'{COOKIE}="{GOOD}"')], id="quoted-cookie"),
        pytest.param([("Cookie", f"{COOKIE}=")], id="empty-cookie"),
        pytest.param([("Authorization", "Bearer \udcff\udcfe.a.b")], id="not-ascii"),
    ],
)
async def test_refused(headers: list[tuple[str, str]]) -> None:
    """Odd credentials make a stranger of their bearer, and are told apart from none."""
    assert await viewers().identify(sent(*headers), NOW) is REFUSED


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([], id="nothing"),
        pytest.param([("Cookie", "a=b")], id="other-cookie"),
        pytest.param([("Cookie", f"x{COOKIE}={GOOD}")], id="cookie-suffix"),
        pytest.param([("Cookie", f"{COOKIE.lower()}={GOOD}")], id="cookie-names-have-case"),
        pytest.param([("Proxy-Authorization", f"Bearer {GOOD}")], id="proxy-header"),
        pytest.param([("X-Forwarded-Authorization", f"Bearer {GOOD}")], id="forwarded-header"),
    ],
)
async def test_stranger(headers: list[tuple[str, str]]) -> None:
    """Without credentials of ours, nobody is identified."""
    assert await viewers().identify(sent(*headers), NOW) is STRANGER


async def test_remembered_until_it_expires() -> None:
    """A token is verified once while it lasts, and not remembered beyond."""
    keys = CountingKey(SIGNER.private.public_key())
    ours = viewers(keys)
    headers = sent(("Authorization", f"Bearer {GOOD}"))
    for now in (NOW, NOW + 1, NOW + 604.9):
        assert (await ours.identify(headers, now)).id == "u-eve"
    assert keys.asked == 1
    for now in (NOW + 605, NOW + 10**9):
        assert await ours.identify(headers, now) is REFUSED


async def test_clock_that_jumps_back_verifies_again() -> None:
    """A remembered proof is not carried to a time before it was made."""
    keys = CountingKey(SIGNER.private.public_key())
    ours = viewers(keys)
    headers = sent(("Authorization", f"Bearer {GOOD}"))
    await ours.identify(headers, NOW + 100)
    assert await ours.identify(headers, NOW - 10**6) is REFUSED
    assert keys.asked == 2


async def test_memory_holds_no_token() -> None:
    """What is remembered is a digest and a compact viewer: never the token."""
    memory: Memory[bytes, Viewer] = Memory(items=10, size=10**6)
    await viewers(memory=memory).identify(sent(("Authorization", f"Bearer {GOOD}")), NOW)
    (digest,) = memory._entries
    assert len(digest) == 32
    assert "u-red" not in repr(memory._entries)
    assert "u-eve" not in repr(memory._entries)
    assert GOOD[-20:] not in repr(memory._entries)


async def test_token_is_kept_where_a_source_of_friends_needs_it() -> None:
    """With ``keep_token`` a viewer can be asked about by token; nothing that is printed shows it."""
    memory: Memory[bytes, Viewer] = Memory(items=10, size=10**6)
    ours = viewers(memory=memory, keep_token=True)
    for _ in range(2):
        viewer = await ours.identify(sent(("Authorization", f"Bearer {GOOD}")), NOW)
        assert viewer.credential is not None
        assert viewer.credential.reveal() == GOOD
        assert viewer.credential.digest == hashlib.sha256(GOOD.encode()).digest()
    for shown in (repr(viewer), repr(viewer.credential), repr(memory._entries), f"{viewer.credential}"):
        assert GOOD[-20:] not in shown
    plain: Memory[bytes, Viewer] = Memory(items=10, size=10**6)
    assert (await viewers(memory=plain).identify(sent(("Authorization", f"Bearer {GOOD}")), NOW)).credential is None
    assert memory._held - plain._held >= len(GOOD)


async def test_pointer_is_kept() -> None:
    """Where the friends are written stays with the viewer, and is told to nobody."""
    token = SIGNER.token(friends_ref="eve/7.jws", friends_version="7")
    viewer = await viewers().identify(sent(("Authorization", f"Bearer {token}")), NOW)
    assert viewer.pointer == Pointer("eve/7.jws", "7")
    assert "eve" not in repr(viewer) + repr(viewer.pointer)


async def test_bad_tokens_are_not_remembered() -> None:
    """A flood of bad tokens takes no memory."""
    memory: Memory[bytes, Viewer] = Memory(items=10, size=10**6)
    ours = viewers(memory=memory)
    for number in range(50):
        await ours.identify(sent(("Authorization", f"Bearer a.b.{number}")), NOW)
    assert len(memory) == 0
