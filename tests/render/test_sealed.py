"""The sidecar opens for its own photo, version and base, unaltered to the last bit, or not at all."""

import os
from collections.abc import Callable

import pytest

from edge.errors import Damaged
from edge.keys import envelope
from edge.render import sealed as form
from edge.render import splice
from tests import pictures
from tests.sealing import Case
from tests.sealing import case


@pytest.fixture(scope="module")
def two() -> Case:
    return case(pictures.jpeg(pictures.texture(96, 64)), (8, 8, 24, 30), (60, 10, 24, 30))


def opens(sealed: Case, sidecar: bytes, *faces: int) -> bool:
    try:
        splice.reveal(splice.plan(sealed.sealed.base, sealed.parse(sidecar), sealed.keys(*faces or (0, 1))))
    except Damaged:
        return False
    return True


def test_opens(two: Case) -> None:
    """Untouched, it opens."""
    assert opens(two, two.sealed.sidecar)


def test_every_flipped_bit_is_refused(two: Case) -> None:
    """One wrong bit anywhere, header, directory, patches or tags, and nothing of it is shown."""
    sidecar = two.sealed.sidecar
    survivors = []
    for at in range(len(sidecar)):
        for bit in range(8) if at < 400 or at > len(sidecar) - 40 else (at % 8,):
            flipped = bytearray(sidecar)
            flipped[at] ^= 1 << bit
            if opens(two, bytes(flipped)):
                survivors.append((at, bit))
    assert survivors == []


def test_every_prefix_is_refused(two: Case) -> None:
    """A short read never passes for a sidecar."""
    assert not any(opens(two, two.sealed.sidecar[:n]) for n in range(len(two.sealed.sidecar)))


@pytest.mark.parametrize("extra", [b"\0", b"MFMCSEAL", bytes(64)], ids=["zero", "magic", "block"])
def test_trailing_bytes_are_refused(two: Case, extra: bytes) -> None:
    """The end of the input is where the last patch ends."""
    assert not opens(two, two.sealed.sidecar + extra)


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"photo_id": bytes(16)}, id="another-photo"),
        pytest.param({"version": bytes(16)}, id="another-version"),
        pytest.param({"base_sha256": bytes(32)}, id="another-base"),
        pytest.param({"base_size": 1}, id="another-size"),
    ],
)
def test_belongs_to_one_photo_version_and_base(two: Case, changed: dict[str, bytes | int]) -> None:
    """A sidecar of another photo, version or base is refused."""
    with pytest.raises(Damaged):
        two.parse(**changed)


def test_groups_cannot_change_places(two: Case) -> None:
    """Patches of equal length swapped within the sidecar are refused: each is bound to its own entry."""
    base = pictures.jpeg(pictures.texture(96, 64))
    same = case(base, (8, 8, 24, 30), (8, 8, 24, 30))
    groups = same.parse().groups
    head = len(same.sealed.sidecar) - sum(len(group.ciphertext) for group in groups)
    by_length = [bytes(group.ciphertext) for group in groups]
    swapped = same.sealed.sidecar[:head] + b"".join([by_length[1], by_length[0], *by_length[2:]])
    assert swapped != same.sealed.sidecar
    assert opens(same, same.sealed.sidecar, 0)
    assert not opens(same, swapped, 0)
    assert not opens(same, swapped, 1)


def test_one_ciphertext_cannot_open_under_two_keys(two: Case) -> None:
    """A derived key other than the committed one is refused before its tag is even looked at (GCM alone does not commit)."""
    sealed, group = two.parse(), two.parse().groups[0]
    other = envelope.Box(os.urandom(32), sealed.salt, group.label)
    with pytest.raises(Damaged):
        other.require(group.commitment)


def test_keys_are_never_used_twice(two: Case) -> None:
    """The nonce is fixed, so every ciphertext of every sidecar must have a key of its own."""
    again = case(pictures.jpeg(pictures.texture(96, 64)), (8, 8, 24, 30), (60, 10, 24, 30))
    commitments = [group.commitment for sealed in (two, again) for group in sealed.parse().groups]
    assert len(set(commitments)) == len(commitments)


def write(two: Case, drafts: list[form.Draft], left_out: form.Cut | None = None) -> bytes:
    return form.write(
        drafts, ((0,), (1,)), {0: bytes(32), 1: bytes(32)}, two.sealed.directory_key,
        photo_id=two.sealed.photo_id, version=two.sealed.version, base=two.sealed.base, salt=bytes(32), left_out=left_out,
    )  # fmt: skip


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda two: write(two, [form.Draft((0,), (0,), (), b"")]), id="no-cuts"),
        pytest.param(lambda two: write(two, [form.Draft((0,), (0,), (form.Cut(9, 5, 0),), b"")]), id="backwards"),
        pytest.param(lambda two: write(two, [form.Draft((0,), (0,), (form.Cut(5, 1 << 30, 0),), b"")]), id="past-the-end"),
        pytest.param(
            lambda two: write(two, [form.Draft((0,), (0,), (form.Cut(5, 9, 1), form.Cut(8, 12, 1)), b"ab")]), id="overlap"
        ),
        pytest.param(lambda two: write(two, [form.Draft((0,), (0,), (form.Cut(5, 9, 3),), b"ab")]), id="length"),
        pytest.param(lambda two: write(two, [form.Draft((0,), (), (form.Cut(5, 9, 2),), b"ab")]), id="shows-nobody"),
        pytest.param(lambda two: write(two, [form.Draft((7,), (), (form.Cut(5, 9, 2),), b"ab")]), id="no-such-unit"),
        pytest.param(lambda two: write(two, [form.Draft((1, 0), (0,), (form.Cut(5, 9, 2),), b"ab")]), id="unordered"),
        pytest.param(lambda two: write(two, [], form.Cut(9, 5, 0)), id="stretch-backwards"),
        pytest.param(lambda two: write(two, [], form.Cut(5, 5, 0)), id="stretch-of-nothing"),
        pytest.param(lambda two: write(two, [], form.Cut(5, 1 << 30, 0)), id="stretch-past-the-end"),
    ],
)
def test_wrong_directories_are_refused(two: Case, make: Callable[[Case], bytes]) -> None:
    """Even under the right key, a directory that makes no sense is refused."""
    with pytest.raises(Damaged):
        two.parse(make(two))


@pytest.mark.parametrize("form_version", [0, 2, 3, 256, 65_535])
def test_other_versions_are_refused(two: Case, form_version: int) -> None:
    """A sidecar is of the version that it was written in, or of none that is known."""
    sidecar = two.sealed.sidecar
    assert sidecar[8:10] == b"\0\1"
    assert not opens(two, sidecar[:8] + form_version.to_bytes(2, "big") + sidecar[10:])


def test_overlapping_groups_are_refused(two: Case) -> None:
    """Two groups that replace the same bytes cannot both be shown."""
    drafts = [form.Draft((u,), (u,), (form.Cut(5, 9, 2),), b"ab") for u in (0, 1)]
    parsed = two.parse(write(two, drafts))
    with pytest.raises(Damaged):
        splice.plan(two.sealed.base, parsed, {0: bytes(32), 1: bytes(32)})


@pytest.mark.parametrize("length", [0, 1, 2, 9, 100, 1000, 30_000, 1 << 20])
def test_padding_is_small_and_idempotent(length: int) -> None:
    """Padmé adds at most 12 %, and a padded length stays as it is."""
    padded = envelope.padded_length(length)
    assert length <= padded <= length * 1.12
    assert envelope.padded_length(padded) == padded
