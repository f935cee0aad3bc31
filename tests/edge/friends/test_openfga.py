"""OpenFGA: the question word by word, which answers count, and how seldom it is asked."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from edge.friends.faults import FAULT_SECONDS
from edge.friends.source import FriendSource
from tests.edge.friends.fakes import BEARER
from tests.edge.friends.fakes import STORE
from tests.edge.friends.fakes import Fga
from tests.edge.friends.fakes import opened
from tests.edge.friends.fakes import told
from tests.edge.friends.fakes import viewer
from tests.fakes import NOW

OWNERS = frozenset({"u-blue", "u-red"})
NOBODY: frozenset[str] = frozenset()
YES, NO = {"allowed": True}, {"allowed": False}

Pair = tuple[Fga, FriendSource]


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Pair]:
    """A store, and the source that asks it."""
    store = Fga(friends={"u-eve": ["u-red"], "u-bob": ["u-blue"]})
    async with opened("openfga", store, tmp_path) as source:
        yield store, source


def questions(store: Fga) -> list[list[tuple[str, str]]]:
    """User and object of every check, call by call."""
    calls = [json.loads(asked["body"])["checks"] for asked in store.asked]
    return [[(one["tuple_key"]["user"], one["tuple_key"]["object"]) for one in checks] for checks in calls]


async def test_what_is_sent(pair: Pair) -> None:
    """One call asks about all owners, in the store's own words, with the edge's credentials and nothing else."""
    store, source = pair
    assert await source.among(viewer(), OWNERS, NOW) == {"u-red"}
    (asked,) = store.asked
    assert (asked["method"], asked["path"]) == ("POST", f"/stores/{STORE}/batch-check")
    assert json.loads(asked["body"]) == {
        "checks": [
            {"tuple_key": {"user": "user:u-eve", "relation": "friend", "object": "user:u-blue"}, "correlation_id": "0"},
            {"tuple_key": {"user": "user:u-eve", "relation": "friend", "object": "user:u-red"}, "correlation_id": "1"},
        ],
        "consistency": "HIGHER_CONSISTENCY",
    }
    assert set(asked["headers"]) == {
        "Host", "Accept", "Accept-Encoding", "User-Agent", "Authorization", "Content-Type", "Content-Length",
    }  # fmt: skip
    assert asked["headers"]["Content-Type"] == "application/json"
    assert asked["headers"]["Authorization"] == f"Bearer {BEARER}"


async def test_configured_words(tmp_path: Path) -> None:
    """Types, relation, model and consistency are the configuration's."""
    store = Fga(instead=told({"result": {"0": YES}}))
    words = {
        "user": "person:app-{id}", "relation": "sees", "object": "face_of:{id}|v1", "model": "01ARZ3NDEKTSV4RRFFQ69G5FAW",
        "consistency": "MINIMIZE_LATENCY", "bearer_file": None,
    }  # fmt: skip
    async with opened("openfga", store, tmp_path, **words) as source:
        assert await source.among(viewer(), frozenset({"u-red"}), NOW) == {"u-red"}
    asked = json.loads(store.asked[0]["body"])
    (check,) = asked["checks"]
    assert check["tuple_key"] == {"user": "person:app-u-eve", "relation": "sees", "object": "face_of:u-red|v1"}
    assert (asked["authorization_model_id"], asked["consistency"]) == ("01ARZ3NDEKTSV4RRFFQ69G5FAW", "MINIMIZE_LATENCY")
    assert "Authorization" not in store.asked[0]["headers"]


@pytest.mark.parametrize(
    "result",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"0": NO, "1": NO}, id="no"),
        pytest.param({"0": {}, "1": {}}, id="silence"),
        pytest.param({"0": {"allowed": "true"}, "1": YES}, id="text"),
        pytest.param({"0": {"allowed": 1}, "1": YES}, id="one"),
        pytest.param({"0": {"allowed": None}, "1": YES}, id="null"),
        pytest.param({"0": {"allowed": [True]}, "1": YES}, id="list"),
        pytest.param({"0": True, "1": True}, id="bare"),
        pytest.param({"0": {"Allowed": True}, "1": {"allow": True}}, id="other-names"),
        pytest.param({"0": {"allowed": True, "error": {"message": "late"}}, "1": {"error": {}}}, id="errors"),
        pytest.param({"0": {"allowed": True, "error": ""}, "1": {"allowed": True, "error": 0}}, id="odd-errors"),
        pytest.param({"0": YES, "1": YES, "2": YES}, id="one-more"),
        pytest.param({"0": YES, "u-red": YES}, id="by-name"),
        pytest.param({"00": YES, "01": YES}, id="other-spelling"),
        pytest.param({"*": YES}, id="star"),
        pytest.param([YES, YES], id="in-order"),
        pytest.param(True, id="true"),
        pytest.param("*", id="all"),
        pytest.param(None, id="none"),
    ],
)
async def test_answers_that_make_no_friends(pair: Pair, result: Any) -> None:
    """Only ``true`` about a question that was asked makes a friend; an answer with anything odd in it is none at all."""
    store, source = pair
    store.instead = told({"result": result})
    assert await source.among(viewer(), OWNERS, NOW) == NOBODY


async def test_errors_are_their_own(pair: Pair) -> None:
    """A check that failed in the store leaves the others as they are, and is asked again sooner than they."""
    store, source = pair
    store.instead = told({"result": {"0": {"error": {"input_error": "no_error", "message": "canary"}}, "1": YES}})
    assert await source.among(viewer(), OWNERS, NOW) == {"u-red"}


async def test_remembered_for_seconds(tmp_path: Path) -> None:
    """A friendship that ended counts no longer than the configured time; a doubt is asked about again sooner."""
    store = Fga(friends={"u-eve": ["u-red"]})
    async with opened("openfga", store, tmp_path, seconds=30) as source:
        assert await source.among(viewer(), OWNERS, NOW) == {"u-red"}
        store.friends["u-eve"] = ["u-blue"]
        assert await source.among(viewer(), OWNERS, NOW + 29.9) == {"u-red"}
        assert len(store.asked) == 1
        assert await source.among(viewer(), OWNERS, NOW + 30) == {"u-blue"}
        store.instead = told({"result": {"0": {"error": {}}, "1": NO}})
        assert await source.among(viewer(), OWNERS, NOW + 60) == NOBODY
        store.instead = None
        assert await source.among(viewer(), OWNERS, NOW + 60 + FAULT_SECONDS) == {"u-blue"}
        assert questions(store)[-1] == [("user:u-eve", "user:u-blue")]


async def test_only_what_is_not_known_is_asked(pair: Pair) -> None:
    """Of the owners on a photo, those that were asked about lately are left out."""
    store, source = pair
    await source.among(viewer(), frozenset({"u-red"}), NOW)
    assert await source.among(viewer(), OWNERS | {"u-green"}, NOW + 1) == {"u-red"}
    await source.among(viewer("u-bob"), frozenset({"u-red"}), NOW + 1)
    assert questions(store) == [
        [("user:u-eve", "user:u-red")],
        [("user:u-eve", "user:u-blue"), ("user:u-eve", "user:u-green")],
        [("user:u-bob", "user:u-red")],
    ]


async def test_batches(tmp_path: Path) -> None:
    """Many owners are asked about in calls of at most ``max_checks``; one that fails takes only its own away."""
    owners = [f"u-{number:02d}" for number in range(23)]
    store = Fga(friends={"u-eve": owners})
    async with opened("openfga", store, tmp_path, max_checks=10) as source:
        assert await source.among(viewer(), frozenset(owners), NOW) == set(owners)
        assert sorted(map(len, questions(store))) == [3, 10, 10]

        async def one_fails(request: web.Request) -> web.StreamResponse:
            body = await request.read()
            return web.Response(status=500) if b"u-00" in body else await store.truth(request, body)

        store.instead = one_fails
        assert await source.among(viewer(), frozenset(owners), NOW + 5) == set(owners[10:])


async def test_questions_under_way_are_shared(pair: Pair) -> None:
    """Photos that share owners and are asked for at once ask about each owner once."""
    store, source = pair
    store.gate = asyncio.Event()
    asking = []
    for owners in (["u-red"], ["u-red", "u-blue"], ["u-blue", "u-green", "u-red"]):
        asking.append(asyncio.create_task(source.among(viewer(), frozenset(owners), NOW)))
        await asyncio.sleep(0)
    asking[0].cancel()
    store.gate.set()
    assert await asyncio.gather(*asking[1:]) == [{"u-red"}, {"u-red"}]
    assert sorted(pair[1] for call in questions(store) for pair in call) == ["user:u-blue", "user:u-green", "user:u-red"]


async def test_plain_ids_with_a_colon_are_not_asked(pair: Pair) -> None:
    """An ID that OpenFGA would read as something else is no friend, and spoils nobody else's answer."""
    store, source = pair
    store.friends["u-eve"] = ["u-red", "a:b"]
    assert await source.among(viewer(), frozenset({"u-red", "a:b", "u@x.y"}), NOW) == {"u-red"}
    assert questions(store) == [[("user:u-eve", "user:u-red"), ("user:u-eve", "user:u@x.y")]]
    assert await source.among(viewer("user:u-eve"), frozenset({"u-red"}), NOW) == NOBODY
    assert len(store.asked) == 1


async def test_base64url_ids(tmp_path: Path) -> None:
    """Spelled in base64url, every ID can be asked about, and the longest fits."""
    owners = {"a:b", "u@x.y", "u" * 128}
    store = Fga(friends={"v:1": sorted(owners)})
    words = {"encoding": "base64url", "user": "user:b64.{id}", "object": "user:b64.{id}"}
    async with opened("openfga", store, tmp_path, **words) as source:
        assert await source.among(viewer("v:1"), frozenset(owners | {"a:c"}), NOW) == owners
    asked = {name for call in questions(store) for pair in call for name in pair}
    assert len(asked) == 5
    assert all(len(name) <= 256 and name.count(":") == 1 and "=" not in name and "@" not in name for name in asked)


async def test_memory_is_bounded(tmp_path: Path) -> None:
    """Only so many answers are kept."""
    store = Fga(friends={"u-eve": ["u-red"]})
    async with opened("openfga", store, tmp_path, answers=2) as source:
        for number in range(5):
            await source.among(viewer(), frozenset({f"u-{number}"}), NOW)
        await source.among(viewer(), frozenset({"u-3", "u-4"}), NOW)
        assert len(store.asked) == 5
        await source.among(viewer(), frozenset({"u-0"}), NOW)
        assert len(store.asked) == 6
