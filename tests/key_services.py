"""Key services for tests: each kind ready to be asked, its twin with another key under the same name, and ways to fail."""

import asyncio
import os
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from edge.keys import ring
from edge.keys.opening import open_keys
from edge.keys.remembered import Remembered
from edge.keys.service import KeyService
from edge.keys.service import Pair
from edge.keys.settings import Aws
from edge.keys.settings import Keys
from edge.keys.settings import Vault
from tests.vault import Transit

KINDS = ("ring", "remembered", "aws", "vault", "several")
REMOTE = ("aws", "vault")
TOKEN = "hvs.canary-token"
REGION = "eu-central-1"

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Counting:
    """A service around another one that writes down how many keys each call was for, and waits at a gate."""

    def __init__(self, service: KeyService) -> None:
        self.service = service
        self.wrapped: list[int] = []
        self.unwrapped: list[int] = []
        self.gate: asyncio.Event | None = None
        self.fault: Exception | None = None

    @property
    def primary(self) -> str:
        return self.service.primary

    async def wrap(self, keys: Sequence[Pair]) -> list[bytes]:
        self.wrapped.append(len(keys))
        return await self.service.wrap(keys)

    async def unwrap(self, wrapped: Sequence[Pair]) -> list[bytes]:
        self.unwrapped.append(len(wrapped))
        if self.gate is not None:
            await self.gate.wait()
        if self.fault is not None:
            raise self.fault
        return await self.service.unwrap(wrapped)


@dataclass
class Place:
    """Where the services of one test live; ``moto`` starts AWS on loopback, once, and gives its address."""

    folder: Path
    stack: AsyncExitStack
    moto: Callable[[], str]

    async def service(self, kind: str) -> KeyService:
        """A new service of this kind with a key of its own, under the name that all of the kind bear."""
        return await self.stack.enter_async_context(open_keys(await self.settings(kind)))

    async def settings(self, kind: str) -> Keys:
        """What describes it."""
        match kind:
            case "aws":
                return Keys(service="aws", aws=self.aws())
            case "vault":
                return Keys(service="vault", vault=await self.vault(Transit(TOKEN)))
            case "several":
                return Keys(service="vault", vault=await self.vault(Transit(TOKEN)), ring_file=self.ring())
            case _:
                return Keys(ring_file=self.ring())

    def ring(self) -> Path:
        """A new ring, whose only key has the name that all of them have."""
        file = self.folder / f"{os.urandom(4).hex()}.toml"
        made = ring.create(file)
        file.write_text(file.read_text().replace(made.primary, "k-same"))
        return file

    def aws(self) -> Aws:
        """A new key of the AWS that runs here."""
        from boto3.session import Session

        url = self.moto()
        client = Session().client("kms", region_name=REGION, endpoint_url=url)
        key_id = client.create_key()["KeyMetadata"]["KeyId"]
        client.close()
        return Aws(key_id=key_id, region=REGION, endpoint_url=url, timeout_seconds=30, connect_seconds=30)

    async def vault(self, transit: Transit, **changes: object) -> Vault:
        """A new Vault, and the token file for it."""
        file = self.folder / f"{os.urandom(4).hex()}-token"
        file.write_text(f"{TOKEN}\n")
        file.chmod(0o600)
        told = {"address": await self.serve(transit.answer), "key": "mfmc-edge", "token_file": file, "timeout_seconds": 30}
        return Vault(**(told | changes))  # type: ignore[arg-type]

    async def failing(self, kind: str, answer: Answer, seconds: float = 5) -> KeyService:
        """A service whose other side answers like this."""
        url = await self.serve(answer)
        if kind == "aws":
            self.moto()
            settings = Aws(key_id="alias/x", region=REGION, endpoint_url=url, timeout_seconds=seconds)
            return await self.stack.enter_async_context(open_keys(Keys(service="aws", aws=settings)))
        told = await self.vault(Transit(TOKEN), address=url, timeout_seconds=seconds)
        return await self.stack.enter_async_context(open_keys(Keys(service="vault", vault=told)))

    async def serve(self, answer: Answer) -> str:
        """An HTTP server on loopback; its address."""
        app = web.Application(client_max_size=1 << 24)
        app.router.add_route("*", "/{path:.*}", answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        self.stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return f"http://127.0.0.1:{site.port}"


async def made(place: Place, kind: str) -> KeyService:
    """A service of any kind in ``KINDS``."""
    service = await place.service(kind)
    return Remembered(service, lambda: 0.0, seconds=1, items=1_000) if kind == "remembered" else service
