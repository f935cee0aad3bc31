"""The decision: a table, and what must hold for every photo and viewer."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.catalog import Face
from edge.catalog import Photo
from edge.friends import NO_FRIENDS
from edge.friends import Friends
from edge.policy import decide
from edge.viewer import REFUSED
from edge.viewer import STRANGER
from edge.viewer import Viewer

NOW = 1_000.0
RULES = ["nobody", "friends", "everyone", "", "Everyone", "EVERYONE", "all", "everyone ", "tag"]


def photo(*faces: tuple[str | None, str | None]) -> Photo:
    """A photo whose faces have these owners and rules, slots from 0."""
    made = tuple(Face(slot, (0, 0, 1, 1), owner, rule, b"") for slot, (owner, rule) in enumerate(faces))
    return Photo("/p.jpg", bytes(16), bytes(16), bytes(32), 1, 1, 1, b"", 0.0, made)


def viewer(user: str | None, *friends: str, expires: float = math.inf) -> Viewer:
    """A viewer with these friends."""
    return Viewer(user, expires, Friends.listed(list(friends)))


EVE, RED = viewer("u-eve"), viewer("u-red")
FRIEND, EX = viewer("u-eve", "u-red"), viewer("u-eve", "u-red", expires=NOW)


@pytest.mark.parametrize(
    ("owner", "rule", "default", "who", "real"),
    [
        pytest.param(None, "everyone", "everyone", FRIEND, False, id="unclaimed-is-fake-whatever-the-rule"),
        pytest.param(None, None, "everyone", STRANGER, False, id="unclaimed-to-a-stranger-without-an-id"),
        pytest.param("u-red", "nobody", "nobody", RED, True, id="owner-sees-self"),
        pytest.param("u-red", "nobody", "nobody", FRIEND, False, id="nobody-means-no-friend-either"),
        pytest.param("u-red", "friends", "nobody", FRIEND, True, id="friend"),
        pytest.param("u-red", "friends", "nobody", EVE, False, id="no-friend"),
        pytest.param("u-red", "friends", "nobody", STRANGER, False, id="stranger"),
        pytest.param("u-red", "friends", "nobody", REFUSED, False, id="refused"),
        pytest.param("u-red", "friends", "nobody", EX, False, id="expired-this-moment"),
        pytest.param("u-eve", "nobody", "nobody", EX, False, id="expired-owner"),
        pytest.param("u-red", "everyone", "nobody", STRANGER, True, id="everyone-without-token"),
        pytest.param("u-red", "everyone", "nobody", REFUSED, True, id="everyone-with-bad-token"),
        pytest.param("u-red", "everyone", "nobody", EX, True, id="everyone-with-expired-token"),
        pytest.param("u-red", None, "friends", FRIEND, True, id="default-friends"),
        pytest.param("u-red", None, "nobody", FRIEND, False, id="default-nobody"),
        pytest.param("u-red", "nobody", "everyone", EVE, False, id="own-rule-beats-default"),
        pytest.param("u-red", "Everyone", "everyone", EVE, False, id="unknown-rule-is-nobody"),
        pytest.param("u-red", "", "everyone", EVE, False, id="empty-rule-is-nobody"),
        pytest.param("u-red", "friends", "nobody", viewer("u-eve", "u-re"), False, id="prefix-is-no-friend"),
        pytest.param("u-red", "friends", "nobody", viewer("u-eve", "U-RED"), False, id="case-matters"),
    ],
)
def test_decide(owner: str | None, rule: str | None, default: str, who: Viewer, real: bool) -> None:
    """One face, one viewer, one answer."""
    assert (decide(photo((owner, rule)), who, NOW, default) == {0}) is real


OWNERS = st.one_of(st.none(), st.sampled_from(["u-red", "u-green", "u-blue", "u-eve"]))
FACES = st.lists(st.tuples(OWNERS, st.one_of(st.none(), st.sampled_from(RULES))), max_size=6)
FRIENDS = st.lists(st.sampled_from(["u-red", "u-green", "u-blue"]), max_size=3)


@given(FACES, FRIENDS, st.sampled_from(RULES))
def test_more_friends_show_more(faces: list[tuple[str | None, str | None]], friends: list[str], default: str) -> None:
    """A viewer never sees less for having another friend, and a stranger never more than anybody."""
    fewer = decide(photo(*faces), viewer("u-eve", *friends[1:]), NOW, default)
    more = decide(photo(*faces), viewer("u-eve", *friends), NOW, default)
    assert decide(photo(*faces), STRANGER, NOW, default) <= fewer <= more


@given(FACES, FRIENDS, st.sampled_from(RULES))
def test_no_grant_without_a_reason(
    faces: list[tuple[str | None, str | None]], friends: list[str], default: str
) -> None:
    """Every real face has an owner who is the viewer, lets everyone, or lets friends and is one."""
    for slot in decide(photo(*faces), viewer("u-eve", *friends), NOW, default):
        owner, rule = faces[slot]
        in_force = default if rule is None else rule
        assert owner is not None
        assert owner == "u-eve" or in_force == "everyone" or (in_force == "friends" and owner in friends)


@given(FACES, st.sampled_from(RULES))
def test_each_face_by_itself(faces: list[tuple[str | None, str | None]], default: str) -> None:
    """What is decided for one face does not depend on the others."""
    together = decide(photo(*faces), FRIEND, NOW, default)
    alone = {slot for slot, face in enumerate(faces) if decide(photo(face), FRIEND, NOW, default)}
    assert together == alone


def test_stranger_has_no_friends() -> None:
    """The two strangers are nobody and know nobody."""
    for nobody in (STRANGER, REFUSED):
        assert nobody.id is None
        assert nobody.friends is NO_FRIENDS
    assert STRANGER is not REFUSED
