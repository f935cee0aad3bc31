"""A viewer's friends as one byte string: small to keep, quick to search.

    listed: NUL || id || NUL || id || NUL          ids of 1 to 128 letters, digits and "_.:@-"; ascending, or by bucket
    packed: id(8) || id(8) || ...                  strictly ascending, big-endian; each stands for a user ID
                                                   that is spelled as its 16 lower-case hexadecimal digits

A long list of IDs stands in buckets of a few IDs each, by Python's own hash: whether an ID is there takes one look at one place,
however many there are.
"""

import base64
import binascii
import re
import sys
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from itertools import accumulate
from operator import lt
from typing import Any
from typing import Self

from edge.errors import TokenRefused

PACKED_BYTES = 8
SHORT_BYTES = 1_024  # searching that far costs no more than finding the bucket
PER_BUCKET = 8

_ID = r"[A-Za-z0-9_.:@-]{1,128}"
_ONE = re.compile(_ID, re.ASCII)
_MANY = re.compile(rf"\0(?:{_ID}\0)*".encode())
_HEX = re.compile(r"[0-9a-f]{16}", re.ASCII)


def is_user(text: str) -> bool:
    """Whether ``text`` can be a user ID."""
    return _ONE.fullmatch(text) is not None


@dataclass(frozen=True, slots=True, repr=False)
class Friends:
    """An immutable set of user IDs; its ``repr`` names none of them."""

    _blob: bytes
    _packed: bool
    _buckets: "array[int] | None" = field(default=None, compare=False)  # where each begins, and the last one ends

    def __repr__(self) -> str:
        return "<Friends>"

    @classmethod
    def listed(cls, ids: list[str]) -> Self:
        """From a list in any order; raises ``TokenRefused`` for anything that is not a user ID."""
        try:
            blob = ("\0" + "".join(f"{name}\0" for name in sorted(ids))).encode("ascii")
        except UnicodeEncodeError:
            raise TokenRefused from None
        if blob.count(0) != len(ids) + 1 or _MANY.fullmatch(blob) is None:
            raise TokenRefused
        return cls._by_bucket(blob)

    @classmethod
    def lines(cls, content: bytes) -> Self:
        """From IDs that each end with a line feed; raises ``TokenRefused`` unless all are user IDs, strictly ascending."""
        blob = b"\0" + content.replace(b"\n", b"\0")
        if _MANY.fullmatch(blob) is None or b"\0" in content or not _ascends(content.split(b"\n")[:-1]):
            raise TokenRefused
        return cls._by_bucket(blob)

    @classmethod
    def packed(cls, text: str) -> Self:
        """From base64url without padding; raises ``TokenRefused`` unless whole, canonical and strictly ascending."""
        try:
            blob = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except (ValueError, binascii.Error):
            raise TokenRefused from None
        if base64.urlsafe_b64encode(blob).rstrip(b"=") != text.encode():
            raise TokenRefused
        return cls.numbers(blob)

    @classmethod
    def numbers(cls, blob: bytes) -> Self:
        """From packed bytes as they are; raises ``TokenRefused`` unless whole and strictly ascending."""
        if len(blob) % PACKED_BYTES:
            raise TokenRefused
        ids = array("Q", blob)
        if sys.byteorder == "little":
            ids.byteswap()
        if not _ascends(ids):
            raise TokenRefused
        return cls(blob, True)

    @classmethod
    def _by_bucket(cls, blob: bytes) -> Self:
        """The IDs of a blob, which ascend there, as they are searched best."""
        if len(blob) <= SHORT_BYTES:
            return cls(blob, False)
        ids = blob[1:-1].split(b"\0")
        buckets: list[list[bytes]] = [[] for _ in range(len(ids) // PER_BUCKET + 1)]
        for name in ids:
            buckets[hash(name) % len(buckets)].append(name)
        edges = accumulate((sum(map(len, bucket)) + len(bucket) for bucket in buckets), initial=0)
        return cls(b"\0" + b"".join(b"%b\0" % name for bucket in buckets for name in bucket), False, array("I", edges))

    @property
    def size(self) -> int:
        """Bytes of memory the set holds."""
        return len(self._blob) + (0 if self._buckets is None else len(self._buckets) * self._buckets.itemsize)

    def __contains__(self, user: str) -> bool:
        if not self._packed:
            return is_user(user) and self._among_listed(user.encode())
        return _HEX.fullmatch(user) is not None and self._among_packed(bytes.fromhex(user))

    def _among_listed(self, wanted: bytes) -> bool:
        """Whether it stands between two NULs; in a long list, between those around its bucket."""
        if self._buckets is None:
            return b"\0%b\0" % wanted in self._blob
        bucket = hash(wanted) % (len(self._buckets) - 1)
        return self._blob.find(b"\0%b\0" % wanted, self._buckets[bucket], self._buckets[bucket + 1] + 1) >= 0

    def _among_packed(self, wanted: bytes) -> bool:
        count = len(self._blob) // PACKED_BYTES
        place = bisect_left(range(count), wanted, key=self._at)
        return place < count and self._at(place) == wanted

    def _at(self, place: int) -> bytes:
        return self._blob[place * PACKED_BYTES : (place + 1) * PACKED_BYTES]


def _ascends(values: Sequence[Any]) -> bool:
    return all(map(lt, values, values[1:]))


NO_FRIENDS = Friends(b"\0", False)
