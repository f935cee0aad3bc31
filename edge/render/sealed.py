"""The sealed photo's byte format (``docs/sealed-format.md`` is the twin of this file). All integers are big-endian.

Sidecar::

    0    8   magic  "MFMCSEAL"
    8    2   format version: 1, or 2 where the base has a stretch that answers leave out
    10   16  photo version
    26   32  SHA-256 of the base
    58   8   size of the base in bytes
    66   32  salt
    98   32  commitment of the directory
    130  4   length n of the directory's ciphertext
    134  n   directory, sealed; associated data: bytes 0..134, the photo's id, and of a rendition its width (4)
    ...      the groups' ciphertexts in directory order, nothing between, before or after

Directory (plaintext, zero-padded to its Padmé length)::

    u32 start, u32 end of the stretch of the base that answers leave out; format 2 alone
    u16 number of units;   each: u16 number of slots (>= 1), then that many u16 slots, ascending
    u32 number of groups;  each: u8 |F| (1..3), |F| x u16 unit, ascending
                                 u8 S: bit i set = the i-th unit of F is shown as the original; never 0
                                 32 commitment
                                 u32 length of the plaintext without padding
                                 u32 number of cuts (>= 1), each: u32 start, u32 end, u32 length

A *unit* is a set of faces that reveal only together (nearly always one face). A *group* holds what a viewer needs who may see
exactly the units S of the units F: each cut replaces ``base[start:end]`` by the next ``length`` bytes of the plaintext. The
stretch left out is what holds for the base alone, such as a manifest signed over it; an answer that shows a group lacks it.
"""

import struct
from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from typing import Final

from edge.errors import Damaged
from edge.keys.envelope import COMMITMENT_BYTES
from edge.keys.envelope import ID_BYTES
from edge.keys.envelope import KEY_BYTES
from edge.keys.envelope import SALT_BYTES
from edge.keys.envelope import TAG_BYTES
from edge.keys.envelope import Box
from edge.keys.envelope import directory_label
from edge.keys.envelope import group_label
from edge.keys.envelope import padded_length
from edge.render.fields import Fields

MAGIC: Final = b"MFMCSEAL"
FORMATS = PLAIN, WITH_STRETCH = 1, 2
HEADER: Final = struct.Struct(">8sH16s32sQ32s32sI")
CUT: Final = struct.Struct(">III")
STRETCH: Final = struct.Struct(">II")
MAX_UNITS_SHARING: Final = 3
MAX_SLOTS: Final = 4096
MAX_DIRECTORY_BYTES: Final = 16 << 20


@dataclass(frozen=True, slots=True)
class Cut:
    """``base[start:end]`` is replaced by ``length`` bytes of the group's plaintext. Offsets in bytes."""

    start: int
    end: int
    length: int


@dataclass(frozen=True, slots=True)
class Group:
    """What shows exactly the units ``shown`` of the units ``touching``: where it goes, and how its key is named."""

    touching: tuple[int, ...]
    shown: tuple[int, ...]
    cuts: tuple[Cut, ...]
    length: int
    commitment: bytes
    label: bytes
    context: bytes
    ciphertext: memoryview


@dataclass(frozen=True, slots=True)
class Sealed:
    """A parsed sidecar. ``units[u]`` are the face slots of unit u; ``left_out`` puts nothing in place of its stretch."""

    salt: bytes
    units: tuple[tuple[int, ...], ...]
    groups: tuple[Group, ...]
    left_out: Cut | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A group before sealing: ``patch`` is the plaintext, the cuts' bytes joined in order."""

    touching: tuple[int, ...]
    shown: tuple[int, ...]
    cuts: tuple[Cut, ...]
    patch: bytes


def parse(
    sidecar: bytes, directory_key: bytes, *,
    photo_id: bytes, version: bytes, base_sha256: bytes, base_size: int, rendition: int = 0,
) -> Sealed:  # fmt: skip
    """Sidecar bytes -> ``Sealed``, if they belong to just this photo, version, rendition and base; raises ``Damaged`` otherwise.

    Lengths are bounded before anything is sliced, and the end of the input is where the last group ends.
    """
    if len(sidecar) < HEADER.size:
        raise Damaged
    magic, form, its_version, its_hash, its_size, salt, commitment, n = HEADER.unpack_from(sidecar)
    if (magic, its_version, its_hash, its_size) != (MAGIC, version, base_sha256, base_size) or form not in FORMATS:
        raise Damaged
    if not TAG_BYTES <= n <= min(MAX_DIRECTORY_BYTES, len(sidecar) - HEADER.size):
        raise Damaged
    header = sidecar[: HEADER.size]
    context = _context(header, photo_id, rendition)
    box = Box(directory_key, salt, directory_label(rendition))
    box.require(commitment)
    reader = Fields(box.open(memoryview(sidecar)[HEADER.size : HEADER.size + n], context))
    left_out = _stretch(reader, base_size) if form == WITH_STRETCH else None
    units, groups = _parse_directory(reader, memoryview(sidecar)[HEADER.size + n :], context, base_size, rendition)
    return Sealed(salt, units, groups, left_out)


def _stretch(reader: Fields, base_size: int) -> Cut:
    start, end = STRETCH.unpack(reader.take(STRETCH.size))
    if not start < end <= base_size:
        raise Damaged
    return Cut(start, end, 0)


def _parse_directory(
    reader: Fields, body: memoryview, context: bytes, base_size: int, rendition: int
) -> tuple[tuple[tuple[int, ...], ...], tuple[Group, ...]]:
    units = tuple(_unit(reader) for _ in range(reader.number(2)))
    groups: list[Group] = []
    at = 0
    for index in range(reader.number(4)):
        group, at = _group(reader, group_label(index, rendition), len(units), body, at, context, base_size)
        groups.append(group)
    if at != len(body) or any(reader.rest()):
        raise Damaged
    return units, tuple(groups)


def _unit(reader: Fields) -> tuple[int, ...]:
    slots = tuple(reader.number(2) for _ in range(reader.number(2)))
    if not slots or not _ascending(slots) or slots[-1] >= MAX_SLOTS:
        raise Damaged
    return slots


def _group(
    reader: Fields, label: bytes, units: int, body: memoryview, at: int, context: bytes, base_size: int
) -> tuple[Group, int]:
    start = reader.at
    touching = tuple(reader.number(2) for _ in range(reader.number(1)))
    mask = reader.number(1)
    if not 1 <= len(touching) <= MAX_UNITS_SHARING or not _ascending(touching) or touching[-1] >= units:
        raise Damaged
    if not 0 < mask < 1 << len(touching):
        raise Damaged
    commitment = reader.take(COMMITMENT_BYTES)
    length = reader.number(4)
    cuts = tuple(Cut(*CUT.unpack(reader.take(CUT.size))) for _ in range(reader.number(4)))
    _check_cuts(cuts, length, base_size)
    end = at + padded_length(length) + TAG_BYTES
    if end > len(body):
        raise Damaged
    shown = tuple(unit for i, unit in enumerate(touching) if mask >> i & 1)
    entry = reader.since(start)
    return Group(touching, shown, cuts, length, commitment, label, group_context(context, entry), body[at:end]), end


def _check_cuts(cuts: tuple[Cut, ...], length: int, base_size: int) -> None:
    previous = 0
    for cut in cuts:
        if not previous <= cut.start < cut.end <= base_size:
            raise Damaged
        previous = cut.end
    if not cuts or sum(cut.length for cut in cuts) != length:
        raise Damaged


def _ascending(values: tuple[int, ...]) -> bool:
    return all(a < b for a, b in pairwise(values))


def _context(header: bytes, photo_id: bytes, rendition: int) -> bytes:
    return header + photo_id + (rendition.to_bytes(4, "big") if rendition else b"")


def group_context(context: bytes, entry: bytes) -> bytes:
    """Associated data of one group: a hash over that of the directory and the group's own entry in it."""
    return sha256(context + entry).digest()


def write(
    drafts: Iterable[Draft], units: tuple[tuple[int, ...], ...], face_keys: Mapping[int, bytes], directory_key: bytes, *,
    photo_id: bytes, version: bytes, base: bytes, salt: bytes, left_out: Cut | None = None, rendition: int = 0,
) -> bytes:  # fmt: skip
    """Draft groups -> sidecar bytes. ``salt`` must be fresh and random for every call: all keys are derived from it.

    ``left_out``: the stretch of the base that answers with a real face lack; its length is 0. ``rendition``: its width, in px.
    """
    if len(photo_id) != ID_BYTES or len(version) != ID_BYTES or len(salt) != SALT_BYTES:
        raise ValueError("photo id and version are 16 bytes, the salt is 32")
    drafts = tuple(drafts)
    secrets = [group_secret(draft.shown, units, face_keys) for draft in drafts]
    boxes = [Box(secret, salt, group_label(i, rendition)) for i, secret in enumerate(secrets)]
    entries = [_entry(draft, box.commitment) for draft, box in zip(drafts, boxes, strict=True)]
    directory = _directory(left_out, units, entries)
    door = Box(directory_key, salt, directory_label(rendition))
    form = PLAIN if left_out is None else WITH_STRETCH
    header = HEADER.pack(
        MAGIC, form, version, sha256(base).digest(), len(base), salt, door.commitment, len(directory) + TAG_BYTES
    )
    context = _context(header, photo_id, rendition)
    parts = [header, door.seal(directory, context)]
    for draft, box, entry in zip(drafts, boxes, entries, strict=True):
        padding = bytes(padded_length(len(draft.patch)) - len(draft.patch))
        parts.append(box.seal(draft.patch + padding, group_context(context, entry)))
    return b"".join(parts)


def group_secret(shown: tuple[int, ...], units: tuple[tuple[int, ...], ...], face_keys: Mapping[int, bytes]) -> bytes:
    """The face keys of every face in the shown units, joined in ascending slot order; raises ``Damaged`` if one is missing."""
    slots = sorted({slot for unit in shown for slot in units[unit]})
    keys = [face_keys.get(slot, b"") for slot in slots]
    if any(len(key) != KEY_BYTES for key in keys):
        raise Damaged
    return b"".join(keys)


def _directory(left_out: Cut | None, units: tuple[tuple[int, ...], ...], entries: list[bytes]) -> bytes:
    stretch = b"" if left_out is None else STRETCH.pack(left_out.start, left_out.end)
    listed = b"".join(struct.pack(f">H{len(unit)}H", len(unit), *unit) for unit in units)
    plain = stretch + struct.pack(">H", len(units)) + listed + struct.pack(">I", len(entries)) + b"".join(entries)
    return plain.ljust(padded_length(len(plain)), b"\0")


def _entry(draft: Draft, commitment: bytes) -> bytes:
    mask = sum(1 << i for i, unit in enumerate(draft.touching) if unit in draft.shown)
    who = struct.pack(f">B{len(draft.touching)}HB", len(draft.touching), *draft.touching, mask)
    cuts = b"".join(CUT.pack(cut.start, cut.end, cut.length) for cut in draft.cuts)
    return who + commitment + struct.pack(">II", len(draft.patch), len(draft.cuts)) + cuts
