"""A plan's answer as the pieces it is made of, so that the base is never copied: only the opened patches are new
memory.

``splice.reveal`` joins the same pieces; over a socket that join costs more than all the rest of the answer. Everything
that
does not depend on the patches' bytes is laid out once per plan, and the interpreter then does a handful of calls per
answer.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from operator import itemgetter
from typing import Self

from edge.errors import Damaged
from edge.keys.envelope import TAG_BYTES
from edge.render.splice import Plan
from edge.wire import Buffer

Pick = Callable[[tuple[bytes, ...]], tuple[bytes, ...]]


@dataclass(frozen=True, slots=True, repr=False)
class Layout:
    """A plan laid out: ``cutter`` cuts its opened patches, ``pick`` orders the cuts, ``kept`` lies around them."""

    plan: Plan
    cutter: struct.Struct
    pick: Pick
    kept: list[Buffer]

    @classmethod
    def of(cls, plan: Plan) -> Self:
        """Lay a plan out."""
        by_group = sorted(plan.pieces)
        place = {piece: index for index, piece in enumerate(by_group)}
        kept: list[Buffer] = [b""] * (2 * len(plan.kept) - 1)
        kept[::2] = plan.kept
        return cls(plan, struct.Struct(_cuts(plan, by_group)), _picker([place[piece] for piece in plan.pieces]), kept)

    def open(self) -> list[Buffer]:
        """Decrypt the patches and put them between the kept stretches; raises ``Damaged`` and releases nothing."""
        patches = b"".join([box.open(group.ciphertext, group.context) for box, group in self.plan.opened])
        if len(patches) != self.cutter.size:
            raise Damaged
        whole = self.kept.copy()
        whole[1::2] = self.pick(self.cutter.unpack(patches))
        return whole


def _cuts(plan: Plan, by_group: list[tuple[int, int, int]]) -> str:
    """The format that cuts all plaintexts, joined, into their pieces; each plaintext's padding is skipped."""
    parts: list[str] = []
    for number, (_, group) in enumerate(plan.opened):
        parts += [f"{end - start}s" for at, start, end in by_group if at == number]
        parts.append(f"{len(group.ciphertext) - TAG_BYTES - group.length}x")
    return "".join(parts)


def _picker(order: list[int]) -> Pick:
    if len(order) < 2:  # itemgetter gives a bare item for one index, and takes no fewer
        return tuple
    return itemgetter(*order)
