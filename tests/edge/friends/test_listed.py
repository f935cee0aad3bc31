"""Friends: exact membership, small memory."""

import base64

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from edge.errors import TokenRefused
from edge.friends import NO_FRIENDS
from edge.friends import Friends
from edge.friends.listed import SHORT_BYTES

IDS = st.text("abcABC019_.:@-", min_size=1, max_size=12)


def packed(*ids: int) -> str:
    """IDs as ``friends_packed`` spells them."""
    return base64.urlsafe_b64encode(b"".join(number.to_bytes(8, "big") for number in ids)).decode().rstrip("=")


@given(st.lists(IDS, max_size=30), IDS)
def test_listed_is_a_set(ids: list[str], other: str) -> None:
    """A listed ID is found, any other is not, prefixes and joins included."""
    friends = Friends.listed(ids)
    assert all(name in friends for name in ids)
    assert (other in friends) == (other in ids)


@given(st.sets(IDS, max_size=200), IDS)
@settings(max_examples=50)
def test_long_lists_are_sets(some: set[str], other: str) -> None:
    """In a list that stands in buckets an ID is found, and any other is not: what it begins or ends with, and joins included."""
    ids = some | {f"{name}{number}" for number, name in enumerate(["many-more-of-them.", "a:", "@0", "_"] * 50)}
    for friends in (Friends.listed(list(ids)), Friends.lines("".join(f"{name}\n" for name in sorted(ids)).encode())):
        assert friends.size > SHORT_BYTES
        assert all(name in friends for name in ids)
        others = {other, *(name[1:] for name in ids), *(name[:-1] for name in ids), *(name + "a" for name in ids)} - ids
        assert not any(name in friends for name in others)
        assert "\0".join(sorted(ids)[:2]) not in friends


@given(st.sets(st.integers(0, 2**64 - 1), max_size=50), st.integers(0, 2**64 - 1))
def test_packed_is_a_set(ids: set[int], other: int) -> None:
    """A packed ID is found under its hexadecimal name, any other is not."""
    friends = Friends.packed(packed(*sorted(ids)))
    assert all(f"{number:016x}" in friends for number in ids)
    assert (f"{other:016x}" in friends) == (other in ids)


@pytest.mark.parametrize(
    "ids",
    [[""], ["a b"], ["a\0b"], ["\0"], ["é"], ["a\n"], ["x" * 129], ["a", "../b"], ["*"], ["a,b"], ["\ud800"]],
    ids=repr,
)
def test_odd_ids_are_refused(ids: list[str]) -> None:
    """Anything that is no user ID refuses the whole list."""
    with pytest.raises(TokenRefused):
        Friends.listed(ids)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(packed(2, 1), id="descending"),
        pytest.param(packed(1, 1), id="twice"),
        pytest.param(packed(1)[:-1], id="cut"),
        pytest.param("AAAA", id="three-bytes"),
        pytest.param(packed(1) + "=", id="padding"),
        pytest.param(packed(1)[:-1] + "F", id="not-canonical"),
        pytest.param("AAAAAAAA AAA", id="space"),
        pytest.param("AAAAAAAAAA+", id="other-alphabet"),
        pytest.param("é", id="not-ascii"),
    ],
)
def test_odd_packings_are_refused(text: str) -> None:
    """Packed IDs have one spelling."""
    with pytest.raises(TokenRefused):
        Friends.packed(text)


@given(st.sets(IDS, max_size=30), IDS)
def test_lines_are_a_set(ids: set[str], other: str) -> None:
    """Lines in order hold just their IDs."""
    friends = Friends.lines("".join(f"{name}\n" for name in sorted(ids)).encode())
    assert all(name in friends for name in ids)
    assert (other in friends) == (other in ids)


@given(st.lists(IDS, max_size=6))
def test_lines_have_one_order(ids: list[str]) -> None:
    """Lines that are not strictly ascending are refused."""
    content = "".join(f"{name}\n" for name in ids).encode()
    if ids == sorted(set(ids)):
        assert Friends.lines(content) == Friends.listed(ids)
    else:
        with pytest.raises(TokenRefused):
            Friends.lines(content)


@pytest.mark.parametrize(
    "content",
    [b"a", b"\n", b"a\n\n", b"a\0b\n", b"\0", b"a\0", b"a\r\n", b" a\n", b"*\n", b"\xff\n", b"x" * 129 + b"\n"],
    ids=repr,
)
def test_odd_lines_are_refused(content: bytes) -> None:
    """A line is a user ID and its line feed."""
    with pytest.raises(TokenRefused):
        Friends.lines(content)


@pytest.mark.parametrize("name", ["", "0" * 15, "0" * 17, "0" * 15 + "G", "0" * 15 + "A", "\0", "0x00000000000001"])
def test_packed_names_are_exact(name: str) -> None:
    """Only sixteen lower-case hexadecimal digits name a packed ID."""
    assert name not in Friends.packed(packed(*range(100)))


@pytest.mark.parametrize("name", ["", "\0", "a\0b", "a\0"])
def test_listed_names_are_exact(name: str) -> None:
    """The separator cannot be smuggled in through an owner's name."""
    assert name not in Friends.listed(["a", "b"])
    assert name not in NO_FRIENDS


def test_five_thousand_friends_are_small() -> None:
    """5,000 friends take at most 64 kB, in either form."""
    assert Friends.listed([f"u-{number:06d}" for number in range(5_000)]).size <= 64_000
    assert Friends.packed(packed(*range(5_000))).size <= 64_000


def test_long_lists_are_equal_by_what_they_list() -> None:
    """In whatever order, and so is what holds one: it can be told apart by its hash."""
    ids = [f"u-{number:06d}" for number in range(5_000)]
    one, other = Friends.listed(ids), Friends.listed(ids[::-1])
    assert one == other
    assert {one, other} == {one}
    assert one != Friends.listed(ids[1:])


def test_blind_repr() -> None:
    """No friend is named by repr."""
    assert "u-red" not in repr(Friends.listed(["u-red"]))
