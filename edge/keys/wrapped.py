"""The head that every wrapped key begins with: it names the wrapping key, so that nothing needs to be tried.

    form and id length(1) || id || sealed

The low seven bits of the first byte are the length of the id, 1 to 32. Its high bit is 1 for a key that was wrapped with
the public half of a ring's key (``public_ring``), and 0 for all else: a ring's key itself (``ring``), or a key that never
leaves its service (``aws``, ``vault``). What ``sealed`` is, each of those four says.
"""

import re
from dataclasses import dataclass
from typing import Self

from edge.errors import Damaged

MAX_WRAPPED_BYTES = 1_024
PUBLIC = 0x80

_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}", re.ASCII)


def is_key_id(text: str) -> bool:
    """Whether ``text`` can name a wrapping key."""
    return _KEY_ID.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A wrapped key, taken apart and not opened; holds nothing secret."""

    key_id: str
    public: bool
    sealed: bytes

    @classmethod
    def parse(cls, wrapped: bytes) -> Self:
        """The parts; raises ``Damaged`` for what cannot be a wrapped key."""
        if not 1 < len(wrapped) <= MAX_WRAPPED_BYTES:
            raise Damaged
        start = 1 + (wrapped[0] & ~PUBLIC)
        key_id = wrapped[1:start].decode("ascii", "replace")
        if len(wrapped) <= start or not is_key_id(key_id):
            raise Damaged
        return cls(key_id, bool(wrapped[0] & PUBLIC), wrapped[start:])


def wrapped_by(wrapped: bytes) -> str:
    """The id of the wrapping key that ``wrapped`` names, known or not; raises ``Damaged`` where it names none."""
    return Wrapped.parse(wrapped).key_id


def heads(key_id: str) -> tuple[bytes, bytes]:
    """What every key wrapped by ``key_id`` begins with: its private form and its public one.

    No head begins another, so a store may look for them by prefix.
    """
    name = key_id.encode("ascii")
    return bytes((len(name),)) + name, bytes((len(name) | PUBLIC,)) + name


def bound(label: bytes, key_id: str, context: bytes) -> bytes:
    """What a wrapped key is bound to, as bytes: the form, the wrapping key and the purpose, each with its length."""
    return b"".join(len(part).to_bytes(4, "big") + part for part in (label, key_id.encode("ascii"), context))
