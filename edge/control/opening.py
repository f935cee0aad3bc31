"""From the configuration to a ``Control``: the catalog, the key service and the audit log that it works with."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from edge import config
from edge.audit.anchor import Anchor
from edge.audit.log import LogBook
from edge.catalog import Catalog
from edge.control.change import Changes
from edge.control.perform import Control
from edge.keys.opening import open_keys


@asynccontextmanager
async def open_control(settings: config.Config) -> AsyncIterator[Control]:
    """Control for as long as this lasts; raises ``ConfigError``, ``KeyRingError`` or ``Unavailable``."""
    async with Catalog.open(settings.catalog.url) as catalog, open_keys(settings.keys) as keys:
        yield control(settings, catalog, LogBook(catalog, keys))


def control(settings: config.Config, catalog: Catalog, book: LogBook) -> Control:
    """Control over a catalog that is open already."""
    return Control(Changes(catalog, book, Anchor(settings.audit.anchor_file)), settings.policy)
