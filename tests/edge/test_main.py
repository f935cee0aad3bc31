"""The command line: exit codes, data on stdout, one line on stderr, and never a key."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge import config
from edge.__main__ import main
from edge.catalog import database
from edge.errors import Unavailable
from edge.keys import ring
from tests.fakes import World

SERVICE = {"issuer": "https://login.example", "audience": "control", "algorithm": "EdDSA", "key_file": "none.pem"}

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command: exit code, stdout, stderr."""

    def running(*argv: str) -> tuple[int, str, str]:
        try:
            code = main(argv)
        except SystemExit as stop:
            code = int(stop.code or 0)
        out = capsys.readouterr()
        return code, out.out, out.err

    return running


def test_help_has_examples(run: Run) -> None:
    """--help shows whole commands."""
    code, out, _ = run("--help")
    assert code == 0
    assert "mfmc-edge serve --workers 4" in out


@pytest.mark.parametrize("argv", [[], ["serv"], ["keys"], ["serve", "--port", "1"]])
def test_misunderstood(run: Run, argv: list[str]) -> None:
    """What is not understood ends with 2 and prints nothing on stdout."""
    code, out, err = run(*argv)
    assert (code, out) == (2, "")
    assert err


def test_keys(run: Run, tmp_path: Path) -> None:
    """A ring is made once, and listed without its keys."""
    file = tmp_path / "r.toml"
    code, out, _ = run("keys", "new", "--ring", str(file))
    assert code == 0
    assert "primary" in out
    secret = file.read_text().rsplit('"', 2)[1]
    listed = run("keys", "list", "--ring", str(file), "--json")
    assert json.loads(listed[1]) == {"primary": ring.read(file).primary, "keys": ring.read(file).ids}
    again = run("keys", "new", "--ring", str(file))
    assert again[0] == 1
    assert again[2].count("\n") == 1
    file.chmod(0o644)
    shared = run("keys", "list", "--ring", str(file))
    assert shared[0] == 1
    assert "chmod 600" in shared[2]
    assert secret not in out + str(listed) + str(again) + str(shared)


def test_rotation(run: Run, tmp_path: Path) -> None:
    """A rotated ring lists one key more, whose id is the primary's; no key is printed."""
    file = tmp_path / "r.toml"
    run("keys", "new", "--ring", str(file))
    first = ring.read(file).primary
    code, out, _ = run("keys", "rotate", "--ring", str(file), "--json")
    assert code == 0
    assert json.loads(out) == {"primary": ring.read(file).primary, "keys": [first, ring.read(file).primary]}
    assert run("keys", "list", "--ring", str(file))[1] == f"{first}\n{ring.read(file).primary}  primary\n"
    file.chmod(0o640)
    code, out, err = run("keys", "rotate", "--ring", str(file))
    assert (code, out, err.count("\n")) == (1, "", 1)


def test_export_public(run: Run, tmp_path: Path) -> None:
    """What is printed is a whole file that wraps for the ring, and holds none of its keys."""
    World(tmp_path)
    code, out, _ = run("keys", "export-public", "--config", str(tmp_path / "config.toml"))
    assert code == 0
    (tmp_path / "public.toml").write_text(out)
    public, keys = ring.read_wrapping(tmp_path / "public.toml"), ring.read(tmp_path / "ring.toml")
    assert keys.unwrap(public.wrap(b"k" * 32, b"c"), b"c") == b"k" * 32
    assert (tmp_path / "ring.toml").read_text().rsplit('"', 2)[1] not in out


def test_no_ring_to_work_on(run: Run, tmp_path: Path) -> None:
    """Where another service holds the keys, the ring's commands say that there is no ring."""
    vault = {"address": "http://127.0.0.1:9", "key": "k", "token_file": "token"}
    (tmp_path / "token").write_text("t")
    (tmp_path / "token").chmod(0o600)
    World(tmp_path).configure({"keys": {"service": "vault", "vault": vault}})
    file = str(tmp_path / "config.toml")
    for command in ("new", "list", "rotate", "export-public"):
        code, out, err = run("keys", command, "--config", file)
        assert (code, out, err.count("\n")) == (1, "", 1)
        assert "keys.ring" in err
    code, out, err = run("check", "--config", file)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "keys.vault: does not wrap and open a key" in err
    (tmp_path / "token").chmod(0o644)
    code, out, err = run("check", "--config", file)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "chmod 600" in err


def test_check(run: Run, tmp_path: Path) -> None:
    """A usable configuration ends with 0, an unusable one with 1 and one line that names the key."""
    world = World(tmp_path)
    assert run("check", "--config", str(tmp_path / "config.toml"))[0] == 0
    (tmp_path / "config.toml").write_text((tmp_path / "config.toml").read_text().replace("issuer =", "isuer ="))
    code, out, err = run("check", "--config", str(tmp_path / "config.toml"))
    assert (code, out) == (1, "")
    assert "isuer" in err
    assert err.count("\n") == 1
    assert world.keys


@pytest.mark.parametrize("argv", [["serve", "--workers", "0"], ["serve"]])
def test_serve_refuses(run: Run, tmp_path: Path, argv: list[str]) -> None:
    """Without a usable ring or with no workers at all, nothing listens."""
    World(tmp_path)
    (tmp_path / "ring.toml").chmod(0o666)
    code, out, err = run(*argv, "--config", str(tmp_path / "config.toml"))
    assert code == 1
    assert err.count("\n") == 1
    assert "listening" not in out


def test_stopped_by_hand(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends any command with 130 and one line, and no traceback."""

    def pressed(_: Path) -> config.Config:
        raise KeyboardInterrupt

    monkeypatch.setattr(config, "read", pressed)
    code, out, err = run("keys", "rewrap", "--config", str(tmp_path / "config.toml"))
    assert (code, out, err.count("\n")) == (130, "", 1)


def test_a_reader_that_goes_away(tmp_path: Path) -> None:
    """Whoever reads only the first line ends a command without a word."""
    World(tmp_path)
    command = [sys.executable, "-m", "edge", "keys", "list", "--config", str(tmp_path / "config.toml")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(timeout=60) == 141
    assert process.stderr is not None
    with process.stderr:
        assert process.stderr.read() == ""


def test_loads_before_ctrl_c_is_heard() -> None:
    """What takes long to load is not loaded before ``main`` answers Ctrl-C."""
    code = "import sys, edge.__main__; print([name for name in ('sqlalchemy', 'aiohttp', 'msgspec') if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert found.stdout == "[]\n"


def test_without_the_servers_driver(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A PostgreSQL catalog without asyncpg is one line that says what to install."""
    World(tmp_path).configure({"catalog": {"url": "postgresql+asyncpg://u@127.0.0.1:9/d"}})
    monkeypatch.setattr(database, "find_spec", lambda _: None)
    for command in (["faces", "inbox", "u-red"], ["catalog", "upgrade"]):
        code, out, err = run(*command, "--config", str(tmp_path / "config.toml"))
        assert (code, out, err.count("\n")) == (1, "", 1)
        assert "mfmc-edge[postgresql]" in err


@pytest.mark.parametrize(
    ("tables", "edge", "named"),
    [
        ({"token": {"key_file": "none.pem"}}, {}, "edge.token.key_file"),
        ({"token": {"key_file": "config.toml"}}, {}, "PEM"),
        ({"origin": {"folder": "none"}}, {}, "edge.origin.folder"),
        ({"catalog": {"url": "sqlite+aiosqlite:///none/c.sqlite3"}}, {}, "mkdir -p"),
        ({"catalog": {"url": "sqlite+aiosqlite:///config.toml"}}, {}, Unavailable.advice),
        ({"catalog": {"url": "postgresql+asyncpg://u@127.0.0.1:9/d"}}, {}, Unavailable.advice),
        ({}, {"control": {"service": SERVICE}}, "edge.control.service.key_file"),
    ],
    ids=["no key", "no PEM", "no origin", "no folder for the catalog", "no catalog", "no server", "no service's key"],
)
def test_check_finds_what_would_stop_serve(
    run: Run, tmp_path: Path, tables: dict[str, Any], edge: dict[str, Any], named: str
) -> None:
    """What keeps the edge from starting is found by ``check``, and by ``serve`` before it takes the port or forks: one line."""
    World(tmp_path).configure(tables, **edge)
    for command in (["check"], ["serve", "--workers", "2"]):
        code, out, err = run(*command, "--config", str(tmp_path / "config.toml"))
        assert (code, out, err.count("\n")) == (1, "", 1)
        assert named in err


def test_check_makes_nothing(run: Run, tmp_path: Path) -> None:
    """A catalog that is not there yet is not made by looking."""
    World(tmp_path).configure({"catalog": {"url": "sqlite+aiosqlite:///new.sqlite3"}})
    before = set(tmp_path.rglob("*"))
    assert run("check", "--config", str(tmp_path / "config.toml"))[0] == 0
    assert set(tmp_path.rglob("*")) == before


def test_the_primary_is_not_retired(run: Run, tmp_path: Path) -> None:
    """Whoever would retire the primary is told to rotate, not to rewrap, which would never help."""
    primary = World(tmp_path).keys.primary
    code, out, err = run("keys", "retire", primary, "--config", str(tmp_path / "config.toml"))
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "keys rotate" in err


def test_public_halves_are_no_ring(run: Run, tmp_path: Path) -> None:
    """Where the public halves lie in the ring's place, the message says so."""
    World(tmp_path)
    file = tmp_path / "ring.toml"
    file.write_text(run("keys", "export-public", "--config", str(tmp_path / "config.toml"))[1])
    for command in (["check"], ["keys", "rotate"], ["keys", "list"]):
        code, out, err = run(*command, "--config", str(tmp_path / "config.toml"))
        assert (code, out, err.count("\n")) == (1, "", 1)
        assert "public halves" in err
