"""Reveal: base + the groups that this viewer's keys open -> the bytes this viewer gets. No pixels, no decoder, no encoder."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from edge.errors import Damaged
from edge.keys.envelope import Box
from edge.render.sealed import Group
from edge.render.sealed import Sealed
from edge.render.sealed import group_secret


@dataclass(frozen=True, slots=True)
class Plan:
    """All that one set of granted faces needs, made once: derived keys, and which bytes come from where.

    ``pieces`` are (group, start, end) into the groups' plaintexts, in the order of the answer; ``kept`` are the stretches of the
    base around them, one more than there are pieces. ``size`` is the answer's length in bytes.
    """

    opened: tuple[tuple[Box, Group], ...]
    pieces: tuple[tuple[int, int, int], ...]
    kept: tuple[memoryview, ...]
    size: int


def plan(base: bytes, sealed: Sealed, face_keys: Mapping[int, bytes]) -> Plan:
    """Choose the groups that show exactly the faces whose keys are given, and check each group's commitment.

    ``face_keys``: slot -> 32-byte face key, one per granted face. Raises ``Damaged``.
    """
    granted = {u for u, slots in enumerate(sealed.units) if all(slot in face_keys for slot in slots)}
    chosen = [group for group in sealed.groups if set(group.shown) == granted.intersection(group.touching)]
    opened = []
    for group in chosen:
        box = Box(group_secret(group.shown, sealed.units, face_keys), sealed.salt, group.label)
        box.require(group.commitment)
        opened.append((box, group))
    return _lay_out(base, tuple(opened))


def _lay_out(base: bytes, opened: tuple[tuple[Box, Group], ...]) -> Plan:
    places = []
    for g, (_, group) in enumerate(opened):
        at = 0
        for cut in group.cuts:
            places.append((cut.start, cut.end, g, at, at + cut.length))
            at += cut.length
    places.sort()
    if any(a[1] > b[0] for a, b in pairwise(places)) or (places and places[-1][1] > len(base)):
        raise Damaged
    view = memoryview(base)
    edges = [0, *(edge for place in places for edge in place[:2]), len(base)]
    kept = tuple(view[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True))
    pieces = tuple(place[2:] for place in places)
    size = sum(map(len, kept)) + sum(end - start for _, start, end in pieces)
    return Plan(opened, pieces, kept, size)


def reveal(plan: Plan) -> bytes:
    """Decrypt the plan's groups and join them with the base; raises ``Damaged`` and releases nothing if one does not open."""
    patches = [memoryview(box.open(group.ciphertext, group.context)) for box, group in plan.opened]
    parts: list[memoryview] = list(plan.kept)
    body: list[memoryview] = [parts[0]]
    for (g, start, end), following in zip(plan.pieces, parts[1:], strict=True):
        body.append(patches[g][start:end])
        body.append(following)
    return b"".join(body)
