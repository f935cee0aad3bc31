"""Whether the edge could start: all that it needs is looked at, nothing is made or changed, and only the catalog is asked."""

from contextlib import AsyncExitStack
from pathlib import Path

from sqlalchemy import make_url

from edge import config
from edge import issuer
from edge.catalog import schema
from edge.catalog.database import Database
from edge.errors import ConfigError
from edge.friends.source import open_source
from edge.keys.opening import open_keys
from edge.origin import open_origin
from edge.urls.door import UrlDoor


async def require_usable(settings: config.Config) -> None:
    """Raises ``ConfigError``, ``KeyRingError`` or ``Unavailable`` for what would keep ``serve`` from starting."""
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(open_keys(settings.keys))
        store = await open_origin(settings.edge.origin)
        stack.push_async_callback(store.close)
        signer = await issuer.open_issuer(settings.edge.token)
        stack.push_async_callback(signer.close)
        if settings.edge.control.service is not None:
            service = await issuer.open_issuer(settings.edge.control.service, "edge.control.service")
            stack.push_async_callback(service.close)
        if settings.edge.urls is not None:
            await UrlDoor.open(settings.edge.urls)
        friends = await open_source(settings.edge, signer)
        stack.push_async_callback(friends.close)
    await _require_catalog(settings.catalog.url)


async def _require_catalog(url: str) -> None:
    if _is_yet_to_be_made(url):
        return
    database = Database.at(url)
    try:
        async with database.reading() as connection:
            await connection.run_sync(schema.require_ours)
    finally:
        await database.close()


def _is_yet_to_be_made(url: str) -> bool:
    """Whether it is an embedded catalog that whoever opens it first will make; raises ``ConfigError`` where that cannot be."""
    file = make_url(url).database
    if file is None or not make_url(url).drivername.startswith("sqlite") or Path(file).exists():
        return False
    if not Path(file).parent.is_dir():
        raise ConfigError(f"catalog.url: {Path(file).parent} is not a folder; make it: mkdir -p {Path(file).parent}")
    return True
