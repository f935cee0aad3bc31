"""Which other sites' pages may read pictures, and not only show them (CORS, https://fetch.spec.whatwg.org/#http-cors-protocol).

What strangers and holders of a signed URL get, the listed origins may read. What is shown to a viewer for a token or a cookie
they may read only with ``credentials``: a page that is listed then sees what its visitor sees.
"""

from collections.abc import Mapping
from collections.abc import Sequence
from typing import Annotated
from typing import Final

from msgspec import Meta

from edge.errors import ConfigError
from edge.section import Section
from edge.section import shape

ANY: Final = "*"
METHODS: Final = "GET, HEAD"
PLAIN_HEADERS: Final = "If-None-Match, If-Range, Range"
READABLE: Final = "Content-Range, ETag, Mfmc-Faces"  # besides what every page may read of an answer

_NAME = r"(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])"
Origin = Annotated[
    str, shape(rf"\A(?:\*|https?://{_NAME}(?::[1-9][0-9]{{0,4}})?)\Z", "\"*\", or an origin as browsers send it: https://host[:port]")
]


class Cors(Section, frozen=True):
    """``[edge.cors]``: whose pages may read pictures; without any, nobody's but the edge's own."""

    origins: Annotated[tuple[Origin, ...], Meta(max_length=64)] = ()
    credentials: bool = False
    max_age_seconds: Annotated[int, Meta(ge=0, le=86_400)] = 600


def validate(settings: Cors) -> None:
    """Refuse what would let every page read what its visitor sees; raises ``ConfigError``."""
    if ANY in settings.origins and len(settings.origins) > 1:
        raise ConfigError("edge.cors.origins: \"*\" stands for every origin; name no other beside it")
    if settings.credentials and (ANY in settings.origins or not settings.origins):
        raise ConfigError("edge.cors.credentials: name the origins whose pages may read what their visitors see; \"*\" is none")


class Sharing:
    """The headers of answers that pages of these ``origins`` may read.

    One origin, or all, is told to everybody, so that shared caches keep one answer; several are told each to itself, and then
    answers vary by Origin.
    """

    def __init__(self, origins: Sequence[str], *, credentials: bool) -> None:
        lines = {origin: _lines(origin, credentials=credentials) for origin in origins}
        self.varies = len(lines) > 1
        self._always = b"" if self.varies else b"".join(lines.values())
        self._lines = lines if self.varies else {}

    def lines(self, headers: Mapping[str, str]) -> bytes:
        """Header lines of an answer to a request with these ``headers``, each ended."""
        return self._lines.get(headers.get("Origin", ""), b"") if self.varies else self._always


class Preflight:
    """What pages are told who ask whether they may ask."""

    def __init__(self, settings: Cors) -> None:
        self._origins = frozenset(settings.origins)
        self._allows = {"Access-Control-Allow-Methods": METHODS, "Access-Control-Max-Age": str(settings.max_age_seconds)}
        self._allows["Access-Control-Allow-Headers"] = PLAIN_HEADERS
        if settings.credentials:
            self._allows["Access-Control-Allow-Headers"] += ", Authorization"
            self._allows["Access-Control-Allow-Credentials"] = "true"

    def headers(self, asked: Mapping[str, str]) -> dict[str, str]:
        """The headers of the answer to OPTIONS; nothing is allowed to an origin that is not listed."""
        if not self._origins:
            return {}
        origin = ANY if ANY in self._origins else asked.get("Origin", "")
        allowed = origin in self._origins and "Access-Control-Request-Method" in asked
        return {"Vary": "Origin"} | ({"Access-Control-Allow-Origin": origin} | self._allows if allowed else {})


def _lines(origin: str, *, credentials: bool) -> bytes:
    credential = "Access-Control-Allow-Credentials: true\r\n" if credentials else ""
    told = f"Access-Control-Allow-Origin: {origin}\r\n{credential}Access-Control-Expose-Headers: {READABLE}\r\n"
    return told.encode()
