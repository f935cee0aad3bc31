"""What the tables of ``config.toml`` are made of: strict structs, ranges, and the rule for addresses."""

import ipaddress
from typing import Annotated

import msgspec
from msgspec import Meta
from yarl import URL

from edge.errors import ConfigError

Seconds = Annotated[float, Meta(gt=0, le=86_400)]
Count = Annotated[int, Meta(ge=1, le=10_000_000)]
Bytes = Annotated[int, Meta(ge=1, le=1 << 40)]
Text = Annotated[str, Meta(min_length=1, max_length=512)]


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One table of the file; a key it does not know is an error."""


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach ``host``."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def require_address(key: str, text: str | None, *, plain: bool) -> None:
    """Refuse all but a fixed http(s) address without user, query or fragment; http only where ``plain`` or on loopback.

    Raises ``ConfigError`` naming the key.
    """
    if text is None:
        return
    try:
        url = URL(text)
    except ValueError:
        raise ConfigError(f"{key}: is not an address") from None
    if url.scheme not in ("http", "https") or not url.host or url.user or url.query_string or url.fragment:
        raise ConfigError(f"{key}: must be http(s)://host[:port]/path, without user, query or fragment")
    if url.scheme == "http" and not plain and not is_loopback(url.host):
        raise ConfigError(f"{key}: must be https, since whoever changes what is said on the way can be anyone")
