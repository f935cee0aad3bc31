"""The one shape a photo's address may have; everything else is a 404 before any I/O.

    target  = path [ "?" query ]          the query is ``edge.render.request``'s
    path    = 1*( "/" segment )           at most 512 bytes, no fragment, no percent sign
    segment = ( ALPHA / DIGIT / "_" / "-" ) *( ALPHA / DIGIT / "." / "_" / "-" )
    signed  = "/-/s" "/" segment path     that segment at most 1,024 bytes

No segment can start with a dot, so none can climb; nothing is decoded, so nothing has two spellings. What is sealed stands before
the path and not in a query: many caches leave the query out of their keys, and would hand one viewer's picture to another.
"""

import re

from edge.errors import NotFound

MAX_BYTES = 512
MAX_SEALED = 1_024
OURS = "/-/"
SIGNED = "/-/s/"
CONTROL = ("/-/api/", "/-/urls")

_SEALED = re.compile(rf"[A-Za-z0-9_-][A-Za-z0-9._-]{{0,{MAX_SEALED - 1}}}", re.ASCII)
_SHAPE = re.compile(r"(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)+", re.ASCII)


def parse(raw: str) -> str:
    """The photo path in the path of a raw request target, or ``NotFound``; ``/-/`` is the edge's own and names no photo."""
    if len(raw) > MAX_BYTES or raw.startswith(OURS) or _SHAPE.fullmatch(raw) is None:
        raise NotFound
    return raw


def split(raw: str) -> tuple[str, str]:
    """A raw request target as path and query, neither looked at; without its question mark."""
    path, _, query = raw.partition("?")
    return path, query


def is_signed(raw: str) -> bool:
    """Whether a raw request target is a signed URL, good or not."""
    return raw.startswith(SIGNED)


def signed(sealed: str, path: str) -> str:
    """The address of the photo at ``path`` with what is sealed in it: what ``parse_signed`` reads."""
    return f"{SIGNED}{sealed}{path}"


def parse_signed(raw: str) -> tuple[str, str]:
    """What is sealed in a raw request target, not looked at, and the photo's path; raises ``NotFound``."""
    sealed, slash, rest = raw.removeprefix(SIGNED).partition("/")
    if not is_signed(raw) or _SEALED.fullmatch(sealed) is None:
        raise NotFound
    return sealed, parse(slash + rest)


def photo(raw: str) -> str:
    """The photo's path in a raw request target, signed or not; raises ``NotFound``."""
    return parse_signed(raw)[1] if is_signed(raw) else parse(split(raw)[0])


def is_control(raw: str) -> bool:
    """Whether a raw request target is the control API's, which answers in JSON and takes other methods than GET."""
    return raw.startswith(CONTROL)
