"""The headers of pictures, made once for everybody who is answered alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from functools import lru_cache
from typing import Self

from edge import config
from edge.cors import Sharing

JPEG = "image/jpeg"
BY_VIEWER = ("Authorization", "Cookie")
OK = b"HTTP/1.1 200 OK\r\n"
UNCHANGED = b"HTTP/1.1 304 Not Modified\r\n"


@dataclass(frozen=True, slots=True)
class Manner:
    """The status line and headers of a picture and of its 304, made once; what depends on the picture itself is missing."""

    ok: bytes
    unchanged: bytes
    surrogate: bytes
    sharing: Sharing
    send_seconds: float

    @classmethod
    def of(
        cls, settings: config.Edge, cache_control: str, sharing: Sharing, surrogate: bytes = b"", by: Sequence[str] = BY_VIEWER
    ) -> Self:
        """The headers of a picture that may be kept as ``cache_control`` says (RFC 9111 section 5.2.2), varying ``by`` these."""
        names = (*by, "Origin") if sharing.varies else by
        kept = f"Cache-Control: {cache_control}\r\n"
        kept += f"Vary: {', '.join(names)}\r\n" if names else ""
        kept += "Accept-Ranges: bytes\r\n"
        kept += f"X-Content-Type-Options: nosniff\r\nCross-Origin-Resource-Policy: {settings.resource_policy}\r\n"
        kept += "Referrer-Policy: no-referrer\r\nContent-Security-Policy: default-src 'none'; sandbox\r\n"
        ok = OK + f"Content-Type: {JPEG}\r\n{kept}".encode()
        return cls(ok, UNCHANGED + kept.encode(), surrogate, sharing, settings.send_seconds)

    def of_type(self, kind: str, *, negotiated: bool) -> "Manner":
        """The same for a picture of this media type; ``negotiated``: ``Accept`` had a part in which it is."""
        return self if kind == JPEG and not negotiated else _of_type(self, kind, negotiated)


@lru_cache(maxsize=256)
def _of_type(manner: Manner, kind: str, negotiated: bool) -> Manner:
    ok, unchanged = manner.ok.replace(JPEG.encode(), kind.encode()), manner.unchanged
    if negotiated:
        ok, unchanged = (_by_accept(head) for head in (ok, unchanged))
    return replace(manner, ok=ok, unchanged=unchanged)


def _by_accept(head: bytes) -> bytes:
    """The head with ``Accept`` in its ``Vary``; one that has none gets it: that of a signed URL."""
    return head.replace(b"\r\nVary: ", b"\r\nVary: Accept, ") if b"\r\nVary: " in head else head + b"Vary: Accept\r\n"
