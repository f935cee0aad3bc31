"""Processes on the two cores of a measurement: servers on one, and on the other whatever loads or feeds them."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, LOAD_CORE = CORES[0], CORES[-1]
START_SECONDS = 30


class NotHere(Exception):
    """What a part needs is not on this machine; the text says how to get it."""


@dataclass(frozen=True)
class Running:
    """A server's address and process id."""

    address: str
    pid: int


def settle() -> None:
    """Keep this process, and what it starts without saying where, off the servers' core."""
    os.sched_setaffinity(0, {LOAD_CORE})


def program(name: str, package: str) -> str:
    """Where a program is; raises ``NotHere``."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        raise NotHere(f"{name} is not installed; run: apt-get install -y {package}")
    return found


@contextmanager
def running(module: str, *arguments: str, core: int = SERVER_CORE) -> Iterator[Running]:
    """A server of ours, which says where it listens."""
    command = [sys.executable, "-m", module, *arguments]
    with _process(command, core, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, f"{module} did not start"
        yield Running(line.split()[-1].decode(), process.pid)


@contextmanager
def foreign(command: Sequence[str], port: int, folder: Path, environment: dict[str, str] | None = None) -> Iterator[Running]:
    """Somebody else's server, which listens at the port in a while; what it writes goes to a file in the folder."""
    with (folder / "output").open("wb") as output:
        with _process(command, SERVER_CORE, stdout=output, stderr=output, env=os.environ | (environment or {})) as process:
            _wait(command[0], port, process, folder)
            yield Running(f"http://127.0.0.1:{port}", process.pid)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def resident_mb(pid: int) -> float:
    """The process's resident memory in megabytes."""
    kilobytes = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    assert kilobytes is not None
    return int(kilobytes[1]) * 1024 / 1e6


@contextmanager
def _process(command: Sequence[str], core: int, **options: object) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(["taskset", "-c", str(core), *command], **options)  # type: ignore[call-overload]
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def _wait(name: str, port: int, process: subprocess.Popen[bytes], folder: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise NotHere(f"{name} did not start: {(folder / 'output').read_text(errors='replace')[-500:]}")
