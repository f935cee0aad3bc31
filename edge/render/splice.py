"""Reveal: base + the groups that this viewer's keys open -> what this viewer gets. No pixels, no decoder, no encoder.

A plan holds all that does not depend on the patches' bytes, so that an answer is a handful of calls: decrypt, cut, put in order.
The answer comes as pieces, because over a socket joining them would cost more than all the rest.
"""

import struct
from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from operator import itemgetter

from edge.errors import Damaged
from edge.keys.envelope import TAG_BYTES
from edge.keys.envelope import Box
from edge.render.sealed import Cut
from edge.render.sealed import Group
from edge.render.sealed import Sealed
from edge.render.sealed import group_secret

Buffer = bytes | memoryview
Pick = Callable[[tuple[bytes, ...]], tuple[bytes, ...]]


@dataclass(frozen=True, slots=True, repr=False)
class Plan:
    """All that one set of granted faces needs, made once: derived keys, and which bytes come from where.

    ``cutter`` cuts the groups' plaintexts, joined, into their cuts; ``pick`` puts those in the order of the answer; ``kept``
    has the stretches of the base at its even places and gaps for the cuts between. ``size``: bytes of the answer.
    """

    opened: tuple[tuple[Box, Group], ...]
    cutter: struct.Struct
    pick: Pick
    kept: list[Buffer]
    size: int

    def pieces(self) -> list[Buffer]:
        """Decrypt, and put the cuts between the kept stretches; raises ``Damaged`` and releases nothing if one does not open."""
        patches = b"".join([box.open(group.ciphertext, group.context) for box, group in self.opened])
        if len(patches) != self.cutter.size:
            raise Damaged
        whole = self.kept.copy()
        whole[1::2] = self.pick(self.cutter.unpack(patches))
        return whole


def plan(base: bytes, sealed: Sealed, face_keys: Mapping[int, bytes]) -> Plan:
    """Choose the groups that show exactly the faces whose keys are given, and check each group's commitment.

    ``face_keys``: slot -> 32-byte face key, one per granted face. The base's stretch that is to be left out stays only where no
    group is shown. Raises ``Damaged``.
    """
    granted = {u for u, slots in enumerate(sealed.units) if all(slot in face_keys for slot in slots)}
    chosen = [group for group in sealed.groups if set(group.shown) == granted.intersection(group.touching)]
    opened = []
    for group in chosen:
        box = Box(group_secret(group.shown, sealed.units, face_keys), sealed.salt, group.label)
        box.require(group.commitment)
        opened.append((box, group))
    left_out = [sealed.left_out] if opened and sealed.left_out is not None else []
    return _lay_out(base, tuple(opened), left_out)


def _lay_out(base: bytes, opened: tuple[tuple[Box, Group], ...], left_out: list[Cut]) -> Plan:
    cuts = [cut for _, group in opened for cut in group.cuts] + left_out
    order = sorted(range(len(cuts)), key=lambda i: cuts[i].start)
    ordered = [cuts[i] for i in order]
    if any(a.end > b.start for a, b in pairwise(ordered)) or (ordered and ordered[-1].end > len(base)):
        raise Damaged
    pick: Pick = itemgetter(*order) if len(order) > 1 else tuple  # itemgetter gives a bare item for one index
    size = len(base) + sum(cut.length - (cut.end - cut.start) for cut in cuts)
    return Plan(opened, struct.Struct(_format(opened, left_out)), pick, _kept(base, ordered), size)


def _format(opened: tuple[tuple[Box, Group], ...], left_out: list[Cut]) -> str:
    """The format that cuts all plaintexts, joined; each plaintext's padding is skipped, and what is left out takes no byte."""
    parts: list[str] = []
    for _, group in opened:
        parts += [f"{cut.length}s" for cut in group.cuts]
        parts.append(f"{len(group.ciphertext) - TAG_BYTES - group.length}x")
    return "".join([*parts, *("0s" for _ in left_out)])


def _kept(base: bytes, ordered: list[Cut]) -> list[Buffer]:
    view = memoryview(base)
    edges = [0, *(edge for cut in ordered for edge in (cut.start, cut.end)), len(base)]
    kept: list[Buffer] = [b""] * (2 * len(ordered) + 1)
    kept[::2] = [view[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True)]
    return kept


def reveal(plan: Plan) -> bytes:
    """The answer in one piece; raises ``Damaged``."""
    return b"".join(plan.pieces())
