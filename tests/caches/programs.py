"""Real nginx and Varnish for the tests, with the configurations that are shipped: started on loopback, gone afterwards."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "docs" / "deploy"
START_SECONDS = 20

NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log warn; {user}
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    include {folder}/conf.d/*.conf;
}}
"""


@dataclass(frozen=True)
class Cache:
    """A shared cache that listens: its name and port, how it is purged by key, and where it keeps files, if it does."""

    name: str
    port: int
    purge: list[str]
    folders: list[Path]
    surroundings: dict[str, str]

    def take_out(self, key: str) -> None:
        """Purge what is stored under a key, as an operator would."""
        command = [part.replace("KEY", key) for part in self.purge]
        subprocess.run(command, check=True, capture_output=True, env=os.environ | self.surroundings, timeout=60)

    def stored(self) -> list[bytes]:
        """What lies in its folders."""
        return [file.read_bytes() for folder in self.folders for file in folder.rglob("*") if file.is_file()]


def program(name: str) -> str:
    """The program, or else a test that is skipped: Debian keeps both where only root looks."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        package = {"varnishd": "varnish"}.get(name, name)
        pytest.skip(f"{name} is not installed; run: apt-get install -y {package}")
    return found


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def sample(file: Path, places: dict[str, str]) -> str:
    """A shipped configuration with just these texts replaced; each is there, and once."""
    text = file.read_text()
    for old, new in places.items():
        assert text.count(old) == 1, f"{file.name}: {old}"
        text = text.replace(old, new)
    return text


@contextmanager
def nginx(folder: Path, **configurations: str) -> Iterator[None]:
    """nginx with these configurations in its http context, by name."""
    (folder / "conf.d").mkdir(parents=True)
    for name, text in configurations.items():
        (folder / "conf.d" / f"{name}.conf").write_text(text)
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, user=user))
    command = [program("nginx"), "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
    with _running(command, folder / "output"):
        yield


@contextmanager
def origin(folder: Path, root: Path) -> Iterator[str]:
    """The image origin of ``deploy/nginx-origin.conf``, with files below ``root``; its address."""
    port = free_port()
    text = sample(ROOT / "deploy" / "nginx-origin.conf", {"listen 80;": f"listen 127.0.0.1:{port};", "/srv/origin": str(root)})
    with nginx(folder, origin=text):
        _wait_until_listening(port, folder)
        yield f"http://127.0.0.1:{port}/"


@contextmanager
def nginx_cache(folder: Path, edge: int) -> Iterator[Cache]:
    """The shared cache of ``docs/deploy/nginx-cache.conf`` before the edge at this port."""
    port = free_port()
    kept = [folder / "base", folder / "signed"]
    text = sample(
        SAMPLES / "nginx-cache.conf",
        {
            "127.0.0.1:8080": f"127.0.0.1:{edge}", "listen 80;": f"listen 127.0.0.1:{port};",
            "/var/cache/nginx/mfmc-base": str(kept[0]), "/dev/shm/mfmc-signed": str(kept[1]),  # noqa: S108 - the sample's
        },
    )  # fmt: skip
    with nginx(folder, cache=text):
        _wait_until_listening(port, folder)
        yield Cache("nginx", port, [str(SAMPLES / "nginx-purge.sh"), "KEY"], kept, {"MFMC_CACHES": f"{kept[0]} {kept[1]}"})


@contextmanager
def varnish_cache(folder: Path, edge: int) -> Iterator[Cache]:
    """The shared cache of ``docs/deploy/varnish.vcl`` before the edge at this port."""
    port = free_port()
    folder.mkdir()
    text = sample(SAMPLES / "varnish.vcl", {'.port = "8080";': f'.port = "{edge}";', ".interval = 5s;": ".interval = 0.2s;"})
    (folder / "cache.vcl").write_text(text)
    command = [
        program("varnishd"), "-F", "-j", "none", "-n", str(folder / "run"), "-a", f"127.0.0.1:{port}", "-T", "none",
        "-s", "malloc,64m", "-f", str(folder / "cache.vcl"), "-p", "thread_pool_min=20",
    ]  # fmt: skip
    with _running(command, folder / "output"):
        _wait_until_listening(port, folder)
        purge = ["curl", "-sf", "-X", "PURGE", "-H", "Surrogate-Key: KEY", f"http://127.0.0.1:{port}/"]
        yield Cache("varnish", port, purge, [], {})


@contextmanager
def _running(command: list[str], output: Path) -> Iterator[None]:
    with output.open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=output.parent)
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def _wait_until_listening(port: int, folder: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > until:
                raise RuntimeError((folder / "output").read_text()) from None
            time.sleep(0.02)
