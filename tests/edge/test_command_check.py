"""``mfmc-edge check``: each thing that would keep an edge from working is one sentence."""

import asyncio
import json
import socket
import threading
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from http.server import HTTPServer
from pathlib import Path
from time import time
from typing import Any

import jwt
import pytest

from edge.__main__ import main
from tests.fakes import World

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def check(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run ``check`` on the test's configuration: exit code, stdout, stderr."""

    def running(*more: str) -> tuple[int, str, str]:
        code = main(["check", "--config", str(tmp_path / "config.toml"), *more])
        out = capsys.readouterr()
        return code, out.out, out.err

    return running


@contextmanager
def answering(body: bytes, *, ahead: float = 0.0, status: int = 200) -> Iterator[str]:
    """A server with its own clock, which says ``body`` whatever it is asked."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response_only(status)
            self.send_header("Date", formatdate(time() + ahead, usegmt=True))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Silence."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


def one_fault(found: tuple[int, str, str]) -> str:
    """The one sentence of a check that found one fault."""
    code, out, err = found
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert err.startswith("mfmc-edge: ")
    return err


def test_all_is_well(check: Run, tmp_path: Path) -> None:
    """Everything that was looked at is a line, or an entry in JSON."""
    world = World(tmp_path)
    asyncio.run(world.publish({1: "u-red"}))
    code, out, err = check()
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == f"{tmp_path}/config.toml: usable"
    code, out, err = check("--json")
    told = json.loads(out)
    assert (code, err, told["usable"]) == (0, "", True)
    found = {entry["check"]: entry["found"] for entry in told["checks"]}
    assert set(found) == {
        "keys", "origin", "tokens", "traces", "catalog", "service", "issuer", "published", "clock", "folders", "ports", "parser",
    }  # fmt: skip
    assert found["published"] == "the newest base is there"
    assert found["catalog"] == "schema 0005"


def test_json_of_faults(check: Run, tmp_path: Path) -> None:
    """A fault stands in JSON too, beside what was found to be well."""
    World(tmp_path)
    (tmp_path / "ring.toml").chmod(0o644)
    code, out, _ = check("--json")
    told = json.loads(out)
    assert (code, told["usable"]) == (1, False)
    faults = {entry["check"]: entry["fault"] for entry in told["checks"] if entry["fault"]}
    assert list(faults) == ["keys"]
    assert "chmod 600" in faults["keys"]
    assert any(entry["found"] for entry in told["checks"])


def test_origin_lacks_what_is_published(check: Run, tmp_path: Path) -> None:
    """A base that is not at the origin, or is another one, is found before a viewer does."""
    world = World(tmp_path)
    made = asyncio.run(world.publish({1: "u-red"}))
    world.origin_file(made, 0).write_bytes(made.base + b"x")
    assert "is not what the catalog says" in one_fault(check())
    world.origin_file(made, 0).unlink()
    assert "cannot be fetched" in one_fault(check())


def test_origin_over_http(check: Run, tmp_path: Path) -> None:
    """An origin at an address is asked for the newest base, and one that is down is found."""
    world = World(tmp_path)
    made = asyncio.run(world.publish({1: "u-red"}))
    with answering(made.base) as url:
        world.configure({"origin": {"url": url}})
        assert check()[0] == 0
    assert "cannot be fetched" in one_fault(check())


@pytest.mark.parametrize(("ahead", "way"), [(-90.0, "90 s ahead of"), (90.0, "90 s behind")])
def test_wrong_clock(check: Run, tmp_path: Path, ahead: float, way: str) -> None:
    """A clock that tokens would suffer from is told with its direction; within the leeway there is nothing to tell."""
    world = World(tmp_path)
    made = asyncio.run(world.publish({1: "u-red"}))
    with answering(made.base, ahead=ahead) as url:
        world.configure({"origin": {"url": url}})
        said = one_fault(check())
        assert way in said or way.replace("90", "91") in said or way.replace("90", "89") in said
        assert "edge.origin.url" in said
    with answering(made.base, ahead=3) as url:
        world.configure({"origin": {"url": url}})
        code, out, _ = check()
        assert code == 0
        assert "agrees with edge.origin.url" in out


def test_issuer_without_keys(check: Run, tmp_path: Path) -> None:
    """A key set that is not there, or has no key for the algorithm, would make strangers of all viewers."""
    world, file = World(tmp_path), tmp_path / "config.toml"
    text = file.read_text()
    jwk = jwt.algorithms.OKPAlgorithm.to_jwk(world.issuer.private.public_key())
    known = f'{{"keys": [{jwk}]}}'.encode()
    cases = ((known, 404, "does not answer"), (b'{"keys": []}', 200, "has no key for EdDSA"), (known, 200, None))
    for body, status, said in cases:
        with answering(body, status=status) as url:
            file.write_text(text.replace('key_file = "issuer.pem"', f'jwks_url = "{url}"'))
            found = check()
        assert found[0] == 0 if said is None else said in one_fault(found)


def test_folders(check: Run, tmp_path: Path) -> None:
    """A folder that cannot be made is told with its key; one that can be made is not made."""
    world = World(tmp_path)
    world.configure({"cache": {"disk_folder": "issuer.pem/cache"}})
    assert "edge.cache.disk_folder" in one_fault(check())
    world.configure({"cache": {"disk_folder": "new/cache"}})
    assert check()[0] == 0
    assert not (tmp_path / "new").exists()


def test_ports(check: Run, tmp_path: Path) -> None:
    """A port that somebody has is told with its table, unless it is the running edge's own."""
    world = World(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        world.configure({}, port=number)
        assert "edge.port" in one_fault(check())
        assert check("--running")[0] == 0
        world.configure({}, admin={"port": number})
        assert "edge.admin.port" in one_fault(check())


def test_one_fault_is_told_once(check: Run, tmp_path: Path) -> None:
    """A folder of the origin that is not there is one sentence, although several checks need it."""
    world = World(tmp_path)
    asyncio.run(world.publish({1: "u-red"}))
    world.configure({"origin": {"folder": "none"}})
    assert "edge.origin.folder" in one_fault(check())


def test_several_faults(check: Run, tmp_path: Path) -> None:
    """All faults are told at once, so that nobody has to run it again for each."""
    world = World(tmp_path)
    world.configure({"origin": {"folder": "none"}, "token": {"key_file": "none.pem"}})
    code, out, err = check()
    assert (code, out, err.count("\n")) == (1, "", 2)


def test_older_catalog(check: Run, tmp_path: Path) -> None:
    """A catalog that will be upgraded by its first opening is told so, and not touched."""
    world = World(tmp_path)
    (tmp_path / "empty.sqlite3").touch()
    world.configure({"catalog": {"url": "sqlite+aiosqlite:///empty.sqlite3"}})
    code, out, _ = check()
    assert code == 0
    assert "schema none, will be brought to 0005" in out
