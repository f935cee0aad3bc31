"""Fixtures of the edge's tests: AWS on loopback, and a place for key services."""

import importlib.util
import logging
from collections.abc import AsyncIterator
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import AsyncExitStack
from functools import cache
from pathlib import Path

import pytest

from edge.keys.aws import LOGGERS
from tests.key_services import Place

AWS_SURROUNDINGS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@pytest.fixture(scope="session")
def moto() -> Iterator[Callable[[], str]]:
    """The address of AWS on loopback, started when it is first asked for; the test is skipped where it cannot be."""
    running = []

    @cache
    def address() -> str:
        for name in ("boto3", "moto", "flask_cors"):
            if importlib.util.find_spec(name) is None:
                pytest.skip(f"AWS is not tested: {name} is not installed; pip install 'mfmc-edge[dev]' brings it")
        from moto.server import ThreadedMotoServer

        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        running.append(ThreadedMotoServer("127.0.0.1", 0, verbose=False))
        running[0].start()
        host, port = running[0].get_host_and_port()
        return f"http://{host}:{port}"

    yield address
    for server in running:
        server.stop()


@pytest.fixture
async def place(
    tmp_path: Path, moto: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Place]:
    """A place for key services; AWS finds credentials there that are good for nothing."""
    for name, value in AWS_SURROUNDINGS.items():
        monkeypatch.setenv(name, value)
    for name in LOGGERS:
        monkeypatch.setattr(logging.getLogger(name), "level", logging.NOTSET)
    async with AsyncExitStack() as stack:
        yield Place(tmp_path, stack, moto)
