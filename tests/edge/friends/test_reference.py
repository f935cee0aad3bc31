"""Signed lists by reference: fetched once per viewer and version, asked for again by their tag, ended with the token."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.friends import Friends
from edge.friends.faults import FAULT_SECONDS
from edge.friends.lists import LIST_OVERHEAD_BYTES
from edge.friends.pointer import Pointer
from edge.friends.source import FriendSource
from edge.friends.source import open_source
from edge.issuer import KeySet
from tests.edge.friends.fakes import BEARER
from tests.edge.friends.fakes import Answer
from tests.edge.friends.fakes import ListHost
from tests.edge.friends.fakes import configured
from tests.edge.friends.fakes import lines
from tests.edge.friends.fakes import listening
from tests.edge.friends.fakes import opened
from tests.edge.friends.fakes import signed
from tests.edge.friends.fakes import viewer
from tests.fakes import NOW

OWNERS = frozenset({"u-red", "u-green", "u-blue"})
NOBODY: frozenset[str] = frozenset()

Pair = tuple[ListHost, FriendSource]


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Pair]:
    """A host of lists, and the source that fetches from it."""
    host = ListHost(friends={"u-eve": ["u-red"], "u-bob": ["u-green"]})
    async with opened("reference", host, tmp_path) as source:
        yield host, source


def text(body: str) -> Answer:
    """A host that answers this."""

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(text=body)

    return answer


async def test_nothing_of_the_viewer_is_forwarded(pair: Pair) -> None:
    """What is asked for is the path in the token, with the edge's own credentials and nothing else."""
    host, source = pair
    assert await source.among(viewer(), OWNERS, NOW) == {"u-red"}
    (asked,) = host.asked
    assert (asked["method"], asked["path"], asked["body"]) == ("GET", "/friends/u-eve/v1.jws", b"")
    assert set(asked["headers"]) == {"Host", "Accept", "Accept-Encoding", "User-Agent", "Authorization"}
    assert asked["headers"]["Authorization"] == f"Bearer {BEARER}"
    assert asked["headers"]["Accept-Encoding"] == "identity"


async def test_no_bearer_unless_there_is_one(tmp_path: Path) -> None:
    """A host that needs no credentials gets none."""
    host = ListHost(friends={"u-eve": ["u-red"]})
    async with opened("reference", host, tmp_path, bearer_file=None) as source:
        assert await source.among(viewer(), OWNERS, NOW) == {"u-red"}
    assert "Authorization" not in host.asked[0]["headers"]


async def test_one_fetch_per_version(pair: Pair) -> None:
    """A new version is fetched at once, the old one stays for tokens that still name it."""
    host, source = pair
    assert await source.among(viewer(), OWNERS, NOW) == {"u-red"}
    host.friends["u-eve"] = ["u-blue"]
    assert await source.among(viewer(version="v2"), OWNERS, NOW) == {"u-blue"}
    assert await source.among(viewer(), OWNERS, NOW) == {"u-red"}
    assert [asked["path"] for asked in host.asked] == ["/friends/u-eve/v1.jws", "/friends/u-eve/v2.jws"]


async def test_versions_may_share_a_place(pair: Pair) -> None:
    """Where one place always has the latest list, a token still gets only the version that it names."""
    host, source = pair
    for version, friends in (("v1", {"u-red"}), ("v2", {"u-blue"})):
        host.instead = text(signed("u-eve", lines(*friends), ver=version))
        who = replace(viewer(), pointer=Pointer("u-eve/latest", version))
        assert await source.among(who, OWNERS, NOW) == friends
    assert await source.among(replace(viewer(), pointer=Pointer("u-eve/latest", "v3")), OWNERS, NOW) == NOBODY


async def test_later_token_keeps_the_list(pair: Pair) -> None:
    """A list at hand serves the viewer's next token too, to that token's end and no further."""
    host, source = pair
    assert await source.among(viewer(expires=NOW + 100), OWNERS, NOW) == {"u-red"}
    assert await source.among(viewer(expires=NOW + 200), OWNERS, NOW + 90) == {"u-red"}
    assert await source.among(viewer(expires=NOW + 200), OWNERS, NOW + 199) == {"u-red"}
    assert len(host.asked) == 1
    assert await source.among(viewer(expires=NOW + 400), OWNERS, NOW + 200) == {"u-red"}
    assert len(host.asked) == 2


async def test_whole_address_is_the_same_list(pair: Pair) -> None:
    """The long and the short spelling of a place share what was fetched."""
    host, source = pair
    whole = replace(viewer(), pointer=Pointer(f"{host.url}/friends/u-eve/v1.jws", "v1"))
    assert await source.among(whole, OWNERS, NOW) == {"u-red"}
    assert await source.among(viewer(), OWNERS, NOW) == {"u-red"}
    assert len(host.asked) == 1


@pytest.mark.parametrize(
    "pointer",
    [
        None,
        Pointer("../u-eve/v1.jws", "v1"),
        Pointer("https://evil.example/friends/u-eve/v1.jws", "v1"),
        Pointer("u-eve/v1.jws?x=1", "v1"),
        Pointer("u-eve%2fv1.jws", "v1"),
    ],
    ids=["none", "climbs", "elsewhere", "query", "percent"],
)
async def test_nowhere_is_nobody(pair: Pair, pointer: Pointer | None) -> None:
    """A token that points nowhere, or out of the address, causes no call."""
    host, source = pair
    assert await source.among(replace(viewer(), pointer=pointer), OWNERS, NOW) == NOBODY
    assert host.asked == []


async def test_token_list_does_not_count(pair: Pair) -> None:
    """Friends that stand in the token are not this source's."""
    _, source = pair
    who = replace(viewer(), friends=Friends.listed(["u-blue"]))
    assert await source.among(who, OWNERS, NOW) == {"u-red"}


async def test_revalidated(pair: Pair) -> None:
    """After a while the list is asked for by its tag; 304 keeps it without another body."""
    host, source = pair
    who = viewer(expires=NOW + 3_000)
    for now, calls, unchanged in ((NOW, 1, 0), (NOW + 299, 1, 0), (NOW + 300, 2, 1), (NOW + 599, 2, 1), (NOW + 600, 3, 2)):
        assert await source.among(who, OWNERS, now) == {"u-red"}
        assert (len(host.asked), host.not_modified) == (calls, unchanged)
    host.friends["u-eve"] = ["u-blue"]
    assert await source.among(who, OWNERS, NOW + 900) == {"u-blue"}
    assert host.not_modified == 2


async def test_withdrawn(pair: Pair) -> None:
    """A list that can no longer be had stops counting at its next revalidation."""
    host, source = pair
    who = viewer(expires=NOW + 3_000)
    assert await source.among(who, OWNERS, NOW) == {"u-red"}
    known = host.friends.pop("u-eve")
    assert await source.among(who, OWNERS, NOW + 299) == {"u-red"}
    assert await source.among(who, OWNERS, NOW + 300) == NOBODY
    host.friends["u-eve"] = known
    assert await source.among(who, OWNERS, NOW + 300 + FAULT_SECONDS) == {"u-red"}
    assert "If-None-Match" not in host.asked[-1]["headers"]


async def test_revalidation_does_not_prolong_a_list(pair: Pair) -> None:
    """304 keeps a list no longer than its own signature says."""
    host, source = pair
    who = viewer(expires=NOW + 100_000)
    assert await source.among(who, OWNERS, NOW) == {"u-red"}
    assert await source.among(who, OWNERS, NOW + 3_600) == {"u-red"}
    assert await source.among(who, OWNERS, NOW + 3_605) == NOBODY  # the host signs the same times again
    assert "If-None-Match" not in host.asked[-1]["headers"]


@pytest.mark.parametrize("tag", ['W/"a"', '"a"', '""'])
async def test_tags_are_sent_back(pair: Pair, tag: str) -> None:
    """Weak and strong tags are sent back as they came."""
    assert await second_condition(pair, tag) == tag


@pytest.mark.parametrize("tag", ["a", '"a', '"a b"', '"a"b"', '"' + "a" * 300 + '"', "*", '"a", "b"', "w/\"a\"", '"é"'])
async def test_odd_tags_are_not_sent_back(pair: Pair, tag: str) -> None:
    """What is no entity tag is forgotten, and the whole list is fetched again."""
    assert await second_condition(pair, tag) is None


async def second_condition(pair: Pair, tag: str) -> str | None:
    host, source = pair

    async def tagged(request: web.Request) -> web.StreamResponse:
        return web.Response(text=signed("u-eve", lines("u-red")), headers={"ETag": tag})

    host.instead = tagged
    for now in (NOW, NOW + 300):
        assert await source.among(viewer(), OWNERS, now) == {"u-red"}
    return host.asked[1]["headers"].get("If-None-Match")


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(signed("u-bob", lines("u-red")), id="other-viewer"),
        pytest.param(signed("u-eve", lines("u-red"), ver="v0"), id="other-version"),
        pytest.param(signed("u-eve", lines("u-red"), exp=int(NOW) - 60, iat=int(NOW) - 90), id="expired"),
        pytest.param(signed("u-eve", lines("u-red"), aud="mail"), id="other-audience"),
        pytest.param(signed("u-eve", lines("u-red"))[:-2], id="cut"),
        pytest.param(signed("u-eve", lines("u-red")).rpartition(".")[0] + ".", id="unsigned"),
        pytest.param(signed("u-eve", b"u-red\n" * 1_000_000), id="bomb"),
    ],
)
async def test_lists_that_make_no_friends(pair: Pair, answer: str) -> None:
    """A list for another viewer, another version or another time, or one that nobody signed, makes no friends."""
    host, source = pair
    host.instead = text(answer)
    assert await source.among(viewer(), OWNERS, NOW) == NOBODY


async def test_signed_with_another_key_of_the_set(tmp_path: Path) -> None:
    """The list's ``kid`` chooses among the issuer's keys, and only among them."""
    old, new = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    host = ListHost()
    async with listening(host):
        keys = KeySet({"old": old.public_key(), "new": new.public_key()})
        source = await open_source(configured("reference", host.url, tmp_path), keys)
        tried = [(old, "old", {"u-red"}), (new, "new", {"u-red"}), (old, "new", NOBODY), (old, "x", NOBODY)]
        for turn, (key, kid, found) in enumerate(tried):
            host.instead = text(signed("u-eve", lines("u-red"), key=key, headers={"kid": kid}, ver=f"v{turn}"))
            assert await source.among(viewer(version=f"v{turn}"), OWNERS, NOW) == found
        await source.close()


async def test_memory_is_bounded(tmp_path: Path) -> None:
    """Only so many lists are kept, and only so many bytes of them; the one used longest ago goes first."""
    users = [f"u-{number}" for number in range(4)]
    host = ListHost(friends={user: ["u-red"] for user in users})
    async with opened("reference", host, tmp_path, lists=2) as source:
        for user in ("u-0", "u-1", "u-0", "u-2", "u-0", "u-1"):
            assert await source.among(viewer(user), OWNERS, NOW) == {"u-red"}
    assert [asked["path"].split("/")[2] for asked in host.asked] == ["u-0", "u-1", "u-2", "u-1"]
    host = ListHost(friends={user: ["u-red", *(f"u-{number:09d}" for number in range(200))] for user in users})
    room = 2 * (LIST_OVERHEAD_BYTES + 2_600)
    async with opened("reference", host, tmp_path, lists_bytes=room) as source:
        for user in ("u-0", "u-1", "u-2", "u-1", "u-0"):
            assert await source.among(viewer(user), OWNERS, NOW) == {"u-red"}
    assert [asked["path"].split("/")[2] for asked in host.asked] == ["u-0", "u-1", "u-2", "u-0"]


async def test_a_hundred_thousand_friends(pair: Pair) -> None:
    """A viewer with 100,000 friends is served from one fetch, and the loop goes on meanwhile."""
    host, source = pair
    host.friends["u-eve"] = [f"u-{number:06d}" for number in range(100_000)]
    owners = frozenset({"u-000000", "u-099999", "u-050000", "u-100000", "u-05000", "U-050000"})
    turns = 0

    async def spin() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    spinning = asyncio.create_task(spin())
    for _ in range(100):
        assert await source.among(viewer(), owners, NOW) == {"u-000000", "u-099999", "u-050000"}
    spinning.cancel()
    assert len(host.asked) == 1
    assert turns > 1


async def test_answer_limit(tmp_path: Path) -> None:
    """An answer above ``max_bytes`` is refused, whether it says its length or not."""
    host = ListHost(friends={"u-eve": ["u-red", *(f"u-{number * 7_919 % 99_991}" for number in range(2_000))]})
    async with opened("reference", host, tmp_path, max_bytes=1_024) as source:
        assert await source.among(viewer(), OWNERS, NOW) == NOBODY
        host.friends["u-eve"] = ["u-red"]
        assert await source.among(viewer(), OWNERS, NOW + FAULT_SECONDS) == {"u-red"}
