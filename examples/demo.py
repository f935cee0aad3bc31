"""One photo, three viewers: seal it, serve it through an origin and the real proxy on loopback, and show who sees what.

The accounts are made up: u-red (friends may see), u-green (nobody may), u-blue (everyone may), and u-friend, a friend of
u-red and u-green.
"""

import argparse
import json
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextlib import redirect_stdout
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.request import Request
from urllib.request import urlopen

import cv2
import jwt
import numpy as np
import numpy.typing as npt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization import PublicFormat

from edge.__main__ import main as edge
from edge.keys import ring
from precompute.__main__ import main as precompute

RULES = {"u-red": "friends", "u-green": "nobody", "u-blue": "everyone"}
DAY_SECONDS = 86_400
CONFIG = """[edge]
port = {port}
[edge.origin]
url = "{origin}"
[edge.token]
issuer = "https://login.example"
audience = "photos"
algorithm = "EdDSA"
key_file = "issuer.pem"
max_lifetime_seconds = 86400
[catalog]
url = "sqlite+aiosqlite:///catalog.sqlite3"
[keys]
ring = "ring.toml"
[precompute]
publish_folder = "origin"
[demo]
photo = "{path}"
views = [
  {{ name = "stranger", caption = "No token: only those who let everyone see them are real." }},
  {{ name = "friend", token_file = "friend.jwt", caption = "A friend of u-red and u-green; u-green lets nobody see." }},
  {{ name = "owner", token_file = "owner.jwt", caption = "u-green, who sees no friends here but always sees self." }},
]
"""


@dataclass(frozen=True)
class Viewer:
    """One column of the contact sheet."""

    name: str
    token: str | None


def main(argv: list[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m examples.demo", description=__doc__)
    parser.add_argument("--photo", type=Path, help="a photo of yours (default: the group photo of the insightface package)")
    parser.add_argument("--folder", type=Path, default=Path("demo"), help="where everything goes (default: demo)")
    parser.add_argument("--once", action="store_true", help="write the contact sheet and stop")
    options = parser.parse_args(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the servers end with the demo
    photo = options.photo or group_photo()
    folder = options.folder.absolute()
    shutil.rmtree(folder / "origin", ignore_errors=True)
    (folder / "origin").mkdir(parents=True)
    path = f"/{''.join(c if (c.isalnum() and c.isascii()) or c in '._-' else '-' for c in photo.name).lstrip('.-')}"
    with running("examples.origin", str(folder / "origin")) as origin:
        viewers = prepare(folder, origin, path)
        done = seal(folder, photo, path)
        if done != 0:
            return done
        with running("edge", "serve", "--config", str(folder / "config.toml")) as proxy:
            return show(folder, proxy, path, viewers, stay=not options.once)


def group_photo() -> Path:
    """The photo of six people that the insightface package installs."""
    spec = find_spec("insightface")
    if spec is None or spec.origin is None:
        raise SystemExit("the demo's photo comes with the insightface package; run: make setup")
    return Path(spec.origin).parent / "data" / "images" / "t1.jpg"


def prepare(folder: Path, origin: str, path: str) -> list[Viewer]:
    """Key ring, an issuer of tokens, configuration, and a token for each viewer."""
    for old in ("ring.toml", "catalog.sqlite3", "catalog.sqlite3-wal", "catalog.sqlite3-shm"):
        (folder / old).unlink(missing_ok=True)
    ring.create(folder / "ring.toml")
    signer = Ed25519PrivateKey.generate()
    (folder / "issuer.pem").write_bytes(signer.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    (folder / "config.toml").write_text(CONFIG.format(port=free_port(), origin=origin, path=path))
    tokens = {"friend": token(signer, "u-friend", ["u-red", "u-green"]), "owner": token(signer, "u-green", [])}
    for name, text in tokens.items():
        (folder / f"{name}.jwt").write_text(text)
        (folder / f"{name}.jwt").chmod(0o600)
    return [Viewer("stranger", None), *(Viewer(name, text) for name, text in tokens.items())]


def token(signer: Ed25519PrivateKey, user: str, friends: list[str]) -> str:
    """What the site's own login would hand to this user."""
    now = int(time.time())
    claims = {"iss": "https://login.example", "aud": "photos", "sub": user, "friends": friends, "iat": now}
    return jwt.encode(claims | {"exp": now + DAY_SECONDS}, signer, "EdDSA")


def free_port(wanted: int = 8080) -> int:
    """The wanted port, or any free one where it is taken."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise SystemExit("no free port on 127.0.0.1")


def seal(folder: Path, photo: Path, path: str) -> int:
    """Find the faces, claim the first three for the made-up accounts, seal, and set the accounts' rules."""
    config = ["--config", str(folder / "config.toml")]
    listed = subprocess.run(
        [sys.executable, "-m", "precompute", "seal", str(photo), "--as", path, "--dry-run", "--json", *config],
        stdout=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    if listed.returncode:
        line = json.loads(listed.stdout or "{}")
        print(f"{photo}: {line.get('error', 'could not be sealed; see above')}", file=sys.stderr)
        return listed.returncode
    boxes = [face["box"] for face in json.loads(listed.stdout)["faces"]]
    claims = [{"point": [x + w // 2, y + h // 2], "owner": owner} for owner, (x, y, w, h) in zip(RULES, boxes, strict=False)]
    (folder / "faces.json").write_text(json.dumps(claims))
    with redirect_stdout(None):
        for owner, rule in RULES.items():
            edge(["faces", "rule", owner, rule, *config])
    return precompute(["seal", str(photo), "--as", path, "--faces", str(folder / "faces.json"), *config])


@contextmanager
def running(module: str, *arguments: str) -> Iterator[str]:
    """A server process; its address is the last word of its first line."""
    process = subprocess.Popen([sys.executable, "-m", module, *arguments], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        first = process.stdout.readline().split()
        if not first:
            raise SystemExit(f"{module} did not start; see above")
        yield first[-1]
    finally:
        process.terminate()
        process.communicate(timeout=20)


def show(folder: Path, proxy: str, path: str, viewers: list[Viewer], *, stay: bool) -> int:
    """Fetch the photo as each viewer, write the contact sheet, and if it stays, print the addresses."""
    wait_until_ready(proxy)
    pictures = [fetch(proxy + path, viewer) for viewer in viewers]
    sheet = folder / "contact-sheet.png"
    cv2.imwrite(str(sheet), contact_sheet(pictures, [viewer.name for viewer in viewers]))
    print(f"\ncontact sheet: {sheet}")
    if stay:
        for viewer in viewers:
            print(f"{viewer.name:>9}: {proxy}/-/demo/{viewer.name}.jpg")
        print(f"all three: {proxy}/-/demo\nCtrl-C stops.", flush=True)
        try:
            while True:
                time.sleep(DAY_SECONDS)
        except KeyboardInterrupt:
            print()
    return 0


def wait_until_ready(proxy: str, seconds: float = 20) -> None:
    """Until the proxy says that it can answer."""
    until = time.monotonic() + seconds
    while True:
        try:
            with urlopen(f"{proxy}/-/ready"):  # noqa: S310 - our own loopback address
                return
        except OSError:
            if time.monotonic() > until:
                raise SystemExit("the proxy does not answer; see above") from None
            time.sleep(0.05)


def fetch(url: str, viewer: Viewer) -> npt.NDArray[np.uint8]:
    """The photo as this viewer gets it, decoded."""
    headers = {} if viewer.token is None else {"Authorization": f"Bearer {viewer.token}"}
    with urlopen(Request(url, headers=headers)) as answer:  # noqa: S310 - our own loopback address
        decoded = cv2.imdecode(np.frombuffer(answer.read(), np.uint8), cv2.IMREAD_COLOR)
    return np.asarray(decoded, np.uint8)


def contact_sheet(pictures: list[npt.NDArray[np.uint8]], names: list[str]) -> npt.NDArray[np.uint8]:
    """The pictures side by side, at most 1,280 px wide each, each under its viewer's name."""
    columns = []
    for picture, name in zip(pictures, names, strict=True):
        scale = min(1.0, 1280 / picture.shape[1])
        small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        framed = cv2.copyMakeBorder(small, 64, 12, 12, 12, cv2.BORDER_CONSTANT, value=(250, 250, 250))
        cv2.putText(framed, name, (14, 44), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (40, 40, 40), 2, cv2.LINE_AA)
        columns.append(framed)
    return np.concatenate(columns, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
