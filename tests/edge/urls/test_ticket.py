"""Tickets: what is written is read back, nothing else is read, and a length tells nothing of who is on a photo."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import Damaged
from edge.urls.ticket import MAX_RENDITION
from edge.urls.ticket import Ticket
from edge.urls.ticket import fingerprint

VERSION = bytes(range(16))
RENDITIONS = st.text("abcdefghijklmnopqrstuvwxyz0123456789=,.&-", max_size=MAX_RENDITION)
EPOCHS = st.integers(0, 2**63 - 1)
FACES = st.dictionaries(st.integers(0, 4_095), st.tuples(EPOCHS, EPOCHS), max_size=40)


def shown(faces: dict[int, tuple[int, int]]) -> list[tuple[int, int, int]]:
    """Faces with their epochs, in the order of the dictionary."""
    return [(number, *epochs) for number, epochs in faces.items()]


@given(FACES, st.integers(0, 2**48 - 1), RENDITIONS)
def test_read_back(faces: dict[int, tuple[int, int]], expires: int, rendition: str) -> None:
    """Whatever can be said is read as it was said, in whichever order the faces were named."""
    ticket = Ticket.of(VERSION, shown(faces), expires, rendition)
    assert Ticket.parse(bytes(ticket)) == ticket == Ticket.of(VERSION, reversed(shown(faces)), expires, rendition)
    assert (ticket.faces, ticket.expires, ticket.rendition) == (set(faces), expires, rendition)


@given(st.binary(max_size=120))
def test_nothing_else_is_read(content: bytes) -> None:
    """Bytes are read only if they are just what some ticket is written as."""
    try:
        ticket = Ticket.parse(content)
    except Damaged:
        return
    assert bytes(ticket) == content


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda content: content[:-1], id="a byte less"),
        pytest.param(lambda content: content + b"\0", id="a byte more"),
        pytest.param(lambda content: content[:24] + b"\xff" + content[25:], id="a rendition beyond the end"),
        pytest.param(lambda content: content[:25] + b"W" + content[26:], id="a rendition in capitals"),
        pytest.param(lambda content: content + bytes(480), id="more room than the faces need"),
        pytest.param(lambda content: b"", id="nothing"),
        pytest.param(lambda content: content[:24], id="cut in the head"),
    ],
)
def test_one_form(change: object) -> None:
    """A ticket has one form; what differs from it by little is none."""
    content = bytes(Ticket.of(VERSION, [(1, 0, 0)], 1_800_000_000, "w=640"))
    assert Ticket.parse(content)
    with pytest.raises(Damaged):
        Ticket.parse(change(content))  # type: ignore[operator]


def test_length_tells_nothing() -> None:
    """One face, all faces or none: as long as each other, with the highest number that 32 bytes hold."""
    some = [[], [(0, 0, 0)], [(255, 2**63, 7)], [(number, number, 0) for number in range(256)]]
    assert {len(bytes(Ticket.of(VERSION, faces, 1))) for faces in some} == {57}
    assert len(bytes(Ticket.of(VERSION, [(256, 0, 0)], 1))) == 537


@pytest.mark.parametrize(
    "other",
    [
        pytest.param((bytes(16), ((1, 2, 3), (2, 0, 0))), id="version"),
        pytest.param((VERSION, ((1, 2, 3),)), id="face-less"),
        pytest.param((VERSION, ((1, 2, 3), (3, 0, 0))), id="face"),
        pytest.param((VERSION, ((1, 3, 3), (2, 0, 0))), id="epoch"),
        pytest.param((VERSION, ((1, 2, 4), (2, 0, 0))), id="owner's-epoch"),
        pytest.param((VERSION, ((1, 2, 3), (2, 0, 1))), id="the-other-owner's"),
    ],
)
def test_decisions_differ(other: tuple[bytes, tuple[tuple[int, int, int], ...]]) -> None:
    """Another version, face or epoch is another decision."""
    assert fingerprint(*other) != fingerprint(VERSION, ((1, 2, 3), (2, 0, 0)))


@pytest.mark.parametrize(
    ("version", "faces", "expires", "rendition"),
    [
        pytest.param(VERSION[1:], [], 1, "", id="version"),
        pytest.param(VERSION, [(1, 0, 0), (1, 1, 0)], 1, "", id="a-face-twice"),
        pytest.param(VERSION, [(4_096, 0, 0)], 1, "", id="a-number-too-high"),
        pytest.param(VERSION, [(-1, 0, 0)], 1, "", id="a-number-too-low"),
        pytest.param(VERSION, [], -1, "", id="before-1970"),
        pytest.param(VERSION, [], 2**48, "", id="too-late"),
        pytest.param(VERSION, [], 1, "W=1", id="capitals"),
        pytest.param(VERSION, [], 1, "w=٣", id="other-digits"),
        pytest.param(VERSION, [], 1, "w" * 65, id="too-long"),
    ],
)
def test_refused(version: bytes, faces: list[tuple[int, int, int]], expires: int, rendition: str) -> None:
    """What no ticket can say is an error of whoever says it."""
    with pytest.raises(ValueError, match=r"version|face"):
        Ticket.of(version, faces, expires, rendition)


def test_blind_repr() -> None:
    """A ticket tells nothing to a log."""
    assert repr(Ticket.of(VERSION, [(7, 0, 0)], 1_800_000_000, "w=640")) == "<Ticket>"
