"""What is shipped for deployments fits the program: the configuration loads, and every option and file that is named exists."""

import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from edge import answer
from edge import config
from edge.__main__ import main
from edge.urls.settings import Urls

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"


def test_configuration() -> None:
    """The container's configuration is accepted as it stands, and opens the admin port that the image asks for its health."""
    settings = config.load(DEPLOY / "config.toml")
    assert f"127.0.0.1:{settings.edge.admin.port}/-/ready" in (DEPLOY / "Dockerfile").read_text()
    assert f"EXPOSE {settings.edge.port} {settings.edge.admin.port}\n" in (DEPLOY / "Dockerfile").read_text()


def test_time_to_stop() -> None:
    """Whoever stops the edge waits longer than it may take."""
    edge = config.load(DEPLOY / "config.toml").edge
    needed = edge.unready_seconds + edge.drain_seconds
    assert float(re.findall(r"stop_grace_period: (\d+)s", (DEPLOY / "compose.yaml").read_text())[0]) > needed
    assert float(re.findall(r"TimeoutStopSec=(\d+)", (DEPLOY / "mfmc-edge.service").read_text())[0]) > needed


def test_image_is_made_of_what_is_there() -> None:
    """Every path that the image copies from the repository exists, reaches the builder, and extras have their names."""
    text = (DEPLOY / "Dockerfile").read_text()
    copied = [word for line in re.findall(r"^COPY (?!--from)(.+)", text, re.M) for word in line.split()[:-1]]
    reaching = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    assert copied
    for name in copied:
        assert (ROOT / name).exists()
        assert f"!{name}" in reaching
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert set(re.findall(r"EXTRAS=([a-z,]+)", text)[0].split(",")) <= set(extras)


def test_commands_are_understood(capsys: pytest.CaptureFixture[str]) -> None:
    """Every call of ``mfmc-edge`` in the unit is one that the program knows; only its configuration is not there."""
    calls = re.findall(r"^Exec\w+=\S*/mfmc-edge (.+)", (DEPLOY / "mfmc-edge.service").read_text(), re.M)
    assert len(calls) == 2
    for call in calls:
        assert main(shlex.split(call)) == 1
        assert "cannot be read" in capsys.readouterr().err


def test_unit(tmp_path: Path) -> None:
    """systemd understands every line of the unit."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd is not installed")
    unit = tmp_path / "mfmc-edge.service"
    unit.write_text((DEPLOY / "mfmc-edge.service").read_text().replace("/opt/mfmc-edge/bin/mfmc-edge", "/bin/true"))
    found = subprocess.run([analyze, "verify", str(unit)], capture_output=True, text=True, timeout=60)
    assert (found.returncode, found.stderr) == (0, "")


SAMPLES = ROOT / "docs" / "deploy"
CACHES = ("nginx-cache.conf", "varnish.vcl", "cloudfront.yaml", "fastly.vcl")


def test_shared_caches_know_the_token() -> None:
    """Every sample for a shared cache looks for both places where a token can be, and treats signed URLs apart."""
    cookie = config.Token(issuer="x", audience="x", algorithm="EdDSA").cookie
    for name in CACHES:
        text = (SAMPLES / name).read_text()
        assert cookie in text, name
        assert re.search("authorization", text, re.I), name
        assert "/-/s/" in text, name


def test_what_was_not_run_says_so() -> None:
    """Samples for services that nobody could try here say it in their first lines, and in the page that lists them."""
    page = (SAMPLES / "README.md").read_text()
    for name in ("cloudfront.yaml", "fastly.vcl"):
        assert "NOT RUN" in "".join((SAMPLES / name).read_text().splitlines(True)[:2])
        assert re.search(rf"\[{re.escape(name)}\].*\*\*no\*\*", page)


def test_cloudfront_keeps_nothing_longer_than_it_is_told() -> None:
    """No policy has a least time to live, which would overrule "private"; signed URLs have the path alone in their key."""
    text = (SAMPLES / "cloudfront.yaml").read_text()
    assert set(re.findall(r"M[iI]N_?TTL: (\d+)", text, re.I)) == {"0"}
    photos, signed = re.findall(r"ParametersInCacheKeyAndForwardedToOrigin:(.*?)(?=\n\n)", text, re.S)
    assert "Headers: [Authorization]" in photos
    assert re.findall(r"(\w+)Behavior: (\w+)", signed) == [("Header", "none"), ("Cookie", "none"), ("QueryString", "none")]


def test_page_of_shared_caches() -> None:
    """The page names files that exist, the headers that the edge sends by default, and a photo's key as the edge makes it."""
    page = (SAMPLES / "README.md").read_text()
    for link in re.findall(r"\]\(([^)#:]+)\)", page):
        assert (SAMPLES / link).exists(), link
    edge = config.load(DEPLOY / "config.toml").edge
    assert f"`public, max-age={edge.public_max_age_seconds}`" in page
    assert f"`public, max-age={edge.cache.revocation_seconds:.0f}`" in page
    assert f"`public, max-age={Urls(key_file=Path()).max_age_seconds}, {answer.NEVER_STALE}`" in page
    script = re.findall(r"```sh\n(photo_key.*?)```", page, re.S)[0]
    told = subprocess.run(["/bin/sh", "-c", script], capture_output=True, check=True).stdout
    assert told.strip() == answer.photo_key("/2026/t1.jpg")
