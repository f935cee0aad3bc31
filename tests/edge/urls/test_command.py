"""``mfmc-edge sign`` and ``mfmc-edge keys --urls``: what is printed, what is refused, and never a key."""

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from edge import urls
from edge.__main__ import main
from tests.fakes import PATH
from tests.fakes import Published
from tests.fakes import World

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def made(tmp_path: Path) -> Published:
    """A published photo, and a configuration that names a key file which is not there yet."""
    world = World(tmp_path)
    world.configure({}, urls={"key_file": "urls.toml"})
    return asyncio.run(world.publish({1: "u-red", 2: "u-green", 3: None}))


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command: exit code, stdout, stderr."""

    def running(*argv: str) -> tuple[int, str, str]:
        try:
            code = main([*argv, "--config", str(tmp_path / "config.toml")])
        except SystemExit as stop:
            code = int(stop.code or 0)
        out = capsys.readouterr()
        return code, out.out, out.err

    return running


def test_a_url(made: Published, run: Run, tmp_path: Path) -> None:
    """Keys are made once; the URL is the one that anybody with them signs for these faces."""
    code, out, err = run("sign", PATH, "--face", "1")
    assert (code, out) == (1, "")
    assert "mfmc-edge keys new" in err
    assert run("keys", "new", "--urls")[0] == 0
    keys = urls.Keys.read(tmp_path / "urls.toml")
    before = time.time()
    code, out, err = run("sign", PATH, "--face", "2", "--face", "1", "--json")
    assert (code, err) == (0, "")
    told = json.loads(out)
    signed = {urls.sign(keys, PATH, made.photo.version, [(1, 0, 0), (2, 0, 0)], now).url for now in (before, time.time())}
    assert told["url"] in signed
    assert before + 300 <= told["expires"] <= time.time() + 600
    code, out, _ = run("sign", PATH, "--face", "1", "--seconds", "1800")
    assert (code, out.count("\n")) == (0, 1)
    assert out.startswith(f"/-/s/{keys.primary}.")


def test_a_rendition(made: Published, run: Run, tmp_path: Path) -> None:
    """A rendition is sealed in its one form, however it is spelt, odd sizes included."""
    run("keys", "new", "--urls")
    keys = urls.Keys.read(tmp_path / "urls.toml")
    for spelled, form in (("w=160&dpr=2", "w=320"), ("fmt=auto&w=501", "w=501&fmt=auto"), ("", "")):
        before = time.time()
        code, out, err = run("sign", PATH, "--face", "1", "--rendition", spelled)
        assert (code, err) == (0, "")
        faces = [(1, 0, 0)]
        signed = {urls.sign(keys, PATH, made.photo.version, faces, now, rendition=form).url for now in (before, time.time())}
        assert out.strip() in signed


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        pytest.param(["/none.jpg", "--face", "1"], "no such", id="no-photo"),
        pytest.param(["none.jpg", "--face", "1"], "no such", id="no-path"),
        pytest.param([PATH, "--face", "9"], "--face 9", id="no-face"),
        pytest.param([PATH, "--face", "1", "--face", "3"], "unclaimed", id="nobody-may-see-it"),
        pytest.param([PATH, "--face", "1", "--seconds", "3301"], "at most 3300", id="too-long"),
        pytest.param([PATH, "--face", "1", "--rendition", "w=9999"], "--rendition w=9999", id="too-large"),
        pytest.param([PATH, "--face", "1", "--rendition", "width=320"], "--rendition width=320", id="no-such-word"),
        pytest.param([PATH, "--face", "1", "--rendition", "w=320&fmt=gif"], "docs/renditions.md", id="no-such-format"),
        pytest.param([PATH, "--face", "1", "--seconds", "0"], "above 0", id="no-time"),
        pytest.param([PATH, "--face", "1", "--seconds", "nan"], "above 0", id="no-number"),
    ],
)
@pytest.mark.usefixtures("made")
def test_refused(run: Run, argv: list[str], told: str) -> None:
    """One line that says what is wrong, and nothing is printed."""
    run("keys", "new", "--urls")
    code, out, err = run("sign", *argv)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert told in err


def test_without_the_table(run: Run, tmp_path: Path) -> None:
    """Where no key file is configured, both commands say which key to set."""
    World(tmp_path)
    for argv in (["sign", PATH, "--face", "1"], ["keys", "new", "--urls"]):
        code, out, err = run(*argv)
        assert (code, out) == (1, "")
        assert "edge.urls.key_file" in err


@pytest.mark.usefixtures("made")
def test_keys(run: Run, tmp_path: Path) -> None:
    """The keys of URLs rotate and retire by themselves: nothing in a catalog was wrapped by them, and the ring stays as it is."""
    ring = (tmp_path / "ring.toml").read_text()
    run("keys", "new", "--urls")
    first = urls.Keys.read(tmp_path / "urls.toml").primary
    secret = (tmp_path / "urls.toml").read_text().rsplit('"', 2)[1]
    checked = run("check")
    assert (checked[0], checked[1].splitlines()[-1]) == (0, f"{tmp_path / 'config.toml'}: usable")
    assert secret not in checked[1] + checked[2]
    rotated = run("keys", "rotate", "--urls")
    listed = run("keys", "list", "--urls")
    second = urls.Keys.read(tmp_path / "urls.toml").primary
    assert rotated[1] == listed[1] == f"{first}\n{second}  primary\n"
    assert run("keys", "retire", "--urls", second)[0] == 1
    assert run("keys", "retire", "--urls", first)[1] == f"{second}  primary\n"
    assert (tmp_path / "ring.toml").read_text() == ring
    assert secret not in str(rotated) + str(listed)
    (tmp_path / "urls.toml").chmod(0o644)
    code, _, err = run("check")
    assert code == 1
    assert "chmod 600" in err


def test_help_has_examples(run: Run) -> None:
    """--help shows whole commands."""
    assert "mfmc-edge sign /2026/t1.jpg --face 1 --face 3" in run("sign", "--help")[1]
