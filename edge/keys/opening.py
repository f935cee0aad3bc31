"""From ``[keys]`` to the service it describes; a cloud's library is loaded only where it is used."""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from contextlib import asynccontextmanager

from edge.keys.ring_service import RingService
from edge.keys.service import KeyService
from edge.keys.settings import Keys
from edge.keys.several import Several


@asynccontextmanager
async def open_keys(settings: Keys) -> AsyncIterator[KeyService]:
    """The key service, ready to be asked; raises ``ConfigError`` or ``KeyRingError`` for what cannot work.

    Nothing is asked of a service here, so one that is down does not keep a process from starting.
    """
    async with AsyncExitStack() as stack:
        opened: dict[str, KeyService] = {}
        named: dict[str, KeyService] = {}
        if settings.ring_file is not None:
            opened["ring"] = await RingService.open(settings.ring_file, time.monotonic)
        if settings.aws is not None:
            from edge.keys.aws import open_aws

            opened["aws"] = named[settings.aws.name] = await stack.enter_async_context(open_aws(settings.aws))
        if settings.vault is not None:
            from edge.keys.vault import open_vault

            opened["vault"] = named[settings.vault.name] = await stack.enter_async_context(open_vault(settings.vault))
        primary = opened[settings.service]
        yield primary if len(opened) == 1 else Several(primary, named, opened.get("ring"))
