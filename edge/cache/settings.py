"""``[edge.cache]`` of ``config.toml``."""

from pathlib import Path
from typing import Annotated

from msgspec import Meta

from edge.section import Bytes
from edge.section import Count
from edge.section import Section


class Cache(Section, frozen=True):
    """``[edge.cache]``: how much is kept, and for how long a decision may lag behind a change."""

    memory_bytes: Bytes = 24 << 20
    memory_items: Count = 2_000
    disk_folder: Path | None = None
    disk_bytes: Annotated[int, Meta(ge=1 << 20, le=1 << 44)] = 1 << 30
    key_cache_seconds: Annotated[float, Meta(gt=0, le=60)] = 5
    key_cache_bytes: Bytes = 16 << 20
    key_cache_items: Count = 2_000
    revocation_seconds: Annotated[float, Meta(gt=0, le=60)] = 5
    catalog_items: Count = 10_000
