"""Whether the edge could start: all that it needs is looked at, nothing is made or changed, and only the catalog is asked."""

from collections.abc import Awaitable
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from sqlalchemy import make_url

from edge import config
from edge import issuer
from edge.catalog import schema
from edge.catalog.database import Database
from edge.errors import ConfigError
from edge.friends.source import open_source
from edge.keys.opening import open_keys
from edge.origin import open_origin
from edge.trace import open_spans
from edge.urls.door import UrlDoor

Check = Callable[[config.Config], Awaitable[str]]


async def require_usable(settings: config.Config) -> None:
    """Raises ``ConfigError``, ``KeyRingError`` or ``Unavailable`` for what would keep ``serve`` from starting."""
    for check in NEEDED.values():
        await check(settings)


async def _keys(settings: config.Config) -> str:
    async with open_keys(settings.keys) as service:
        return f"new faces are wrapped by {service.primary}"


async def _origin(settings: config.Config) -> str:
    store = await open_origin(settings.edge.origin)
    await store.close()
    return f"{settings.edge.origin.url or settings.edge.origin.folder}"


async def _tokens(settings: config.Config) -> str:
    async with AsyncExitStack() as stack:
        signer = await issuer.open_issuer(settings.edge.token)
        stack.push_async_callback(signer.close)
        if settings.edge.control.service is not None:
            service = await issuer.open_issuer(settings.edge.control.service, "edge.control.service")
            stack.push_async_callback(service.close)
        if settings.edge.urls is not None:
            await UrlDoor.open(settings.edge.urls)
        friends = await open_source(settings.edge, signer)
        stack.push_async_callback(friends.close)
    return f"tokens of {settings.edge.token.issuer} count, friends come from: {settings.edge.friends.source}"


async def _traces(settings: config.Config) -> str:
    open_spans(settings.edge.trace).close()
    return "off" if settings.edge.trace.url is None else f"{settings.edge.trace.share:g} of all requests are traced"


async def _catalog(settings: config.Config) -> str:
    url = settings.catalog.url
    if is_yet_to_be_made(url):
        return "will be made when it is first opened"
    database = Database.at(url)
    try:
        async with database.reading() as connection:
            await connection.run_sync(schema.require_ours)
            found = await connection.run_sync(schema.revision)
    finally:
        await database.close()
    will = "" if found == schema.HEAD else f", will be brought to {schema.HEAD} when it is first opened"
    return f"schema {found or 'none'}{will}"


def is_yet_to_be_made(url: str) -> bool:
    """Whether it is an embedded catalog that whoever opens it first will make; raises ``ConfigError`` where that cannot be."""
    file = make_url(url).database
    if file is None or not make_url(url).drivername.startswith("sqlite") or Path(file).exists():
        return False
    if not Path(file).parent.is_dir():
        raise ConfigError(f"catalog.url: {Path(file).parent} is not a folder; make it: mkdir -p {Path(file).parent}")
    return True


NEEDED: Final[dict[str, Check]] = {
    "keys": _keys,
    "origin": _origin,
    "tokens": _tokens,
    "traces": _traces,
    "catalog": _catalog,
}
