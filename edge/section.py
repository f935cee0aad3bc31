"""What the tables of ``config.toml`` are made of: strict structs, ranges, and the rule for addresses."""

import ipaddress
import re
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta
from yarl import URL

from edge.errors import ConfigError

Seconds = Annotated[float, Meta(gt=0, le=86_400)]
Count = Annotated[int, Meta(ge=1, le=10_000_000)]
Bytes = Annotated[int, Meta(ge=1, le=1 << 40)]
Text = Annotated[str, Meta(min_length=1, max_length=512)]

_WORDS: dict[str, str] = {}
_SHAPE = re.compile(r"matching regex (['\"])(?P<quoted>.*)\1 - at `\$\.(?P<key>[^`]+)`")


def shape(pattern: str, words: str, *, max_length: int | None = None) -> Meta:
    """A text of this shape; whoever writes another one is told ``words``, not the pattern."""
    _WORDS[pattern] = words
    return Meta(pattern=pattern, max_length=max_length)


def in_words(error: msgspec.ValidationError) -> str:
    """What is wrong, and at which key, without a pattern that only a programmer reads."""
    found = _SHAPE.search(str(error))
    if found is None:
        return str(error)
    pattern = found["quoted"].replace("\\\\", "\\")
    return f"{found['key']}: must be {_WORDS.get(pattern, 'of another shape')}"


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One table of the file; a key it does not know is an error."""


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach ``host``."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def path_below(folder: Path, kind: type, value: object) -> Path:
    """A file name of the configuration, relative to ``folder``; raises ``ValueError``, of which msgspec makes its own error."""
    if kind is not Path or not isinstance(value, str) or not value or "\0" in value:
        raise ValueError("Expected a file name")
    return folder / value


def require_one_of(section: str, **choices: object) -> None:
    """Raises ``ConfigError`` unless just one of these keys is set."""
    if sum(value is not None for value in choices.values()) != 1:
        raise ConfigError(f"{section}: set exactly one of {', '.join(choices)}")


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
