"""Where the signed list of a viewer's friends lies, and which one it must be, as the token says.

    friends_ref     = [ address ] path         address: the configured one, to the letter; at most 512 characters
    path            = segment *( "/" segment )
    segment         = ( ALPHA / DIGIT / "_" / "-" ) *( ALPHA / DIGIT / "." / "_" / "-" )
    friends_version = 1*64( ALPHA / DIGIT / "." / "_" / "-" )

No segment can start with a dot, so none can climb; nothing is decoded, so nothing has two spellings; there is no query.
"""

import re
from dataclasses import dataclass
from typing import Self

from edge.errors import FriendsUnknown
from edge.errors import TokenRefused

MAX_REF = 512

_SEGMENT = r"[A-Za-z0-9_-][A-Za-z0-9._-]*"
_PATH = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT})*", re.ASCII)
_VERSION = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True, repr=False)
class Pointer:
    """A place and a version of the graph of friends; its ``repr`` tells neither."""

    where: str
    version: str

    def __repr__(self) -> str:
        return "<Pointer>"

    @classmethod
    def parse(cls, where: str, version: str) -> Self:
        """From the two claims; raises ``TokenRefused`` for one that is too long or no version."""
        if len(where) > MAX_REF or _VERSION.fullmatch(version) is None:
            raise TokenRefused
        return cls(where, version)

    def below(self, address: str) -> str:
        """The place as an address below ``address``, which ends with a slash.

        Raises ``FriendsUnknown`` for a place anywhere else.
        """
        path = self.where.removeprefix(address)
        if _PATH.fullmatch(path) is None:
            raise FriendsUnknown
        return address + path
