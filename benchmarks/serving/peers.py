"""A reveal against image proxies that encode the same photo anew at the same size: thumbor and ipx, each from its own package.

They are looked for in a folder (``--peers`` or ``MFMC_PEERS``): ``thumbor/bin/thumbor`` and ``ipx/node_modules/.bin/ipx``. nginx'
image_filter, where Debian's module is, halves the photo instead: it has no way to encode at the same size.
"""

import re
import subprocess
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import ExitStack
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from benchmarks.report import Figures
from benchmarks.serving.load import QUEUE
from benchmarks.serving.load import Case
from benchmarks.serving.load import Rounds
from benchmarks.serving.machine import NotHere
from benchmarks.serving.machine import Running
from benchmarks.serving.machine import foreign
from benchmarks.serving.machine import free_port
from benchmarks.serving.machine import program
from benchmarks.serving.photos import QUALITY
from benchmarks.serving.photos import SMALL
from benchmarks.serving.photos import sample
from benchmarks.serving.site import Site

W, H = SMALL
THUMBOR = """
LOADER = "thumbor.loaders.file_loader"
FILE_LOADER_ROOT_PATH = "{files}"
STORAGE = "thumbor.storages.no_storage"
QUALITY = {quality}
MAX_AGE = 0
"""
NGINX = """
load_module {module};
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log warn; {user}
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        root {files};
        image_filter_jpeg_quality {quality};
        image_filter_buffer 16m;
        location / {{ image_filter resize {width} {height}; }}
    }}
}}
"""
MODULE = "ngx_http_image_filter_module.so"

def measure(folder: Path, rounds: int, seconds: int, installed: Path | None) -> tuple[Figures, dict[str, str]]:
    """The reveal's requests per second over each peer's, and why a peer was not measured."""
    photo = sample("/small.jpg")
    site = Site.create(folder / "site", [photo])
    original, token = photo.made.skeleton, site.token(photo.owners)
    files = folder / "files"
    files.mkdir()
    (files / "small.jpg").write_bytes(original)
    found: Figures = {}
    skipped: dict[str, str] = {}
    for name, (start, path, size) in PEERS.items():
        place = folder / name
        place.mkdir()
        with ExitStack() as stack:
            try:
                peer = stack.enter_context(start(place, files, installed))
            except NotHere as reason:
                skipped[name] = str(reason)
                continue
            edge = stack.enter_context(site.edge())
            cases = (
                Case("reveal", edge, photo.path, original.__eq__, token),
                Case(name, peer, path, encoded_anew(original, size), most=QUEUE),
            )
            rates = Rounds(cases, rounds, seconds)
        found |= {f"{name}_per_second": rates.rate(name), f"{name}_reveal_per_second": rates.rate("reveal")}
        found[f"{name}_vs_reveal"] = rates.ratio("reveal", name)
    return found, skipped


def encoded_anew(original: bytes, size: tuple[int, int]) -> Callable[[bytes], bool]:
    """Whether an answer is a JPEG of this size, and not the file as it lay there."""

    def good(body: bytes) -> bool:
        picture = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR)
        return body[:2] == b"\xff\xd8" and picture is not None and picture.shape[1::-1] == size and body != original

    return good


@contextmanager
def thumbor(folder: Path, files: Path, installed: Path | None) -> Iterator[Running]:
    """thumbor, one process, no storage: every request loads, decodes and encodes."""
    advice = "python3 -m venv PEERS/thumbor && PEERS/thumbor/bin/pip install thumbor"
    command = _installed(installed, "thumbor/bin/thumbor", advice)
    settings, port = folder / "thumbor.conf", free_port()
    settings.write_text(THUMBOR.format(files=files, quality=QUALITY))
    with foreign([command, "-i", "127.0.0.1", "-p", str(port), "-c", str(settings)], port, folder) as peer:
        yield peer


@contextmanager
def ipx(folder: Path, files: Path, installed: Path | None) -> Iterator[Running]:
    """ipx, which encodes with sharp; all its threads are on the one core."""
    node = program("node", "nodejs npm")
    command = _installed(installed, "ipx/node_modules/.bin/ipx", "npm install --prefix PEERS/ipx ipx")
    port = free_port()
    options = ["serve", "--dir", str(files), "--host", "127.0.0.1", "--port", str(port)]
    with foreign([node, command, *options], port, folder, {"NODE_ENV": "production"}) as peer:
        yield peer


@contextmanager
def nginx(folder: Path, files: Path, installed: Path | None) -> Iterator[Running]:
    """nginx with image_filter, one worker."""
    command, port = program("nginx", "nginx"), free_port()
    built = subprocess.run([command, "-V"], capture_output=True, text=True, check=True).stderr
    place = re.search(r"--modules-path=(\S+)", built)
    module = Path(place[1] if place else "/usr/lib/nginx/modules") / MODULE
    if not module.is_file():
        raise NotHere("nginx has no image_filter; run: apt-get install -y libnginx-mod-http-image-filter")
    user = "user root;" if folder.owner() == "root" else ""
    text = NGINX.format(
        module=module, folder=folder, files=files, port=port, user=user, width=W // 2, height=H // 2, quality=QUALITY
    )
    (folder / "nginx.conf").write_text(text)
    with foreign([command, "-p", str(folder), "-c", str(folder / "nginx.conf")], port, folder) as peer:
        yield peer


def _installed(folder: Path | None, command: str, advice: str) -> str:
    if folder is None or not (folder / command).exists():
        raise NotHere(f"{command} is not in the peers' folder (--peers PEERS or MFMC_PEERS); run: {advice}")
    return str((folder / command).absolute())


# How each is started, what it is asked for, and the size that it answers with.
PEERS = {
    "thumbor": (thumbor, f"/unsafe/{W}x{H}/small.jpg", (W, H)),
    "ipx": (ipx, f"/w_{W},q_{QUALITY}/small.jpg", (W, H)),
    "nginx_half": (nginx, "/small.jpg", (W // 2, H // 2)),
}
