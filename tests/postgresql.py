"""A real PostgreSQL server for the tests: Debian's package or any other on the PATH, on a socket of its own, gone afterwards."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=60", "listen_addresses=")
START_SECONDS = 60


@dataclass(frozen=True)
class Server:
    """A running server, reached through its socket's folder."""

    folder: Path

    def url(self, database: str) -> str:
        """The catalog address of a database of this server."""
        return f"postgresql+asyncpg://mfmc@/{database}?host={self.folder}"

    def dsn(self, database: str = "postgres") -> str:
        """The same for asyncpg."""
        return f"postgresql://mfmc@/{database}?host={self.folder}"

    async def create(self, database: str) -> str:
        """An empty database of this name; its catalog address."""
        await self.run("postgres", f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')
        await self.run("postgres", f'CREATE DATABASE "{database}"')
        return self.url(database)

    async def run(self, database: str, *statements: str) -> list[asyncpg.Record]:
        """Run statements by hand; the rows of the last one."""
        connection = await asyncpg.connect(self.dsn(database))
        try:
            rows: list[asyncpg.Record] = []
            for statement in statements:
                rows = await connection.fetch(statement)
            return rows
        finally:
            await connection.close()

    def dump(self, database: str) -> str:
        """A logical backup."""
        programs = binaries()
        assert programs is not None
        command = [str(programs / "pg_dump"), "-h", str(self.folder), "-U", "mfmc", database]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def binaries() -> Path | None:
    """The folder with ``initdb`` and ``postgres``, the newest version first; None where PostgreSQL is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda file: int(file.parts[-3]), reverse=True)
    on_path = shutil.which("initdb")
    return found[0].parent if found else Path(on_path).parent if on_path else None


@contextmanager
def running(*options: str) -> Iterator[Server]:
    """A fresh server with these settings; as root it runs as ``postgres``, since PostgreSQL refuses to run as root."""
    programs = binaries()
    assert programs is not None, "PostgreSQL is not installed"
    folder = Path(tempfile.mkdtemp(prefix="mfmc-pg-", dir="/tmp"))
    who = {}
    if os.geteuid() == 0:
        account = pwd.getpwnam("postgres")
        os.chown(folder, account.pw_uid, account.pw_gid)
        who = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    data = folder / "data"
    try:
        make = [programs / "initdb", "-D", data, "-U", "mfmc", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        subprocess.run(make, check=True, capture_output=True, cwd=folder, **who)  # type: ignore[call-overload]
        settings = [part for option in (*options, f"unix_socket_directories={folder}") for part in ("-c", option)]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [programs / "postgres", "-D", data, *settings], stdout=log, stderr=log, cwd=folder, **who
            )  # type: ignore[call-overload]
        try:
            _wait_until_ready(programs, folder)
            yield Server(folder)
        finally:
            process.terminate()
            process.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait_until_ready(programs: Path, folder: Path) -> None:
    ask = [str(programs / "pg_isready"), "-q", "-h", str(folder), "-t", "1"]
    until = time.monotonic() + START_SECONDS
    while subprocess.run(ask, check=False).returncode != 0:
        if time.monotonic() > until:
            raise RuntimeError((folder / "log").read_text())
        time.sleep(0.05)
