"""What a caller of the control API reads when a request is refused: problem details (RFC 9457), never a word of the request.

    {"type": "urn:mfmc-edge:problem:has-owner", "title": "The face has an owner already.", "status": 409}

``type`` is made of the refusal's class, ``title`` is its one fixed sentence; there is no ``detail`` and no ``instance``.
"""

import re
from typing import Final

import msgspec

from edge.errors import MethodNotAllowed
from edge.errors import NotFound
from edge.errors import Refusal
from edge.errors import Unauthorised
from edge.errors import Unavailable

PREFIX: Final = "urn:mfmc-edge:problem:"

# The sentences of these speak of pictures.
TITLES: Final[dict[type[Refusal], str]] = {
    Refusal: "This cannot be answered.",
    NotFound: "There is no such thing.",
    MethodNotAllowed: "This address does not take this method.",
    Unavailable: "This cannot be answered right now.",
}


class Problem(msgspec.Struct, frozen=True):
    """Why a request was refused."""

    type: str
    title: str
    status: int


def of(refusal: Refusal | type[Refusal]) -> Problem:
    """The problem that a refusal is; refusals of one class are one problem."""
    kind = refusal if isinstance(refusal, type) else type(refusal)
    return Problem(f"{PREFIX}{name(kind)}", TITLES.get(kind, kind.sentence), kind.status)


def name(kind: type[Refusal]) -> str:
    """The last part of a problem's type."""
    return "failure" if kind is Refusal else re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower()


def document(refusal: Refusal) -> bytes:
    """The body of the answer."""
    return msgspec.json.encode(of(refusal))


def headers(refusal: Refusal) -> dict[str, str]:
    """What this refusal adds to the headers of the answer (RFC 9110 sections 10.2.1, 10.2.3 and 11.6.1)."""
    added: dict[str, str] = {}
    if isinstance(refusal, MethodNotAllowed):
        added["Allow"] = refusal.allow
    if isinstance(refusal, Unauthorised):
        added["WWW-Authenticate"] = "Bearer"
    if refusal.retry_after is not None:
        added["Retry-After"] = str(refusal.retry_after)
    return added
