"""Reveal over HTTP against a bare aiohttp server that returns the same bytes: requests per second, same run, by
``wrk``.

The servers are pinned to one core and the load to another; the rounds alternate, so that a busy machine slows all of
them.
"""

import asyncio
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.request import Request
from urllib.request import urlopen

import cv2
import jwt
import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization import PublicFormat

from benchmarks import report
from edge.catalog import Catalog
from edge.catalog import Face
from edge.catalog import Photo
from edge.catalog.publication import publish as commit
from edge.keys import ring
from edge.keys.envelope import wrap_context
from edge.origin import names
from precompute import photo as upload
from precompute import seal
from precompute.blend import Overlay

PATH = "/bench.jpg"
SERVER_CORE, LOAD_CORE = 0, 1
BOXES = ((150, 120, 130, 170), (520, 200, 120, 150))
CONFIG = """
[edge]
port = 0
[edge.token]
issuer = "bench"
audience = "bench"
algorithm = "EdDSA"
key_file = "issuer.pem"
[edge.origin]
folder = "origin"
[catalog]
url = "sqlite+aiosqlite:///catalog.sqlite3"
[keys]
ring = "ring.toml"
[policy]
default_rule = "friends"
"""


@dataclass(frozen=True)
class Case:
    """One server and one kind of viewer: what is asked, and which body must come back."""

    name: str
    url: str
    token: str | None
    body: bytes


def main(argv: list[str]) -> int:
    """The command line."""
    parser = report.parser("serve", "Reveal over HTTP, against a bare aiohttp server that returns the same bytes.")
    parser.add_argument("--rounds", type=int, default=4, help="how often each server is measured (default: 4)")
    parser.add_argument("--seconds", type=int, default=2, help="seconds per measurement (default: 2)")
    options = parser.parse_args(argv)
    if shutil.which("wrk") is None or shutil.which("taskset") is None:
        print("benchmarks.serve: needs wrk and taskset; run: apt-get install -y wrk util-linux", file=sys.stderr)
        return 2
    return report.finish("serve", measure(options.rounds, options.seconds), options, table)


def measure(rounds: int, seconds: int) -> report.Figures:
    """Median requests per second of each case, their ratios, and the edge's resident memory afterwards."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        base, original, token = publish(folder)
        (folder / "original.jpg").write_bytes(original)
        edge_url, edge_pid = stack.enter_context(running("edge", "serve", "--config", str(folder / "config.toml")))
        bare_url, _ = stack.enter_context(running("benchmarks.bare", str(folder / "original.jpg")))
        cases = (
            Case("bare", bare_url, token, original),
            Case("reveal", edge_url, token, original),
            Case("base", edge_url, None, base),
        )
        rates: dict[str, list[float]] = {case.name: [] for case in cases}
        for _ in range(rounds):
            for case in cases:
                require_body(case)
                rates[case.name].append(load(case, seconds))
        found = {f"{name}_per_second": round(median(values), 1) for name, values in rates.items()}
        found["reveal_vs_bare"] = round(median(ratios(rates["reveal"], rates["bare"])), 3)
        found["base_vs_bare"] = round(median(ratios(rates["base"], rates["bare"])), 3)
        found["rss_mb"] = round(resident_mb(edge_pid), 1)
        return found | {"photo_kb": round(len(original) / 1000, 1)}


def table(found: report.Figures) -> str:
    """The figures as text."""
    rows: list[tuple[str, ...]] = [("case", "requests/s", "vs bare")]
    for name in ("bare", "reveal", "base"):
        rows.append((name, f"{found[f'{name}_per_second']:.0f}", f"{found.get(f'{name}_vs_bare', 1.0):.2f}"))
    about = f"photo of {found['photo_kb']} kB, 2 faces revealed, one core serves, another loads"
    return f"{about}\n{report.aligned(rows)}\nedge resident memory afterwards: {found['rss_mb']:.0f} MB"


def publish(folder: Path) -> tuple[bytes, bytes, str]:
    """Seal and publish a made-up photo of about 300 kB.

    Its base, its original, and the token of a friend of both faces.
    """
    signer = Ed25519PrivateKey.generate()
    pem = signer.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / "issuer.pem").write_bytes(pem)
    (folder / "config.toml").write_text(CONFIG)
    keys = ring.create(folder / "ring.toml")
    made = sealed_photo()
    photo = catalogued(made, keys)
    (folder / "origin").mkdir()
    for name, content in zip(names(PATH, made.version), (made.base, made.sidecar), strict=True):
        (folder / "origin" / name).write_bytes(content)
    asyncio.run(record(folder, photo))
    claims = {"iss": "bench", "aud": "bench", "sub": "u-eve", "exp": int(time.time()) + 800}
    claims["friends"] = ["u-red", "u-blue"]
    return made.base, made.skeleton, jwt.encode(claims, signer, "EdDSA")


def sealed_photo(boxes: int = len(BOXES)) -> seal.SealedPhoto:
    """Texture with a flat synthetic face in each box, through the real sealing code; no model needed."""
    rng = np.random.default_rng(7)
    small = rng.integers(0, 256, (40, 60, 3), np.uint8)
    pixels = cv2.resize(small, (1200, 800), interpolation=cv2.INTER_CUBIC).astype(np.int16)
    noisy = (pixels + rng.normal(0, 9, pixels.shape).astype(np.int16)).clip(0, 255).astype(np.uint8)
    data = bytes(cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, 88])[1])
    read = upload.read(data, upload.Limits())
    overlays = [
        Overlay(x, y, np.full((h, w, 3), 128, np.uint8), np.ones((h, w), np.float32)) for x, y, w, h in BOXES[:boxes]
    ]
    return seal.photo(seal.with_few_sharing(read.canvas, overlays), read.style, os.urandom(16), os.urandom)


def catalogued(made: seal.SealedPhoto, keys: ring.KeyRing) -> Photo:
    """The catalog's record of the photo."""
    owners = ("u-red", "u-blue")
    faces = tuple(
        Face(slot, box, owner, None, keys.wrap(made.face_keys[slot], wrap_context(made.photo_id, made.version, slot)))
        for slot, box, owner in zip(made.slots, BOXES, owners, strict=False)
    )
    wrapped = keys.wrap(made.directory_key, wrap_context(made.photo_id, made.version, None))
    digest = hashlib.sha256(made.base).digest()
    size = len(made.base)
    return Photo(PATH, made.photo_id, made.version, digest, size, 1200, 800, wrapped, time.time(), faces)


async def record(folder: Path, photo: Photo) -> None:
    """Put the photo into the catalog."""
    async with Catalog.open(f"sqlite+aiosqlite:///{folder}/catalog.sqlite3") as catalog:
        await commit(catalog, photo)


@contextmanager
def running(module: str, *arguments: str) -> Iterator[tuple[str, int]]:
    """A server process on its core; its address and process id."""
    command = ["taskset", "-c", str(SERVER_CORE), sys.executable, "-m", module, *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        yield line.split()[-1], process.pid
    finally:
        process.terminate()
        process.communicate(timeout=20)


def require_body(case: Case) -> None:
    """What is measured must be what is meant."""
    headers = {} if case.token is None else {"Authorization": f"Bearer {case.token}"}
    with urlopen(Request(case.url + PATH, headers=headers)) as answer:  # noqa: S310 - our own loopback address
        assert answer.read() == case.body, f"{case.name} returned another body"


def load(case: Case, seconds: int) -> float:
    """Requests per second that the server answered; every answer must be a 200."""
    headers = [] if case.token is None else ["-H", f"Authorization: Bearer {case.token}"]
    command = ["taskset", "-c", str(LOAD_CORE), "wrk", "-t1", "-c16", f"-d{seconds}s", *headers, case.url + PATH]
    report = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in report, f"{case.name} failed under load"
    found = re.search(r"Requests/sec:\s+([0-9.]+)", report)
    assert found is not None
    return float(found[1])


def ratios(ours: list[float], theirs: list[float]) -> list[float]:
    """Round by round, so that what slowed one slowed the other."""
    return [a / b for a, b in zip(ours, theirs, strict=True)]


def resident_mb(pid: int) -> float:
    """The process's resident memory in megabytes."""
    kilobytes = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    assert kilobytes is not None
    return int(kilobytes[1]) * 1024 / 1e6


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
