"""The decision: every row of the three models as a table, and what must hold for every photo and viewer."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.catalog import Face
from edge.catalog import Photo
from edge.config import Policy
from edge.friends import NO_FRIENDS
from edge.policy import NO_TIES
from edge.policy import Ties
from edge.policy import decide
from edge.viewer import REFUSED
from edge.viewer import STRANGER
from edge.viewer import Viewer

NOW = 1_000.0
MODELS = ["tag", "rule", "matrix"]


def viewer(user: str, expires: float = math.inf) -> Viewer:
    """Somebody with a token."""
    return Viewer(user, expires, NO_FRIENDS)


def face(owner: str | None = "u-red", rule: str | None = None, **changed: object) -> Face:
    """A face in slot 0."""
    return replace(Face(0, (0, 0, 1, 1), owner, rule, b"key"), **changed)  # type: ignore[arg-type]


def photo(*faces: Face) -> Photo:
    """A photo that u-up uploaded; slots from 0."""
    made = tuple(replace(each, slot=slot) for slot, each in enumerate(faces))
    return Photo("/p.jpg", bytes(16), bytes(16), bytes(32), 1, 1, 1, b"", 0.0, made, "u-up")


def real(shown: Face, who: Viewer, ties: Ties, policy: Policy, now: float = NOW) -> bool:
    """Whether this viewer sees the face."""
    return decide(photo(shown), who, ties, now, policy) == {0}


EVE, RED, UP = viewer("u-eve"), viewer("u-red"), viewer("u-up")
FRIEND = Ties(friends=frozenset({"u-red"}))
FAMILY = Ties(groups=frozenset({("u-red", "family")}))
OTHERS_FAMILY = Ties(groups=frozenset({("u-blue", "family")}))
BLOCKED = Ties(friends=frozenset({"u-red"}), groups=frozenset({("u-red", "family")}), blocked=frozenset({"u-red"}))
EX = viewer("u-eve", NOW)

TAG, TAG_MEMBERS = Policy(access_model="tag"), Policy(access_model="tag", tag_audience="members")
EVES = frozenset({"user:u-eve"})
RULE, RULE_FRIENDS = Policy(), Policy(default_rule="friends")
MATRIX, OPEN = Policy(access_model="matrix"), Policy(access_model="matrix", default_rule="everyone")


@pytest.mark.parametrize(
    ("policy", "shown", "who", "ties", "wanted"),
    [
        # tag: real for everyone who may open the photo, once the uploader tagged or unlocked it
        pytest.param(TAG, face(), EVE, FRIEND, False, id="tag-not-tagged"),
        pytest.param(TAG, face(), STRANGER, NO_TIES, False, id="tag-not-tagged-to-a-stranger"),
        pytest.param(TAG, face(), RED, NO_TIES, True, id="tag-owner-sees-self"),
        pytest.param(TAG, face(), UP, NO_TIES, False, id="tag-uploader-is-not-special"),
        pytest.param(TAG, face(shown=True), EVE, NO_TIES, True, id="tag-tagged"),
        pytest.param(TAG, face(shown=True), STRANGER, NO_TIES, True, id="tag-tagged-to-a-stranger"),
        pytest.param(TAG, face(shown=True), REFUSED, NO_TIES, True, id="tag-tagged-with-a-bad-token"),
        pytest.param(TAG, face(shown=True, vetoed=True), EVE, FRIEND, False, id="tag-veto-beats-the-uploader"),
        pytest.param(TAG, face(shown=True, vetoed=True), UP, NO_TIES, False, id="tag-veto-beats-the-uploaders-own-view"),
        pytest.param(TAG, face(None, shown=True), EVE, NO_TIES, False, id="tag-unclaimed-however-unlocked"),
        pytest.param(TAG, face(rule="everyone"), EVE, FRIEND, False, id="tag-knows-no-rules"),
        pytest.param(TAG_MEMBERS, face(shown=True), EVE, NO_TIES, True, id="members-with-a-token"),
        pytest.param(TAG_MEMBERS, face(shown=True), STRANGER, NO_TIES, False, id="members-without-a-token"),
        pytest.param(TAG_MEMBERS, face(shown=True), REFUSED, NO_TIES, False, id="members-with-a-bad-token"),
        pytest.param(TAG_MEMBERS, face(shown=True), EX, NO_TIES, False, id="members-with-an-ended-token"),
        pytest.param(TAG_MEMBERS, face(shown=True), EVE, BLOCKED, False, id="members-but-blocked"),
        # rule: the owner says nobody, friends or everyone
        pytest.param(RULE, face(), EVE, FRIEND, False, id="rule-default-nobody"),
        pytest.param(RULE_FRIENDS, face(), EVE, FRIEND, True, id="rule-default-friends"),
        pytest.param(RULE_FRIENDS, face(rule="nobody"), EVE, FRIEND, False, id="own-rule-beats-the-default"),
        pytest.param(RULE, face(rule="nobody"), RED, NO_TIES, True, id="rule-owner-sees-self"),
        pytest.param(RULE, face(rule="nobody"), EVE, FRIEND, False, id="nobody-means-no-friend-either"),
        pytest.param(RULE, face(rule="friends"), EVE, FRIEND, True, id="rule-friend"),
        pytest.param(RULE, face(rule="friends"), EVE, Ties(friends=frozenset({"u-re"})), False, id="prefix-is-no-friend"),
        pytest.param(RULE, face(rule="friends"), EVE, Ties(friends=frozenset({"U-RED"})), False, id="case-matters"),
        pytest.param(RULE, face(rule="friends"), EVE, NO_TIES, False, id="rule-no-friend"),
        pytest.param(RULE, face(rule="friends"), STRANGER, FRIEND, False, id="rule-stranger-has-no-friends"),
        pytest.param(RULE, face(rule="friends"), REFUSED, FRIEND, False, id="rule-refused-has-no-friends"),
        pytest.param(RULE, face(rule="friends"), EX, FRIEND, False, id="rule-expired-this-moment"),
        pytest.param(RULE, face("u-eve", "nobody"), EX, NO_TIES, False, id="rule-expired-owner"),
        pytest.param(RULE, face(rule="friends"), EVE, BLOCKED, False, id="rule-blocked-friend"),
        pytest.param(RULE, face(rule="friends", vetoed=True), EVE, FRIEND, False, id="rule-veto-beats-friends"),
        pytest.param(RULE, face(rule="everyone", vetoed=True), EVE, FRIEND, False, id="rule-veto-beats-everyone"),
        pytest.param(RULE, face(rule="everyone", vetoed=True), RED, NO_TIES, True, id="rule-vetoing-owner-sees-self"),
        pytest.param(RULE, face(rule="everyone"), STRANGER, NO_TIES, True, id="rule-everyone-without-token"),
        pytest.param(RULE, face(rule="everyone"), REFUSED, NO_TIES, True, id="rule-everyone-with-bad-token"),
        pytest.param(RULE, face(rule="everyone"), EX, NO_TIES, True, id="rule-everyone-with-expired-token"),
        pytest.param(RULE, face(rule="everyone"), EVE, BLOCKED, True, id="a-block-hides-nothing-strangers-see"),
        pytest.param(RULE, face(rule="Everyone"), EVE, FRIEND, False, id="unknown-rule-is-nobody"),
        pytest.param(RULE, face(rule=""), EVE, FRIEND, False, id="empty-rule-is-nobody"),
        pytest.param(RULE, face(rule="members"), EVE, FRIEND, False, id="rule-has-no-members"),
        pytest.param(RULE, face(rule="user:u-eve"), EVE, FRIEND, False, id="rule-has-no-single-viewers"),
        pytest.param(RULE, face(rule="friends group:family"), EVE, FRIEND, False, id="rule-reads-no-lists"),
        pytest.param(RULE, face(shown=True), EVE, FRIEND, False, id="rule-knows-no-tags"),
        pytest.param(RULE, face(None, "everyone"), EVE, FRIEND, False, id="unclaimed-whatever-the-rule"),
        pytest.param(RULE, face(None, "everyone"), STRANGER, NO_TIES, False, id="unclaimed-to-a-stranger-without-an-id"),
        # matrix: owner x viewer or named group
        pytest.param(MATRIX, face(rule="user:u-eve"), EVE, NO_TIES, True, id="matrix-single-viewer"),
        pytest.param(MATRIX, face(rule="user:u-eve"), viewer("u-ev"), NO_TIES, False, id="matrix-another-viewer"),
        pytest.param(MATRIX, face(rule="user:u-eve"), STRANGER, NO_TIES, False, id="matrix-stranger"),
        pytest.param(MATRIX, face(rule="user:u-eve"), EX, NO_TIES, False, id="matrix-expired-viewer"),
        pytest.param(MATRIX, face(rule="group:family"), EVE, FAMILY, True, id="matrix-group"),
        pytest.param(MATRIX, face(rule="group:family"), EVE, OTHERS_FAMILY, False, id="matrix-group-of-another-owner"),
        pytest.param(MATRIX, face(rule="group:fam"), EVE, FAMILY, False, id="matrix-another-group"),
        pytest.param(MATRIX, face(rule="friends group:work"), EVE, FRIEND, True, id="matrix-friends-too"),
        pytest.param(MATRIX, face(rule="group:family user:u-eve"), EVE, BLOCKED, False, id="matrix-block-beats-both"),
        pytest.param(MATRIX, face(rule="group:family", vetoed=True), EVE, FAMILY, False, id="matrix-veto"),
        pytest.param(MATRIX, face(rule="nobody"), EVE, FAMILY, False, id="matrix-nobody"),
        pytest.param(MATRIX, face(rule="nobody"), RED, NO_TIES, True, id="matrix-owner-sees-self"),
        pytest.param(MATRIX, face(rule="members"), EVE, FRIEND, False, id="matrix-has-no-members"),
        pytest.param(MATRIX, face(), EVE, FRIEND, False, id="matrix-default-nobody"),
        pytest.param(MATRIX, face(granted=EVES), EVE, NO_TIES, True, id="matrix-granted-beside-the-default"),
        pytest.param(MATRIX, face(rule="nobody", granted=EVES), EVE, NO_TIES, True, id="matrix-granted-beside-a-rule"),
        pytest.param(MATRIX, face(rule="nobody", granted=EVES), STRANGER, NO_TIES, False, id="matrix-granted-to-one"),
        pytest.param(MATRIX, face(granted=EVES), EVE, BLOCKED, False, id="matrix-block-beats-a-grant"),
        pytest.param(MATRIX, face(granted=EVES, vetoed=True), EVE, NO_TIES, False, id="matrix-veto-beats-a-grant"),
        pytest.param(MATRIX, face(granted=EVES, declined=EVES), EVE, NO_TIES, False, id="matrix-no-beats-a-grant"),
        pytest.param(MATRIX, face(rule="user:u-eve", declined=EVES), EVE, NO_TIES, False, id="matrix-no-beats-the-rule"),
        pytest.param(MATRIX, face(rule="friends", declined=EVES), EVE, FRIEND, True, id="matrix-no-is-about-one-name"),
        pytest.param(RULE, face(granted=EVES), EVE, NO_TIES, False, id="rule-knows-no-grants"),
        pytest.param(TAG, face(granted=EVES), EVE, NO_TIES, False, id="tag-knows-no-grants"),
        pytest.param(OPEN, face(), STRANGER, NO_TIES, True, id="matrix-default-everyone"),
        pytest.param(OPEN, face(rule="group:family"), STRANGER, NO_TIES, False, id="matrix-own-rule-beats-the-default"),
    ],
)
def test_decide(policy: Policy, shown: Face, who: Viewer, ties: Ties, wanted: bool) -> None:
    """One face, one viewer, one answer."""
    assert real(shown, who, ties, policy) is wanted


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("who", [RED, UP, EVE, STRANGER])
@pytest.mark.parametrize("hidden", [{"locked": True}, {"wrapped_key": None}], ids=["locked", "erased"])
def test_locked_and_erased_are_for_nobody(model: str, who: Viewer, hidden: dict[str, object]) -> None:
    """In every model, a locked or erased face is synthetic for everyone, its owner included."""
    open_to_all = face(rule="everyone", shown=True, **hidden)
    policy = Policy(access_model=model, default_rule="everyone")  # type: ignore[arg-type]
    assert not real(open_to_all, who, FRIEND, policy)


@pytest.mark.parametrize("model", MODELS)
def test_unclaimed(model: str) -> None:
    """Nobody sees an unclaimed face, the uploader only where the configuration says so."""
    policy = Policy(access_model=model, default_rule="everyone")  # type: ignore[arg-type]
    kind = Policy(access_model=model, unclaimed_to_uploader=True)  # type: ignore[arg-type]
    nobodys = face(None, "everyone", shown=True)
    for who in (UP, EVE, STRANGER, REFUSED):
        assert not real(nobodys, who, NO_TIES, policy)
        assert real(nobodys, who, NO_TIES, kind) is (who is UP)
    nameless = replace(photo(nobodys), uploader=None)
    assert decide(nameless, STRANGER, NO_TIES, NOW, kind) == frozenset()


def test_green_blue_red() -> None:
    """The paper's example: green is never real, blue always, red to red's friends; each sees self."""
    group = photo(face("u-green", "nobody"), face("u-blue", "everyone"), face("u-red", "friends"))

    def seen(who: Viewer, *friends: str) -> frozenset[int]:
        return decide(group, who, Ties(friends=frozenset(friends)), NOW, RULE)

    assert seen(STRANGER) == {1}
    assert seen(EVE) == {1}
    assert seen(EVE, "u-red", "u-green") == {1, 2}
    assert seen(EVE, "u-green") == {1}
    assert seen(viewer("u-green")) == {0, 1}
    assert seen(viewer("u-red")) == {1, 2}
    assert seen(viewer("u-blue"), "u-red") == {1, 2}


PEOPLE = ["u-red", "u-green", "u-blue", "u-eve", "u-up"]
SUBJECTS = st.sampled_from(["nobody", "everyone", "friends", "members", "user:u-eve", "group:family", "group:work", "", "x"])
RULES = st.one_of(st.none(), st.lists(SUBJECTS, min_size=1, max_size=3).map(" ".join))
FACES = st.lists(
    st.builds(
        face, st.one_of(st.none(), st.sampled_from(PEOPLE)), RULES,
        locked=st.booleans(), shown=st.booleans(), vetoed=st.booleans(), wrapped_key=st.sampled_from([b"key", None]),
    ),
    max_size=5,
)  # fmt: skip
OWNERS = st.frozensets(st.sampled_from(PEOPLE))
TIES = st.builds(Ties, OWNERS, st.frozensets(st.tuples(st.sampled_from(PEOPLE), st.sampled_from(["family", "work"]))), OWNERS)
POLICIES = st.builds(
    Policy,
    access_model=st.sampled_from(MODELS),
    default_rule=st.sampled_from(["nobody", "friends", "everyone"]),
    tag_audience=st.sampled_from(["everyone", "members"]),
    unclaimed_to_uploader=st.booleans(),
)
VIEWERS = st.sampled_from([STRANGER, REFUSED, *map(viewer, PEOPLE)])


@given(FACES, VIEWERS, TIES, TIES, POLICIES)
def test_more_friends_show_more(faces: list[Face], who: Viewer, ties: Ties, more: Ties, policy: Policy) -> None:
    """In every model, another friend or group never reveals less."""
    both = replace(ties, friends=ties.friends | more.friends, groups=ties.groups | more.groups)
    assert decide(photo(*faces), who, ties, NOW, policy) <= decide(photo(*faces), who, both, NOW, policy)


@given(FACES, VIEWERS, TIES, POLICIES)
def test_a_stranger_never_sees_more(faces: list[Face], who: Viewer, ties: Ties, policy: Policy) -> None:
    """In every model, whoever comes without a token sees no face that anybody else does not see."""
    assert decide(photo(*faces), STRANGER, NO_TIES, NOW, policy) <= decide(photo(*faces), who, ties, NOW, policy)
    ended = replace(who, expires=NOW)
    assert decide(photo(*faces), ended, ties, NOW, policy) == decide(photo(*faces), STRANGER, NO_TIES, NOW, policy)


@given(FACES, VIEWERS, TIES, OWNERS, POLICIES, st.sampled_from(["shown", "vetoed", "locked", "wrapped_key", "owner", "block"]))
def test_hiding_never_reveals(
    faces: list[Face], who: Viewer, ties: Ties, more: frozenset[str], policy: Policy, change: str
) -> None:
    """In every model, an untag, veto, lock, erasure, disowning or block never reveals a face to anybody but its uploader."""
    hidden = {"shown": False, "vetoed": True, "locked": True, "wrapped_key": None, "owner": None}
    before = decide(photo(*faces), who, ties, NOW, policy)
    if change == "block":
        after = decide(photo(*faces), who, replace(ties, blocked=ties.blocked | more), NOW, policy)
    else:
        changed = [replace(each, **{change: hidden[change]}) for each in faces]  # type: ignore[arg-type]
        after = decide(photo(*changed), who, ties, NOW, policy)
    if change != "owner" or not policy.unclaimed_to_uploader or who.id != "u-up":
        assert after <= before


@given(FACES, VIEWERS, TIES, POLICIES)
def test_each_face_by_itself(faces: list[Face], who: Viewer, ties: Ties, policy: Policy) -> None:
    """What is decided for one face does not depend on the others."""
    together = decide(photo(*faces), who, ties, NOW, policy)
    assert together == {slot for slot, each in enumerate(faces) if decide(photo(each), who, ties, NOW, policy)}


@given(FACES, st.sampled_from([EVE, UP, STRANGER]), TIES, POLICIES)
def test_no_grant_without_a_reason(faces: list[Face], who: Viewer, ties: Ties, policy: Policy) -> None:
    """Every real face has a key, no lock, and an owner who is the viewer or did not veto."""
    for slot in decide(photo(*faces), who, ties, NOW, policy):
        shown = faces[slot]
        assert shown.wrapped_key is not None
        assert not shown.locked
        if shown.owner is None:
            assert policy.unclaimed_to_uploader
            assert who.id == "u-up"
        elif shown.owner != who.id:
            assert not shown.vetoed


def test_stranger_has_no_friends() -> None:
    """The two strangers are nobody and know nobody."""
    for nobody in (STRANGER, REFUSED):
        assert nobody.id is None
        assert nobody.friends is NO_FRIENDS
    assert STRANGER is not REFUSED
    assert "u-red" not in repr(FRIEND)
