"""A viewer's friends as one byte string: small to keep, quick to search.

    listed: NUL || id || NUL || id || NUL          ids of 1 to 128 letters, digits and "_.:@-"
    packed: id(8) || id(8) || ...                  strictly ascending, big-endian; each stands for a user ID
                                                   that is spelled as its 16 lower-case hexadecimal digits
"""

import base64
import binascii
import re
from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

from edge.errors import TokenRefused

PACKED_BYTES = 8

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

    def __repr__(self) -> str:
        return "<Friends>"

    @classmethod
    def listed(cls, ids: list[str]) -> Self:
        """From a list; raises ``TokenRefused`` for anything that is not a user ID."""
        try:
            blob = ("\0" + "".join(f"{name}\0" for name in ids)).encode("ascii")
        except UnicodeEncodeError:
            raise TokenRefused from None
        if blob.count(0) != len(ids) + 1 or _MANY.fullmatch(blob) is None:
            raise TokenRefused
        return cls(blob, False)

    @classmethod
    def packed(cls, text: str) -> Self:
        """From base64url without padding; raises ``TokenRefused`` unless whole, canonical and strictly ascending."""
        try:
            blob = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except (ValueError, binascii.Error):
            raise TokenRefused from None
        if base64.urlsafe_b64encode(blob).rstrip(b"=") != text.encode() or len(blob) % PACKED_BYTES:
            raise TokenRefused
        ids = [blob[start : start + PACKED_BYTES] for start in range(0, len(blob), PACKED_BYTES)]
        if not all(low < high for low, high in pairwise(ids)):
            raise TokenRefused
        return cls(blob, True)

    @property
    def size(self) -> int:
        """Bytes of memory the set holds."""
        return len(self._blob)

    def __contains__(self, user: str) -> bool:
        if not self._packed:
            return is_user(user) and b"\0%b\0" % user.encode() in self._blob
        return _HEX.fullmatch(user) is not None and self._found(bytes.fromhex(user))

    def _found(self, wanted: bytes) -> bool:
        count = len(self._blob) // PACKED_BYTES
        place = bisect_left(range(count), wanted, key=self._at)
        return place < count and self._at(place) == wanted

    def _at(self, place: int) -> bytes:
        return self._blob[place * PACKED_BYTES : (place + 1) * PACKED_BYTES]


NO_FRIENDS = Friends(b"\0", False)
