"""What holds for every source of friends, whatever it asks and whatever it is answered."""

import asyncio
import gzip
import json
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from edge.errors import ConfigError
from edge.friends.faults import FAULT_SECONDS
from edge.friends.source import FriendSource
from edge.friends.source import Guarded
from edge.friends.source import InToken
from edge.friends.source import open_source
from edge.issuer import OneKey
from edge.middleware import quiet_libraries
from edge.viewer import REFUSED
from edge.viewer import STRANGER
from edge.viewer import Viewer
from tests.edge.friends import fakes
from tests.edge.friends.fakes import REMOTE
from tests.edge.friends.fakes import SERVICES
from tests.edge.friends.fakes import SIGNER
from tests.edge.friends.fakes import Answer
from tests.edge.friends.fakes import Service
from tests.edge.friends.fakes import configured
from tests.edge.friends.fakes import opened
from tests.fakes import NOW

GRAPH = {"u-eve": ["u-red", "u-blue"], "u-bob": ["u-green"], "u-lone": []}
OWNERS = frozenset({"u-red", "u-green", "u-blue", "u-eve"})
NOBODY: frozenset[str] = frozenset()


@dataclass
class Bench:
    """One source, the service it asks (none for the token), and viewers that suit both."""

    kind: str
    source: FriendSource
    service: Service

    def viewer(self, user: str = "u-eve", **changes: Any) -> Viewer:
        return fakes.viewer(user, *GRAPH.get(user, []), **changes)

    async def among(self, user: str = "u-eve", owners: frozenset[str] = OWNERS, now: float = NOW) -> frozenset[str]:
        return await self.source.among(self.viewer(user), owners, now)


@asynccontextmanager
async def bench(kind: str, folder: Path, **changes: Any) -> AsyncIterator[Bench]:
    service = SERVICES.get(kind, Service)(friends=dict(GRAPH))
    async with opened(kind, service, folder, **changes) as source:
        yield Bench(kind, source, service)


@pytest.fixture(params=["token", *REMOTE])
async def any_source(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    """Every source there is."""
    async with bench(request.param, tmp_path) as made:
        yield made


@pytest.fixture(params=REMOTE)
async def remote(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    """Every source that asks somebody."""
    async with bench(request.param, tmp_path) as made:
        yield made


async def test_friends_and_nobody_else(any_source: Bench) -> None:
    """Of the owners asked about, exactly the friends are named."""
    assert await any_source.among() == {"u-red", "u-blue"}
    assert await any_source.among("u-bob") == {"u-green"}
    assert await any_source.among("u-lone") == NOBODY
    assert await any_source.among("u-unknown") == NOBODY
    assert await any_source.among(owners=frozenset({"u-blue"})) == {"u-blue"}
    assert await any_source.among(owners=frozenset({"u-green", "u-re", "u-redd", ""})) == NOBODY


@pytest.mark.parametrize(
    "who",
    [
        pytest.param(STRANGER, id="stranger"),
        pytest.param(REFUSED, id="refused"),
        pytest.param(fakes.viewer("u-eve", "u-red", expires=NOW), id="ended-this-moment"),
        pytest.param(fakes.viewer(None, "u-red"), id="nobody-with-credentials"),
    ],
)
async def test_nobody_is_asked_about_strangers(any_source: Bench, who: Viewer) -> None:
    """Strangers have no friends and cause no call."""
    assert await any_source.source.among(who, OWNERS, NOW) == NOBODY
    assert any_source.service.asked == []


async def test_nobody_is_asked_about_nobody(any_source: Bench) -> None:
    """A photo without owners causes no call."""
    assert await any_source.among(owners=NOBODY) == NOBODY
    assert any_source.service.asked == []


async def test_token_asks_nobody() -> None:
    """The token's own list is looked at without waiting for anything."""
    asking = InToken().among(fakes.viewer("u-eve", "u-red"), OWNERS, NOW)
    with pytest.raises(StopIteration) as done:
        asking.send(None)
    assert done.value.value == {"u-red"}


async def test_answers_are_remembered(remote: Bench) -> None:
    """The same question is asked once."""
    for _ in range(5):
        assert await remote.among() == {"u-red", "u-blue"}
    assert len(remote.service.asked) == 1


async def test_answers_end_with_the_token(remote: Bench) -> None:
    """Nothing that was remembered outlives the viewer's token."""
    short = remote.viewer(expires=NOW + 2)
    assert await remote.source.among(short, OWNERS, NOW) == {"u-red", "u-blue"}
    assert await remote.source.among(short, OWNERS, NOW + 2) == NOBODY


async def test_many_requests_of_one_viewer_make_one_call(remote: Bench) -> None:
    """Whoever asks while the answer is under way waits for it; one who goes away takes it from nobody."""
    remote.service.gate = asyncio.Event()
    asking = [asyncio.create_task(remote.among()) for _ in range(20)]
    await remote.service.arrived.wait()
    asking[0].cancel()
    await asyncio.sleep(0)
    remote.service.gate.set()
    answers = await asyncio.gather(*asking[1:])
    assert answers == [{"u-red", "u-blue"}] * 19
    assert asking[0].cancelled()
    assert len(remote.service.asked) == 1


async def test_many_viewers_at_once_never_mix(any_source: Bench) -> None:
    """Two hundred viewers who ask at the same time each get their own friends."""
    owners = frozenset(f"u-{number}" for number in range(8))
    graph = {f"v-{number}": [f"u-{bit}" for bit in range(8) if number >> bit & 1] for number in range(200)}
    any_source.service.friends = graph
    who = [fakes.viewer(user, *friends) for user, friends in graph.items()]
    for _ in range(2):
        answers = await asyncio.gather(*(any_source.source.among(one, owners, NOW) for one in who))
        assert [set(answer) for answer in answers] == [set(friends) for friends in graph.values()]


async def test_idle_memory_is_let_go(remote: Bench) -> None:
    """What was remembered leaves memory when its time is over, although nobody asks again."""
    await remote.among()
    remote.source.purge(NOW + 10_000)
    assert await remote.among() == {"u-red", "u-blue"}
    assert len(remote.service.asked) == 2


async def broken(request: web.Request) -> web.StreamResponse:
    return web.Response(status=500, body=b"{}")


async def missing(request: web.Request) -> web.StreamResponse:
    return web.Response(status=404, body=b"{}")


async def unauthorized(request: web.Request) -> web.StreamResponse:
    return web.Response(status=401, body=b"{}")


async def unchanged(request: web.Request) -> web.StreamResponse:
    return web.Response(status=304)


async def no_content(request: web.Request) -> web.StreamResponse:
    return web.Response(status=204)


async def moved(request: web.Request) -> web.StreamResponse:
    return web.Response(status=307, headers={"Location": "/elsewhere"})


async def html(request: web.Request) -> web.StreamResponse:
    return web.Response(text="<html>Welcome</html>", content_type="text/html")


async def empty(request: web.Request) -> web.StreamResponse:
    return web.Response(body=b"")


async def null(request: web.Request) -> web.StreamResponse:
    return web.Response(body=b"null")


async def true(request: web.Request) -> web.StreamResponse:
    return web.Response(body=b"true")


async def everything(request: web.Request) -> web.StreamResponse:
    return web.json_response({"active": True, "allowed": True, "friends": "*", "result": "*", "sub": "u-eve"})


async def not_utf8(request: web.Request) -> web.StreamResponse:
    return web.Response(body=b'{"active":true,"sub":"\xff","friends":["u-red"],"result":{"0":{"allowed":true,"x":"\xff"}}}')


async def deep(request: web.Request) -> web.StreamResponse:
    return web.Response(body=b'{"result":' + b"[" * 100_000)


async def huge(request: web.Request) -> web.StreamResponse:
    return web.Response(body=b" " * (5 << 20) + b"{}")


async def endless(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse()
    await answer.prepare(request)
    while True:
        await answer.write(b" " * 65_536)


async def cut(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Content-Length": "100"})
    await answer.prepare(request)
    await answer.write(b"{")
    assert request.transport is not None
    request.transport.close()
    return answer


async def reset(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def packed(request: web.Request) -> web.StreamResponse:
    return web.Response(body=gzip.compress(b"{}"), headers={"Content-Encoding": "gzip"})


FAULTS = [
    broken, missing, unauthorized, unchanged, no_content, moved, html, empty, null, true, everything, not_utf8, deep,
    huge, endless, cut, reset, packed,
]  # fmt: skip


@pytest.mark.parametrize("fault", [pytest.param(fault, id=fault.__name__) for fault in FAULTS])
async def test_faults_make_no_friends(remote: Bench, fault: Answer, caplog: pytest.LogCaptureFixture) -> None:
    """A service that errs has named nobody; it is left alone for a while, then asked again; the log tells the kind alone."""
    remote.service.instead = fault
    assert await remote.among() == NOBODY
    assert await remote.among() == NOBODY
    calls = len(remote.service.asked)
    remote.service.instead = None
    assert await remote.among(now=NOW + FAULT_SECONDS - 0.1) == NOBODY
    assert len(remote.service.asked) == calls
    assert {entry["path"] for entry in remote.service.asked} == {remote.service.asked[0]["path"]}
    assert await remote.among(now=NOW + FAULT_SECONDS) == {"u-red", "u-blue"}
    told = [record.getMessage() for record in caplog.records if record.name.startswith("mfmc")]
    assert len(told) == 1
    assert told[0].startswith("friends cannot be told: ")


@pytest.mark.parametrize("kind", REMOTE)
async def test_silence_makes_no_friends(kind: str, tmp_path: Path) -> None:
    """A service that does not answer within the deadline has named nobody."""
    async with bench(kind, tmp_path, timeout_seconds=0.2) as made:
        made.service.gate = asyncio.Event()
        assert await made.among() == NOBODY
        made.service.gate.set()
        assert await made.among(now=NOW + FAULT_SECONDS) == {"u-red", "u-blue"}


@pytest.mark.parametrize("kind", REMOTE)
async def test_a_full_queue_makes_no_friends(kind: str, tmp_path: Path) -> None:
    """Viewers who wait for a connection wait no longer than the deadline either."""
    async with bench(kind, tmp_path, timeout_seconds=0.2, connections=1) as made:
        made.service.gate = asyncio.Event()
        who = [fakes.viewer(f"u-{number}") for number in range(20)]
        answers = await asyncio.gather(*(made.source.among(one, OWNERS, NOW) for one in who))
        assert answers == [NOBODY] * 20
        assert len(made.service.asked) < 5  # those who waited gave up, and asked nobody afterwards


@pytest.mark.parametrize("kind", REMOTE)
async def test_nobody_there(kind: str, tmp_path: Path) -> None:
    """A service that does not listen has named nobody."""
    async with AsyncExitStack() as stack:
        source = await open_source(configured(kind, "http://127.0.0.1:9", tmp_path), OneKey(SIGNER.private.public_key()))
        stack.push_async_callback(source.close)
        assert await source.among(fakes.viewer(), OWNERS, NOW) == NOBODY


async def test_closed_while_asking(remote: Bench) -> None:
    """A source that is closed under a request has named nobody."""
    remote.service.gate = asyncio.Event()
    asking = asyncio.create_task(remote.among())
    await remote.service.arrived.wait()
    await remote.source.close()
    assert await asking == NOBODY


class Liar:
    """A directory that answers with whatever it was made with."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    async def find(self, viewer: Viewer, owners: frozenset[str], now: float) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def purge(self, now: float) -> None:
        """Nothing is kept."""

    async def close(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({"u-other", "u-red"}, id="others"),
        pytest.param(None, id="none"),
        pytest.param(True, id="true"),
        pytest.param(["u-blue"], id="no-set"),
        pytest.param(RuntimeError("canary"), id="error"),
        pytest.param(RecursionError("canary"), id="recursion"),
        pytest.param(TimeoutError("canary"), id="timeout"),
    ],
)
async def test_guard(answer: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever a directory does, at most owners that were asked about come out of it."""
    found = await Guarded(Liar(answer)).among(fakes.viewer(), OWNERS, NOW)
    assert found == ({"u-red"} if isinstance(answer, set) else NOBODY)
    assert "canary" not in caplog.text


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5) | st.just("u-red"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=8,
)
TRUTHS = st.sampled_from([True, False, "true", 1, None, [True], {}])
SINGLES = st.fixed_dictionaries({"allowed": TRUTHS | ANYTHING}, optional={"error": ANYTHING})
RESULTS = st.dictionaries(st.sampled_from(["0", "1", "2", "3", "4", "-1", "00"]), SINGLES, max_size=5)
TOLD = st.fixed_dictionaries(
    {},
    optional={
        "active": TRUTHS,
        "sub": st.sampled_from(["u-eve", "u-bob", "", None, ["u-eve"]]),
        "friends": st.lists(st.sampled_from([*OWNERS, "u-other"])) | ANYTHING,
        "exp": st.sampled_from([NOW - 1, NOW, NOW + 60, "never", None]),
        "result": RESULTS | ANYTHING,
    },
)
BODIES = st.binary(max_size=60) | ANYTHING.map(json.dumps).map(str.encode) | TOLD.map(json.dumps).map(str.encode)


@pytest.mark.parametrize("kind", REMOTE)
@given(body=BODIES)
@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_answered(kind: str, tmp_path: Path, body: bytes) -> None:
    """Whatever a service answers, the result is a subset of the owners asked, and never more than it said in so many words."""

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(body=body)

    async def ask() -> frozenset[str]:
        service = SERVICES[kind](instead=answer)
        async with opened(kind, service, tmp_path) as source:
            return await source.among(fakes.viewer(), OWNERS, NOW)

    found = asyncio.run(ask())
    assert found <= OWNERS
    assert found <= said(kind, body)


def said(kind: str, body: bytes) -> set[str]:
    """The most that an answer can mean."""
    try:
        told = json.loads(body)
    except ValueError:
        return set()
    if kind == "introspection" and isinstance(told, dict) and told.get("active") is True and told.get("sub") == "u-eve":
        return {name for name in told.get("friends") or [] if isinstance(name, str)}
    if kind == "openfga" and isinstance(told, dict) and isinstance(told.get("result"), dict):
        singles = {owner: told["result"].get(str(number)) for number, owner in enumerate(sorted(OWNERS))}
        return {owner for owner, one in singles.items() if isinstance(one, dict) and one.get("allowed") is True}
    return set()


@pytest.mark.parametrize("kind", REMOTE)
async def test_canaries(kind: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    """No token, friend, viewer, place or secret is in any log, output or repr, whatever happens."""
    quiet_libraries()
    caplog.set_level(logging.DEBUG)
    asyncio.get_running_loop().set_debug(True)
    who = fakes.viewer("u-viewer-canary", "u-friend-canary", version="version-canary", token="token.of.u-viewer-canary")
    owners = frozenset({"u-friend-canary", "u-other-canary"})
    async with bench(kind, tmp_path, timeout_seconds=1) as made:
        made.service.friends["u-viewer-canary"] = ["u-friend-canary"]
        assert await made.source.among(who, owners, NOW) == {"u-friend-canary"}
        for turn, fault in enumerate(fault for fault in FAULTS if fault is not endless):
            made.service.instead = fault
            now = NOW + 20 * (turn + 1)
            late = fakes.viewer("u-viewer-canary", version=f"canary-{turn}", expires=now + 10, token=f"canary-{turn}")
            assert await made.source.among(late, owners, now) == NOBODY
        shown = f"{who!r} {who.credential!r} {who.pointer!r} {made.source!r} {vars(made.source)!r}"
    out = capfd.readouterr()
    text = caplog.text + out.out + out.err + shown
    for record in caplog.records:
        text += json.dumps(record.__dict__, default=repr)
    assert "friends cannot be told" in text
    assert "canary" not in text


@pytest.mark.parametrize("kind", REMOTE)
@pytest.mark.parametrize(
    ("content", "mode"),
    [
        pytest.param(b"", 0o600, id="empty"),
        pytest.param(b"two\nlines", 0o600, id="lines"),
        pytest.param("schlüssel".encode(), 0o600, id="not-ascii"),
        pytest.param(b"a\0b", 0o600, id="nul"),
        pytest.param(b"s" * 5_000, 0o600, id="huge"),
        pytest.param(b"secret", 0o644, id="shared"),
        pytest.param(None, 0, id="missing"),
    ],
)
async def test_secrets_that_stop_the_process(kind: str, tmp_path: Path, content: bytes | None, mode: int) -> None:
    """A secret that is none, or that others can read, stops the process; the message does not hold it."""
    edge = configured(kind, "http://127.0.0.1:9", tmp_path)
    for file in (tmp_path / "bearer", tmp_path / "client.secret"):
        file.unlink()
        if content is not None:
            file.write_bytes(content)
            file.chmod(mode)
    with pytest.raises(ConfigError) as refused:
        await open_source(edge, OneKey(SIGNER.private.public_key()))
    assert "secret\n" not in str(refused.value)
    assert "sss" not in str(refused.value)


async def test_bearer_with_a_space_stops_the_process(tmp_path: Path) -> None:
    """A bearer token is one word."""
    edge = configured("openfga", "http://127.0.0.1:9", tmp_path)
    (tmp_path / "bearer").write_text("two words")
    with pytest.raises(ConfigError, match=r"edge\.friends\.openfga\.bearer_file"):
        await open_source(edge, OneKey(SIGNER.private.public_key()))
