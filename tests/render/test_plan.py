"""Plans: cuts of several groups in the order of the answer, the base never copied, nothing released before every tag holds."""

import os
from hashlib import sha256
from itertools import combinations

import pytest

from edge.errors import Damaged
from edge.render import sealed
from edge.render import splice

BASE = bytes(range(256)) * 40
# Two faces side by side in the same rows: their cuts alternate, with different lengths, and two cuts touch.
CUTS = {
    0: (sealed.Cut(100, 200, 90), sealed.Cut(1_000, 1_100, 130), sealed.Cut(5_000, 5_001, 1)),
    1: (sealed.Cut(200, 300, 100), sealed.Cut(1_150, 1_200, 0), sealed.Cut(5_100, 5_200, 77)),
    2: (sealed.Cut(10_000, 10_240, 500),),
}
PATCHES = {slot: bytes([slot + 1]) * sum(cut.length for cut in cuts) for slot, cuts in CUTS.items()}


def plan(granted: set[int], flip: int | None = None, left_out: sealed.Cut | None = None) -> splice.Plan:
    """A plan for these faces, with a bit of the sidecar flipped, or a stretch of the base left out."""
    photo_id, version, directory_key = os.urandom(16), os.urandom(16), os.urandom(32)
    keys = {slot: os.urandom(32) for slot in CUTS}
    drafts = [sealed.Draft((slot,), (slot,), cuts, PATCHES[slot]) for slot, cuts in CUTS.items()]
    sidecar = bytearray(
        sealed.write(
            drafts,
            tuple((slot,) for slot in CUTS),
            keys,
            directory_key,
            photo_id=photo_id,
            version=version,
            base=BASE,
            salt=os.urandom(32),
            left_out=left_out,
        )
    )
    if flip is not None:
        sidecar[flip] ^= 1
    found = sealed.parse(
        bytes(sidecar), directory_key, photo_id=photo_id, version=version,
        base_sha256=sha256(BASE).digest(), base_size=len(BASE),
    )  # fmt: skip
    return splice.plan(BASE, found, {slot: keys[slot] for slot in granted})


def expected(granted: set[int], left_out: sealed.Cut | None = None) -> bytes:
    """The same, from the last cut to the first, one at a time."""
    out = bytearray(BASE)
    places = [(cut, bytes([slot + 1])) for slot in granted for cut in CUTS[slot]]
    places += [(left_out, b"")] if granted and left_out else []
    for cut, letter in sorted(places, key=lambda place: -place[0].start):
        out[cut.start : cut.end] = letter * cut.length
    return bytes(out)


@pytest.mark.parametrize("granted", [set(some) for size in range(4) for some in combinations(CUTS, size)], ids=str)
def test_every_cut_in_its_place(granted: set[int]) -> None:
    """For every set of faces the answer is the base with just their cuts replaced, as often as it is asked for."""
    made = plan(granted)
    assert splice.reveal(made) == expected(granted) == b"".join(made.pieces())
    assert made.size == len(expected(granted))


@pytest.mark.parametrize("granted", [set(some) for size in range(4) for some in combinations(CUTS, size)], ids=str)
@pytest.mark.parametrize("place", [(0, 7), (20, 100), (5_001, 5_100), (9_000, 10_000)], ids=str)
def test_stretch_left_out(granted: set[int], place: tuple[int, int]) -> None:
    """Wherever it lies, the stretch is in the base, and in no answer that shows a face."""
    left_out = sealed.Cut(*place, 0)
    made = plan(granted, left_out=left_out)
    assert splice.reveal(made) == expected(granted, left_out)
    assert made.size == len(expected(granted, left_out))


def test_stretch_overlaps_a_cut() -> None:
    """A stretch that holds bytes of a face shows the base."""
    with pytest.raises(Damaged):
        plan({0}, left_out=sealed.Cut(150, 250, 0))


def test_base_is_not_copied() -> None:
    """What an answer keeps of the base are views of it."""
    made = plan({0, 1})
    assert all(isinstance(piece, memoryview) and piece.obj is BASE for piece in made.pieces()[::2])


def test_nothing_before_the_tag() -> None:
    """A patch that does not open releases none of the others."""
    with pytest.raises(Damaged):
        plan({0, 2}, flip=-1).pieces()
