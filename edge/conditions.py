"""Conditional and range requests (RFC 9110 sections 13 and 14), about the variant at hand and no other.

Everything goes by strong entity tags; there is no Last-Modified, so conditions by date are none. Whoever holds a part of a
variant sends its tag with ``If-Range``; another variant is then sent whole. Several ranges in one request, other units and what
is no range are answered with the whole picture, as section 14.2 allows.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from multidict import CIMultiDictProxy

from edge.render.splice import Buffer

_RANGE = re.compile(r"bytes=[ \t]*([0-9]{0,15})-([0-9]{0,15})[ \t]*", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Range:
    """Bytes ``start`` up to and without ``end`` of ``size``; an empty one cannot be sent."""

    start: int
    end: int
    size: int

    @property
    def sendable(self) -> bool:
        """Whether there is any byte in it."""
        return self.start < self.end

    @property
    def field(self) -> str:
        """The value of Content-Range (section 14.4): what is sent, or how much there would have been."""
        return f"bytes {self.start}-{self.end - 1}/{self.size}" if self.sendable else f"bytes */{self.size}"

    def of(self, pieces: Sequence[Buffer]) -> list[Buffer]:
        """These bytes of what the pieces are together, without a copy of any."""
        found: list[Buffer] = []
        begins = 0
        for piece in pieces:
            first, last = max(self.start - begins, 0), min(self.end - begins, len(piece))
            if first < last:
                found.append(memoryview(piece)[first:last])
            begins += len(piece)
        return found


def unchanged(headers: CIMultiDictProxy[str], tag: str) -> bool:
    """Whether the client holds just this variant: If-None-Match, a list or ``*`` (section 13.1.2).

    The comparison is the weak one, as that section asks: a cache between may have weakened the tag, never changed it.
    """
    if "If-None-Match" not in headers:
        return False
    held = _entries(headers, "If-None-Match")
    return tag in held or held == ["*"] or f"W/{tag}" in held


def unmatched(headers: CIMultiDictProxy[str], tag: str) -> bool:
    """Whether the client wants another variant or none: If-Match, compared strongly (section 13.1.1)."""
    if "If-Match" not in headers:
        return False
    wanted = _entries(headers, "If-Match")
    return tag not in wanted and wanted != ["*"]


def _entries(headers: CIMultiDictProxy[str], name: str) -> list[str]:
    return [entry.strip(" \t") for line in headers.getall(name) for entry in line.split(",")]


def part(method: str, headers: CIMultiDictProxy[str], tag: str, size: int) -> Range | None:
    """The range that a request asks for of the variant with this entity tag and size in bytes; None: all of it."""
    lines = headers.getall("Range", ())
    if len(lines) != 1 or method != "GET" or not _holds(headers, tag):
        return None
    found = _RANGE.fullmatch(lines[0])
    return None if found is None else _bounded(found[1], found[2], size)


def _holds(headers: CIMultiDictProxy[str], tag: str) -> bool:
    """Whether If-Range, where it stands, names just this variant: a weak tag or a date never does (section 13.1.5)."""
    return [line.strip(" \t") for line in headers.getall("If-Range", (tag,))] == [tag]


def _bounded(first: str, last: str, size: int) -> Range | None:
    if first:
        if last and int(last) < int(first):
            return None
        return Range(int(first), min(int(last) + 1, size) if last else size, size)
    return Range(max(size - int(last), 0), size, size) if last else None
