"""The one shape a photo's address may have; everything else is a 404 before any I/O.

    target  = path [ "?" query ]          the query is ``edge.render.request``'s
    path    = 1*( "/" segment )           at most 512 bytes, no fragment, no percent sign
    segment = ( ALPHA / DIGIT / "_" / "-" ) *( ALPHA / DIGIT / "." / "_" / "-" )

No segment can start with a dot, so none can climb; nothing is decoded, so nothing has two spellings.
"""

import re

from edge.errors import NotFound

MAX_BYTES = 512
OURS = "/-/"
CONTROL = ("/-/api/", "/-/urls")

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


def is_control(raw: str) -> bool:
    """Whether a raw request target is the control API's, which answers in JSON and takes other methods than GET."""
    return raw.startswith(CONTROL)
