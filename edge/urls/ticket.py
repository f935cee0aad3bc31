"""What a signed URL says, before it is sealed: until when, which faces as they were then, in which rendition.

    expires(8)            seconds since 1970, big-endian
    decision(16)          SHA-256 of ``edge.cache.key.decision``, cut: the version, and both epochs of each granted face
    rendition length(1)   0 to 64
    rendition             canonical, such as "w=640"; "" is the picture as it was published
    faces(32 or 512)      one bit for each face number: number n is bit n mod 8 (1 is the lowest) of byte n div 8

The 32 bytes of faces stand for numbers up to 255, granted or not, so the length tells neither how many faces there are nor how
many are granted; only where a higher number is granted it takes 512. Epochs need not be read back, only compared: a hash will do.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Final
from typing import Self

from edge.cache import key
from edge.cache.key import Shown
from edge.errors import Damaged
from edge.keys.envelope import ID_BYTES

DECISION_BYTES: Final = 16
FACES_BYTES: Final = (32, 512)
MAX_RENDITION: Final = 64
MAX_SECONDS: Final = 1 << 48

_RENDITION = re.compile(r"[a-z0-9=,.&-]*", re.ASCII)
_HEAD: Final = 8 + DECISION_BYTES + 1


def is_rendition(text: str) -> bool:
    """Whether ``text`` can name a rendition."""
    return len(text) <= MAX_RENDITION and _RENDITION.fullmatch(text) is not None


@lru_cache(maxsize=10_000)
def fingerprint(version: bytes, shown: tuple[Shown, ...]) -> bytes:
    """The decision, as a ticket has it: another version, face or epoch is another one."""
    return sha256(key.decision(version, shown)).digest()[:DECISION_BYTES]


@dataclass(frozen=True, slots=True, repr=False)
class Ticket:
    """One signed URL's content; its ``repr`` tells nothing."""

    expires: int
    decision: bytes
    rendition: str
    faces: frozenset[int]

    def __repr__(self) -> str:
        return "<Ticket>"

    @classmethod
    def of(cls, version: bytes, shown: Iterable[Shown], expires: int, rendition: str = "") -> Self:
        """A ticket for these faces (number, epoch, owner's epoch); raises ``ValueError`` for what no ticket can say."""
        faces = tuple(sorted(shown))
        numbers = frozenset(number for number, _, _ in faces)
        if len(version) != ID_BYTES or not is_rendition(rendition) or not 0 <= expires < MAX_SECONDS:
            raise ValueError("a version is 16 bytes, a rendition canonical, and an expiry a time")
        if len(numbers) != len(faces) or not all(0 <= number < 8 * FACES_BYTES[-1] for number in numbers):
            raise ValueError("a face is named once, by its number on the photo, 0 to 4095")
        return cls(expires, fingerprint(version, faces), rendition, numbers)

    @classmethod
    def parse(cls, content: bytes) -> Self:
        """The ticket in authenticated bytes; raises ``Damaged`` for any that ``bytes`` does not write."""
        end = _HEAD + content[_HEAD - 1] if len(content) >= _HEAD else 0
        rendition, faces = content[_HEAD:end].decode("ascii", "replace"), content[end:]
        if not end or len(faces) not in FACES_BYTES or not is_rendition(rendition):
            raise Damaged
        bits = int.from_bytes(faces, "little")
        numbers = frozenset(number for number in range(bits.bit_length()) if bits >> number & 1)
        ticket = cls(int.from_bytes(content[:8], "big"), content[8 : 8 + DECISION_BYTES], rendition, numbers)
        if bytes(ticket) != content:
            raise Damaged
        return ticket

    def __bytes__(self) -> bytes:
        bits = sum(1 << number for number in self.faces)
        room = next(room for room in FACES_BYTES if bits.bit_length() <= 8 * room)
        rendition = self.rendition.encode("ascii")
        head = self.expires.to_bytes(8, "big") + self.decision + bytes((len(rendition),)) + rendition
        return head + bits.to_bytes(room, "little")
