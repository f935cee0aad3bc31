"""The yardstick of ``benchmarks.serve``: aiohttp and uvloop returning one file's bytes, and nothing else."""

import asyncio
import sys
from pathlib import Path

import uvloop
from aiohttp import web


def main(file: Path) -> None:
    """Serve ``file`` on a free loopback port, printed first."""
    body = file.read_bytes()

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=body, content_type="image/jpeg")

    async def listen() -> None:
        app = web.Application()
        app.router.add_get("/{path:.*}", answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        print(f"listening on http://127.0.0.1:{site.port}", flush=True)
        await asyncio.Event().wait()

    uvloop.run(listen())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
