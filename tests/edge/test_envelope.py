"""Wrapped keys belong to one face of one version of one photo."""

import os
from itertools import combinations

import pytest

from edge.errors import Damaged
from edge.keys.envelope import directory_label
from edge.keys.envelope import group_label
from edge.keys.envelope import wrap_context
from edge.keys.ring import KeyRing

PHOTO, VERSION, OTHER = bytes(16), bytes([1] * 16), bytes([2] * 16)
PLACES = {
    "this-face": (PHOTO, VERSION, 3),
    "another-face": (PHOTO, VERSION, 4),
    "another-version": (PHOTO, OTHER, 3),
    "another-photo": (OTHER, VERSION, 3),
    "the-directory": (PHOTO, VERSION, None),
}


@pytest.mark.parametrize(("one", "other"), list(combinations(PLACES, 2)))
def test_a_wrapped_key_cannot_be_moved(one: str, other: str) -> None:
    """A key that was wrapped for one place does not open at another."""
    ring = KeyRing("k", {"k": os.urandom(32)})
    wrapped = ring.wrap(os.urandom(32), wrap_context(*PLACES[one]))
    with pytest.raises(Damaged):
        ring.unwrap(wrapped, wrap_context(*PLACES[other]))


@pytest.mark.parametrize(("photo", "version"), [(b"", VERSION), (PHOTO, b"x" * 17)], ids=["no-photo", "long-version"])
def test_lengths_are_fixed(photo: bytes, version: bytes) -> None:
    """Ids of another length could make two places look alike, so they are refused."""
    with pytest.raises(ValueError, match="16 bytes"):
        wrap_context(photo, version, 0)


def test_labels() -> None:
    """Every ciphertext of every rendition has a label of its own, as docs/sealed-format.md spells it."""
    assert directory_label(0) == b"mfmc-edge/v1/directory"
    assert directory_label(640) == b"mfmc-edge/v1/rendition/\0\0\x02\x80/directory"
    assert group_label(3, 0) == b"mfmc-edge/v1/group/\0\0\0\x03"
    assert group_label(3, 640) == b"mfmc-edge/v1/rendition/\0\0\x02\x80/group/\0\0\0\x03"
    widths = (0, 1, 320, 640, 0x2F67726F)
    labels = [directory_label(width) for width in widths] + [group_label(i, width) for width in widths for i in (0, 1, 640)]
    assert len(set(labels)) == 4 * len(widths)
