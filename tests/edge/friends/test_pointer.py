"""Where a list may lie: below one address, spelled in one way."""

import pytest

from edge.errors import FriendsUnknown
from edge.errors import TokenRefused
from edge.friends.pointer import Pointer

BASE = "https://login.example/friends/"


@pytest.mark.parametrize(
    ("where", "path"),
    [
        pytest.param("eve.jws", "eve.jws", id="file"),
        pytest.param("a/b-c/_d.1.jws", "a/b-c/_d.1.jws", id="folders"),
        pytest.param("a..b", "a..b", id="dots-inside"),
        pytest.param(BASE + "eve/7.jws", "eve/7.jws", id="whole-address"),
    ],
)
def test_below(where: str, path: str) -> None:
    """A plain path, or the whole address, names a list below the configured address."""
    assert Pointer.parse(where, "7").below(BASE) == BASE + path


@pytest.mark.parametrize(
    "where",
    [
        pytest.param("", id="empty"),
        pytest.param(BASE, id="the-address-alone"),
        pytest.param(BASE[:-1], id="without-its-slash"),
        pytest.param("/eve.jws", id="slash-first"),
        pytest.param("//evil.example/eve.jws", id="other-host"),
        pytest.param("https://evil.example/eve.jws", id="other-address"),
        pytest.param("http://login.example/friends/eve.jws", id="other-scheme"),
        pytest.param("HTTPS://login.example/friends/eve.jws", id="scheme-in-capitals"),
        pytest.param("https://login.example/eve.jws", id="above"),
        pytest.param("https://login.example:443/friends/eve.jws", id="port"),
        pytest.param("https://login.example/friends.evil/eve.jws", id="longer-folder"),
        pytest.param("https://u@login.example/friends/eve.jws", id="user"),
        pytest.param(BASE + BASE + "eve.jws", id="twice"),
        pytest.param(BASE + "/eve.jws", id="two-slashes"),
        pytest.param("..", id="up"),
        pytest.param("../admin", id="climb"),
        pytest.param("a/../../admin", id="climb-inside"),
        pytest.param("a/./b", id="dot"),
        pytest.param(".hidden", id="hidden"),
        pytest.param("a//b", id="empty-segment"),
        pytest.param("a/", id="trailing-slash"),
        pytest.param("%2e%2e/admin", id="percent"),
        pytest.param("a?b=c", id="query"),
        pytest.param("a#b", id="fragment"),
        pytest.param("a\\b", id="backslash"),
        pytest.param("a b", id="space"),
        pytest.param("a\nb", id="line-feed"),
        pytest.param("a\n", id="line-feed-at-the-end"),
        pytest.param("a\0", id="nul"),
        pytest.param("a@b", id="at"),
        pytest.param("a:b", id="colon"),
        pytest.param("ä", id="not-ascii"),
        pytest.param("٣", id="other-digit"),
    ],
)
def test_nowhere_else(where: str) -> None:
    """Nothing else is an address."""
    with pytest.raises(FriendsUnknown):
        Pointer.parse(where, "7").below(BASE)


@pytest.mark.parametrize("version", ["", "v 1", "v/1", "v" * 65, "é", "1\n", "\0", "%31"])
def test_versions(version: str) -> None:
    """A version is a short word."""
    with pytest.raises(TokenRefused):
        Pointer.parse("a", version)


def test_too_long() -> None:
    """A place of more than 512 characters is none."""
    assert Pointer.parse("a" * 512, "v" * 64)
    with pytest.raises(TokenRefused):
        Pointer.parse("a" * 513, "v")


def test_blind_repr() -> None:
    """No place is told by repr."""
    assert repr(Pointer("eve", "7")) == "<Pointer>"
