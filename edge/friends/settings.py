"""``[edge.friends]``: who is asked whether a viewer is somebody's friend, and within which bounds."""

from pathlib import Path
from typing import Annotated
from typing import Literal

from msgspec import Meta

from edge.errors import ConfigError
from edge.section import Bytes
from edge.section import Count
from edge.section import Seconds
from edge.section import Section
from edge.section import Text
from edge.section import require_address
from edge.section import shape

LIST_TYPE = "mfmc-friends+jwt"

Wait = Annotated[float, Meta(gt=0, le=30)]
Connections = Annotated[int, Meta(ge=1, le=1_000)]
AnswerBytes = Annotated[int, Meta(ge=1_024, le=64 << 20)]
StoreId = Annotated[str, shape(r"\A[0-9A-Z]{26}\Z", "a ULID: 26 of 0-9 and A-Z")]
Relation = Annotated[str, shape(r"\A[A-Za-z0-9_-]{1,50}\Z", "1 to 50 of A-Z, a-z, 0-9, _ or -")]
# With an ID of 128 characters in base64url, 251 characters at most: OpenFGA takes 256.
Template = Annotated[
    str,
    shape(
        r"\A(?=.{6,84}\Z)[A-Za-z0-9_-]+:[A-Za-z0-9_.|-]*\{id\}[A-Za-z0-9_.|-]*\Z",
        "a type, a colon and {id}, like user:{id}, 84 characters at most",
    ),
]


class Reference(Section, frozen=True):
    """``[edge.friends.reference]``: signed lists below one fixed address, named by the token."""

    url: Text
    bearer_file: Path | None = None
    max_bytes: AnswerBytes = 4 << 20
    max_list_bytes: AnswerBytes = 4 << 20
    max_lifetime_seconds: Seconds = 86_400
    revalidate_seconds: Seconds = 300
    lists: Count = 1_000
    lists_bytes: Bytes = 64 << 20
    timeout_seconds: Wait = 2
    connect_seconds: Wait = 1
    connections: Connections = 8


class Introspection(Section, frozen=True):
    """``[edge.friends.introspection]``: the issuer's answer about a token (RFC 7662)."""

    url: Text
    client_id: Text
    secret_file: Path
    member: Text = "friends"
    seconds: Annotated[float, Meta(gt=0, le=3_600)] = 60
    max_bytes: AnswerBytes = 4 << 20
    lists: Count = 1_000
    lists_bytes: Bytes = 64 << 20
    timeout_seconds: Wait = 2
    connect_seconds: Wait = 1
    connections: Connections = 8


class OpenFga(Section, frozen=True):
    """``[edge.friends.openfga]``: relations in an OpenFGA store."""

    url: Text
    store: StoreId
    model: StoreId | None = None
    user: Template = "user:{id}"
    relation: Relation = "friend"
    object: Template = "user:{id}"
    encoding: Literal["plain", "base64url"] = "plain"
    consistency: Literal["HIGHER_CONSISTENCY", "MINIMIZE_LATENCY"] = "HIGHER_CONSISTENCY"
    bearer_file: Path | None = None
    max_checks: Annotated[int, Meta(ge=1, le=1_000)] = 50
    seconds: Annotated[float, Meta(gt=0, le=60)] = 5
    answers: Count = 20_000
    timeout_seconds: Wait = 2
    connect_seconds: Wait = 1
    connections: Connections = 8


class Friends(Section, frozen=True):
    """``[edge.friends]``: the one source that counts; every other table is kept for the day it is chosen."""

    source: Literal["token", "reference", "introspection", "openfga"] = "token"
    reference: Reference | None = None
    introspection: Introspection | None = None
    openfga: OpenFga | None = None


def validate(table: Friends, token_type: str) -> None:
    """Refuse what would run open, or could not work; raises ``ConfigError`` naming the key."""
    if table.source != "token" and getattr(table, table.source) is None:
        raise ConfigError(f'edge.friends.source: "{table.source}" needs the table [edge.friends.{table.source}]')
    if token_type.lower() == LIST_TYPE:
        raise ConfigError(f"edge.token.type: {LIST_TYPE} is for lists of friends; a token must not pass for one")
    for name in ("reference", "introspection", "openfga"):
        chosen = getattr(table, name)
        require_address(f"edge.friends.{name}.url", chosen and chosen.url, plain=False)
    if table.reference is not None:
        _room("reference", table.reference.lists_bytes, table.reference.max_list_bytes)
    if table.introspection is not None:
        _room("introspection", table.introspection.lists_bytes, table.introspection.max_bytes)


def _room(name: str, memory: int, largest: int) -> None:
    if memory < largest * 2:
        raise ConfigError(f"edge.friends.{name}.lists_bytes: must be at least twice the {largest} bytes of one list")
