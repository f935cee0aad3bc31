"""Introspection (RFC 7662): what is sent, what counts as an answer, and how long."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from edge.friends.introspection import basic
from edge.friends.source import FriendSource
from edge.viewer import Viewer
from tests.edge.friends.fakes import SECRET
from tests.edge.friends.fakes import Introspector
from tests.edge.friends.fakes import opened
from tests.edge.friends.fakes import told
from tests.edge.friends.fakes import viewer
from tests.fakes import NOW

OWNERS = frozenset({"u-red", "u-green"})
NOBODY: frozenset[str] = frozenset()
GOOD: dict[str, Any] = {"active": True, "sub": "u-eve", "friends": ["u-red", "u-other"]}

Pair = tuple[Introspector, FriendSource]


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Pair]:
    """An endpoint, and the source that asks it."""
    endpoint = Introspector(friends={"u-eve": ["u-red"], "u-bob": ["u-green"]})
    async with opened("introspection", endpoint, tmp_path) as source:
        yield endpoint, source


async def test_what_is_sent(pair: Pair) -> None:
    """The token and its kind go to the one address, with the edge's credentials and nothing else."""
    endpoint, source = pair
    assert await source.among(viewer(token="token.of.u-eve"), OWNERS, NOW) == {"u-red"}
    (asked,) = endpoint.asked
    assert (asked["method"], asked["path"]) == ("POST", "/introspect")
    assert parse_qs(asked["body"].decode()) == {"token": ["token.of.u-eve"], "token_type_hint": ["access_token"]}
    assert set(asked["headers"]) == {
        "Host", "Accept", "Accept-Encoding", "User-Agent", "Authorization", "Content-Type", "Content-Length",
    }  # fmt: skip
    assert asked["headers"]["Content-Type"] == "application/x-www-form-urlencoded"
    assert asked["headers"]["Authorization"] == f"Basic {base64.b64encode(f'edge:{SECRET}'.encode()).decode()}"


def test_client_credentials_are_form_encoded() -> None:
    """A colon or a space in an id or a secret cannot be mistaken for the one between them (RFC 6749 section 2.3.1)."""
    header = basic("a:b c", "d%:ü")["Authorization"]
    assert base64.b64decode(header.removeprefix("Basic ")) == b"a%3Ab+c:d%25%3A%C3%BC"


@pytest.mark.parametrize(
    "change",
    [
        {"active": False}, {"active": 1}, {"active": "true"}, {"active": None}, {"active": [True]}, {"active": {}},
        {"sub": "u-bob"}, {"sub": "U-EVE"}, {"sub": ""}, {"sub": 7}, {"sub": None}, {"sub": ["u-eve"]},
        {"friends": None}, {"friends": "u-red"}, {"friends": {"u-red": True}}, {"friends": [["u-red"]]},
        {"friends": ["u-red", 1]}, {"friends": ["u-red", "*"]}, {"friends": ["u-red", ""]}, {"friends": ["u-red\0"]},
        {"friends": True}, {"exp": NOW}, {"exp": NOW - 1}, {"exp": "never"}, {"exp": None}, {"exp": True}, {"exp": -(10**50)},
    ],
    ids=repr,
)  # fmt: skip
async def test_answers_that_make_no_friends(pair: Pair, change: dict[str, Any]) -> None:
    """Unless the token is active, the viewer's and comes with a list of user IDs, there is no friend."""
    endpoint, source = pair
    endpoint.instead = told(GOOD | change)
    assert await source.among(viewer(), OWNERS, NOW) == NOBODY


@pytest.mark.parametrize("missing", list(GOOD))
async def test_missing_members_make_no_friends(pair: Pair, missing: str) -> None:
    """What is missing is not assumed."""
    endpoint, source = pair
    endpoint.instead = told({name: value for name, value in GOOD.items() if name != missing})
    assert await source.among(viewer(), OWNERS, NOW) == NOBODY


async def test_member_is_configured(tmp_path: Path) -> None:
    """The list is read from the member that the configuration names, and from no other."""
    endpoint = Introspector(instead=told(GOOD | {"https://login.example/circle": ["u-green"]}))
    async with opened("introspection", endpoint, tmp_path, member="https://login.example/circle") as source:
        assert await source.among(viewer(), OWNERS, NOW) == {"u-green"}


async def asked_at(pair: Pair, who: Viewer, *times: float) -> list[int]:
    """How many calls there have been after each of these times."""
    endpoint, source = pair
    calls = []
    for now in times:
        await source.among(who, OWNERS, now)
        calls.append(len(endpoint.asked))
    return calls


async def test_remembered_for_seconds(pair: Pair) -> None:
    """An answer is remembered for the configured time, a refusal as long."""
    assert await asked_at(pair, viewer(), NOW, NOW + 59.9, NOW + 60, NOW + 119.9) == [1, 1, 2, 2]
    pair[0].instead = told({"active": False})
    assert await asked_at(pair, viewer(), NOW + 120, NOW + 179.9, NOW + 180) == [3, 3, 4]


async def test_never_longer_than_the_issuer_says(pair: Pair) -> None:
    """An ``exp`` in the answer ends it early."""
    pair[0].instead = told(GOOD | {"exp": NOW + 10})
    assert await asked_at(pair, viewer(), NOW, NOW + 9.9, NOW + 10) == [1, 1, 2]
    assert await pair[1].among(viewer(), OWNERS, NOW + 10) == NOBODY


async def test_one_answer_per_token(pair: Pair) -> None:
    """Another token of the same viewer is another question, and another viewer's answer is never used."""
    endpoint, source = pair
    assert await source.among(viewer(token="token.of.u-eve"), OWNERS, NOW) == {"u-red"}
    assert await source.among(viewer(token="token.of.u-nobody"), OWNERS, NOW) == NOBODY
    assert await source.among(viewer("u-bob"), OWNERS, NOW) == {"u-green"}
    assert len(endpoint.asked) == 3


async def test_token_of_somebody_else(pair: Pair) -> None:
    """An answer about another subject makes no friends, whoever it is a friend of."""
    _, source = pair
    assert await source.among(viewer("u-eve", token="token.of.u-bob"), OWNERS, NOW) == NOBODY


async def test_without_the_token(pair: Pair) -> None:
    """A viewer whose token was not kept causes no call."""
    endpoint, source = pair
    assert await source.among(Viewer("u-eve", NOW + 60, viewer().friends), OWNERS, NOW) == NOBODY
    assert endpoint.asked == []


async def test_a_hundred_thousand_friends(pair: Pair) -> None:
    """A long list is one answer like any other."""
    endpoint, source = pair
    endpoint.friends["u-eve"] = [f"u-{number:06d}" for number in range(100_000)]
    owners = frozenset({"u-000000", "u-099999", "u-100000"})
    assert await source.among(viewer(), owners, NOW) == {"u-000000", "u-099999"}
