"""Signing: from a decision to the URL that shows it, the same for all to whom the same faces are granted in the same while."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from edge import address
from edge.cache.key import Shown
from edge.errors import BadRendition
from edge.errors import NotFound
from edge.render.request import ANY
from edge.render.request import exact
from edge.urls.keys import Keys
from edge.urls.ticket import Ticket

BUCKET_SECONDS: Final = 300


@dataclass(frozen=True, slots=True, repr=False)
class Signed:
    """A URL, from the host on, and when it expires. It is a secret until then: its ``repr`` tells nothing of it."""

    url: str
    expires: int

    def __repr__(self) -> str:
        return f"<Signed until {self.expires}>"


def sign(
    keys: Keys,
    path: str,
    version: bytes,
    faces: Iterable[Shown],
    now: float,
    *,
    bucket_seconds: int = BUCKET_SECONDS,
    lifetime_seconds: float | None = None,
    rendition: str = "",
) -> Signed:
    """The URL that shows these faces of this version of the photo at ``path`` as they are.

    Each face is its number, its epoch and its owner's epoch. The URL is good for at least ``lifetime_seconds`` (one bucket unless
    given) from ``now``, and then until the bucket ends. ``rendition`` is what a query would ask for, such as "w=640" or
    "w=400&h=400&fit=cover&fmt=auto", and any size that the edge makes may be signed. Raises ``ValueError`` for what cannot be.
    """
    try:
        address.parse(path)
        asked = str(exact(rendition, ANY))
    except NotFound:
        raise ValueError("the path must be a photo's, such as /2026/t1.jpg") from None
    except BadRendition:
        raise ValueError("the rendition must be such as w=640: made of w, h, fit, dpr, q and fmt, each once") from None
    expires = expiry(now, bucket_seconds if lifetime_seconds is None else lifetime_seconds, bucket_seconds)
    ticket = Ticket.of(version, faces, expires, asked)
    return Signed(address.signed(keys.seal(bytes(ticket), path), path), expires)


def expiry(now: float, lifetime_seconds: float, bucket_seconds: int) -> int:
    """The end of the bucket in which ``now + lifetime_seconds`` lies, in seconds since 1970."""
    return math.ceil((now + lifetime_seconds) / bucket_seconds) * bucket_seconds
