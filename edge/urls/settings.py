"""``[edge.urls]`` of config.toml: which keys sign URLs, and how long they and their pictures stay good."""

from pathlib import Path
from typing import Annotated

from msgspec import Meta

from edge.errors import ConfigError
from edge.section import Bytes
from edge.section import Count
from edge.section import Section
from edge.urls.signing import BUCKET_SECONDS

WholeSeconds = Annotated[int, Meta(ge=1, le=86_400)]


class Urls(Section, frozen=True):
    """``[edge.urls]``: signed URLs; without this table none are made, and every one there is shows the base."""

    key_file: Path
    bucket_seconds: WholeSeconds = BUCKET_SECONDS
    max_lifetime_seconds: WholeSeconds = 3_600
    max_age_seconds: WholeSeconds = 60
    remembered_urls: Count = 20_000
    remembered_bytes: Bytes = 16 << 20


def validate(urls: Urls, ring: Path | None) -> None:
    """Raises ``ConfigError`` for values that do not fit together; ``ring`` is the file that wraps face keys."""
    if ring is not None and ring.resolve() == urls.key_file.resolve():
        raise ConfigError("edge.urls.key_file: must not be keys.ring: who signs URLs must not hold what opens every face")
    if 2 * urls.bucket_seconds > urls.max_lifetime_seconds:
        raise ConfigError("edge.urls.max_lifetime_seconds: at least twice edge.urls.bucket_seconds, or new URLs were refused")
