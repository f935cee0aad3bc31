"""Real processes and real signals: start, answer, drain, stop, restart."""

import asyncio
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import closing
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request
from urllib.request import urlopen

import pytest

from edge.errors import Unavailable
from tests.fakes import PATH
from tests.fakes import Published
from tests.fakes import World

PATIENCE_SECONDS = 20.0


@pytest.fixture
def published(tmp_path: Path) -> tuple[World, Published]:
    """A configured edge with a photo, not running."""
    world = World(tmp_path)
    world.configure({"token": {"max_lifetime_seconds": 3_600}}, drain_seconds=3)
    return world, asyncio.run(world.publish({1: "u-red"}))


@contextmanager
def running(world: World, *arguments: str) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """``mfmc-edge serve`` as an operator starts it; the process and its address."""
    command = [sys.executable, "-m", "edge", "serve", "--config", str(world.folder / "config.toml"), *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process, process.stdout.readline().split()[-1]
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=PATIENCE_SECONDS)


def fetch(address: str, world: World) -> bytes:
    """The photo as its owner sees it, waiting for a worker to listen."""
    token = world.issuer.token("u-red", exp=int(time.time()) + 600, iat=int(time.time()) - 1)
    ends = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            asked = Request(address + PATH, headers={"Authorization": f"Bearer {token}"})  # noqa: S310 - loopback
            with urlopen(asked, timeout=5) as answer:  # noqa: S310
                return bytes(answer.read())
        except OSError:
            assert time.monotonic() < ends, "the edge does not answer"


def children(pid: int) -> set[int]:
    """The worker processes of a supervisor."""
    return {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("workers", [1, 2])
def test_start_and_stop(published: tuple[World, Published], number: signal.Signals, workers: int) -> None:
    """The edge answers, and a signal ends it in order, workers and all, with nothing on stderr."""
    world, made = published
    with running(world, "--workers", str(workers)) as (process, address):
        assert fetch(address, world) == made.seen(1)
        process.send_signal(number)
        _, err = process.communicate(timeout=PATIENCE_SECONDS)
        assert process.returncode == 0
        assert err == ""


def test_dead_worker_is_replaced(published: tuple[World, Published]) -> None:
    """A worker that is killed is started again, and the port answers all the while."""
    world, made = published
    with running(world, "--workers", "2") as (process, address):
        assert fetch(address, world) == made.seen(1)
        before = children(process.pid)
        assert len(before) == 2
        victim = min(before)
        os.kill(victim, signal.SIGKILL)
        ends = time.monotonic() + PATIENCE_SECONDS
        while len(children(process.pid) - {victim}) < 2:
            assert time.monotonic() < ends, "no new worker"
        assert fetch(address, world) == made.seen(1)
        assert len(children(process.pid) & before) == 1


def test_workers_do_not_outlive_their_parent(published: tuple[World, Published]) -> None:
    """When the parent is killed, its workers stop too: nobody would restart or stop them."""
    world, made = published
    with running(world, "--workers", "2") as (process, address):
        assert fetch(address, world) == made.seen(1)
        workers = children(process.pid)
        process.kill()
        process.communicate(timeout=PATIENCE_SECONDS)
        ends = time.monotonic() + PATIENCE_SECONDS
        while any(Path(f"/proc/{pid}").exists() for pid in workers):
            assert time.monotonic() < ends, "a worker lives on"


def test_workers_that_cannot_start_end_the_parent(published: tuple[World, Published]) -> None:
    """A fault that only a worker meets, and no restart can mend, ends the whole edge with 1 and says why."""
    world, _ = published
    world.configure({"catalog": {"url": "sqlite+aiosqlite:///other.sqlite3"}})
    with closing(sqlite3.connect(world.folder / "other.sqlite3")) as database:
        database.execute("CREATE TABLE photo (of_another_program INTEGER)")
    with running(world, "--workers", "2") as (process, _):
        _, err = process.communicate(timeout=PATIENCE_SECONDS)
        assert process.returncode == 1
        assert Unavailable.advice in err


def test_port_in_use(published: tuple[World, Published]) -> None:
    """A second edge on the same port refuses to start."""
    world, _ = published
    with running(world) as (_, address):
        port = int(re.findall(r"\d+$", address)[0])
        world.configure({}, port=port)
        command = [sys.executable, "-m", "edge", "serve", "--config", str(world.folder / "config.toml")]
        found = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
        assert found.returncode == 1
        assert "cannot listen" in found.stderr


def test_slow_parser_is_refused(published: tuple[World, Published]) -> None:
    """Without aiohttp's C parser, which is the strict one, nothing listens."""
    world, _ = published
    command = [sys.executable, "-m", "edge", "serve", "--config", str(world.folder / "config.toml")]
    environment = os.environ | {"AIOHTTP_NO_EXTENSIONS": "1"}
    found = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, env=environment)
    assert found.returncode == 1
    assert "C parser" in found.stderr


def test_running_requests_are_finished(published: tuple[World, Published]) -> None:
    """An answer that is on its way when the signal comes arrives whole, and the idle connection is then closed."""
    world, made = published
    file = world.origin_file(made, 0)
    content = file.read_bytes()
    with running(world) as (process, address):
        host, port = address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS) as client:
            client.sendall(f"GET {PATH} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            first = client.recv(10)
            process.terminate()
            rest = first
            while chunk := client.recv(1 << 16):
                rest += chunk
        assert rest.endswith(content)
        process.communicate(timeout=PATIENCE_SECONDS)
        assert process.returncode == 0


def status_of(address: str) -> tuple[int, str]:
    """The status and text of an address; 0 where nobody answers."""
    try:
        with urlopen(address, timeout=5) as answer:  # noqa: S310 - loopback
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


def until(true: Callable[[], bool]) -> None:
    """Wait for something that another process does."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < ends, "it does not happen"
        time.sleep(0.02)


@pytest.mark.parametrize("workers", [1, 2])
def test_looked_after(tmp_path: Path, workers: int) -> None:
    """A port of its own tells health, readiness and metrics of all workers, and no picture; SIGHUP brings a new configuration
    to every worker, and a bad one to none; on SIGTERM readiness ends while pictures are still sent."""
    world = World(tmp_path)
    tables = {"token": {"max_lifetime_seconds": 3_600}}
    watched = {"admin": {"port": 0}, "unready_seconds": 600, "drain_seconds": 3}
    world.configure(tables, **watched)
    made = asyncio.run(world.publish({1: "u-red"}))
    with running(world, "--workers", str(workers)) as (process, address):
        admin = process.stdout.readline().split()[-1]  # type: ignore[union-attr]
        for _ in range(6):
            assert fetch(address, world) == made.seen(1)
        until(lambda: status_of(f"{admin}/-/ready") == (200, "ready\n"))
        assert status_of(f"{admin}/-/health") == (200, "alive\n")
        assert status_of(f"{admin}{PATH}")[0] == status_of(f"{address}/metrics")[0] == 404
        counted = 'mfmc_pictures_total{answer="spliced",credentials="good",granted="all"} 6.0'
        until(lambda: counted in status_of(f"{admin}/metrics")[1])

        file = world.folder / "config.toml"
        good = file.read_text()
        file.write_text("[edge")
        process.send_signal(signal.SIGHUP)
        time.sleep(0.5)
        assert fetch(address, world) == made.seen(1)
        file.write_text(good)
        world.configure(tables | {"policy": {"default_rule": "everyone"}}, **watched)
        process.send_signal(signal.SIGHUP)
        until(lambda: f'mfmc_reloads_total{{outcome="done"}} {workers}.0' in status_of(f"{admin}/metrics")[1])
        for _ in range(6):
            assert urlopen(address + PATH, timeout=5).read() == made.seen(1)  # noqa: S310

        process.send_signal(signal.SIGTERM)
        until(lambda: status_of(f"{admin}/-/ready")[0] == status_of(f"{address}/-/ready")[0] == 503)
        assert fetch(address, world) == made.seen(1)
        assert status_of(f"{admin}/-/health") == (200, "alive\n")
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0
    assert "the old configuration stays" in err
    assert "TOML" in err
    assert err.count("the configuration was read again") == workers


def test_one_port_for_two_is_refused(published: tuple[World, Published]) -> None:
    """Admin and edge cannot share a port, and the line names the table to change."""
    world, _ = published
    with socket.create_server(("127.0.0.1", 0)) as taken:
        world.configure({}, admin={"port": taken.getsockname()[1]})
        command = [sys.executable, "-m", "edge", "serve", "--config", str(world.folder / "config.toml")]
        found = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
    assert found.returncode == 1
    assert "edge.admin.port" in found.stderr
