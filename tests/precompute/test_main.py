"""The upload job's command line: one line a photo, clear refusals, nothing published that was not asked for."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from precompute import command_seal
from precompute.__main__ import main
from tests import pictures
from tests.precompute.flat import FlatFaces
from tests.precompute.shop import CONFIG
from tests.precompute.shop import Shop


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    anonymiser = FlatFaces(((20, 30, 50, 64), (120, 20, 40, 52)))
    monkeypatch.setattr(command_seal.Anonymiser, "load", lambda *_: anonymiser)
    return Shop(tmp_path)


def test_one_line_a_photo(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """Each photo is reported on a line of its own and published under its name."""
    assert shop.seal(shop.photo("one.jpg"), shop.photo("two.jpg")) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" -> ")[1].split(":")[0] for line in lines] == ["/one.jpg", "/two.jpg"]
    assert shop.published() == ["one.jpg", "two.jpg"]


def test_json(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """With --json, every line is an object with the faces, where they are and how they were replaced."""
    assert shop.seal(shop.photo("one.jpg"), "--json") == 0
    line = json.loads(capsys.readouterr().out)
    assert line["published"] is True
    assert [face["box"] for face in line["faces"]] == [[20, 30, 50, 64], [120, 20, 40, 52]]
    assert {face["method"] for face in line["faces"]} == {"donor"}


def test_dry_run(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """--dry-run lists the faces and leaves the folder, the catalog and the ring alone."""
    before = {file.name for file in shop.folder.rglob("*")}
    assert shop.seal(shop.photo("one.jpg"), "--dry-run") == 0
    assert "face at [20, 30, 50, 64]" in capsys.readouterr().out
    assert {file.name for file in shop.folder.rglob("*")} == before


def test_no_faces_is_said(shop: Shop, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A photo without faces is published as it is, and the line says so."""
    monkeypatch.setattr(command_seal.Anonymiser, "load", lambda *_: FlatFaces(()))
    assert shop.seal(shop.photo("one.jpg")) == 0
    assert "no faces found: shown as it is" in capsys.readouterr().out
    assert shop.published() == ["one.jpg"]


def test_a_bad_photo_does_not_stop_the_others(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """The bad one is named with its reason on stderr, the others are published, and the exit code is 1."""
    (shop.folder / "bad.jpg").write_bytes(b"no picture")
    assert shop.seal(shop.photo("bad.jpg"), shop.photo("missing.jpg"), shop.photo("two.jpg")) == 1
    errors = capsys.readouterr().err
    assert "bad.jpg: it is not a JPEG" in errors
    assert "missing.jpg: cannot be read (No such file or directory)" in errors
    assert shop.published() == ["two.jpg"]


def test_in_place(shop: Shop) -> None:
    """A photo that already lies in the origin keeps its address, and its original is replaced by the base."""
    inside = shop.folder / "origin" / "2026" / "party.jpg"
    inside.parent.mkdir()
    original = pictures.jpeg(pictures.texture(200, 160, 3))
    inside.write_bytes(original)
    assert shop.seal(str(inside)) == 0
    assert shop.published() == ["2026/party.jpg"]
    assert inside.read_bytes() != original


def test_sealing_a_base_is_refused(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """Sealing what sealing made would forget the originals for ever, so it is refused, and the photo stays as it is."""
    assert shop.seal(shop.photo("one.jpg")) == 0
    base = (shop.folder / "origin" / "one.jpg").read_bytes()
    assert shop.seal(str(shop.folder / "origin" / "one.jpg")) == 1
    assert "sealed already, as /one.jpg" in capsys.readouterr().err
    assert (shop.folder / "origin" / "one.jpg").read_bytes() == base


def test_an_original_is_not_left_in_the_published_folder(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """A file of the published folder can only be sealed under its own name."""
    inside = shop.folder / "origin" / "raw.jpg"
    inside.write_bytes(pictures.jpeg(pictures.texture(200, 160, 3)))
    assert shop.seal(str(inside), "--as", "/other.jpg") == 1
    assert "where it can be read" in capsys.readouterr().err


def test_too_large_for_the_edge(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """What no edge would fetch is not published."""
    shop.config.write_text(CONFIG.replace('folder = "origin"', 'folder = "origin"\nmax_bytes = 5000'))
    assert shop.seal(shop.photo("one.jpg")) == 1
    assert "edge.origin.max_bytes" in capsys.readouterr().err
    assert shop.published() == []


def test_a_name_that_is_a_folder(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """A path at which a folder lies is refused before anything is committed."""
    (shop.folder / "origin" / "album").mkdir()
    assert shop.seal(shop.photo("one.jpg"), "--as", "/album") == 1
    assert "as it was before" in capsys.readouterr().err
    assert shop.seal(shop.photo("one.jpg"), "--as", "/one.jpg") == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(["--as", f"/p.jpg.{'0' * 32}.base"], "published files have", id="a-base"),
        pytest.param(["--as", f"/p.jpg.{'a' * 32}.sealed"], "published files have", id="a-sidecar"),
        pytest.param(["--as", "/../etc/passwd"], "cannot be an address", id="climbing"),
        pytest.param(["--as", "/a b.jpg"], "cannot be an address", id="space"),
        pytest.param(["--as", "/-/health"], "cannot be an address", id="our-own"),
        pytest.param(["--faces", "none.json"], "cannot be read", id="no-claims-file"),
    ],
)
def test_refused(shop: Shop, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str) -> None:
    """Wrong arguments are refused in one line, and nothing is published."""
    assert shop.seal(shop.photo("one.jpg"), *arguments) == 1
    assert says in capsys.readouterr().err
    assert shop.published() == []


def test_many_photos_share_no_claims(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """--faces and --as belong to one photo."""
    assert shop.seal(shop.photo("one.jpg"), shop.photo("two.jpg"), "--as", "/x.jpg") == 1
    assert "go with one photo" in capsys.readouterr().err


def test_claims(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """A claimed face is reported with its owner."""
    (shop.folder / "faces.json").write_text('[{"point": [40, 60], "owner": "u-red"}]')
    assert shop.seal(shop.photo("one.jpg"), "--faces", shop.photo("faces.json"), "--json") == 0
    assert [face["owner"] for face in json.loads(capsys.readouterr().out)["faces"]] == ["u-red", None]


def test_ring_that_others_can_read(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """A key ring open to others stops the job before a photo is read."""
    (shop.folder / "ring.toml").chmod(0o644)
    assert shop.seal(shop.photo("one.jpg")) == 1
    assert "chmod 600" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "says"),
    [
        pytest.param("[precompute]\ncolour = 1", "colour", id="unknown-key"),
        pytest.param("[precompute.faces]\nrecognisers = ['mobilefacenet_128']", "recognisers", id="one-recogniser"),
        pytest.param("[precompute.upload]\nmax_pixels = 'many'", "max_pixels", id="wrong-type"),
        pytest.param("[precompute]\npublish_folder = 'nowhere'", "publish_folder", id="no-folder"),
    ],
)
def test_wrong_configuration(shop: Shop, capsys: pytest.CaptureFixture[str], line: str, says: str) -> None:
    """A configuration that cannot be right is refused, naming the key."""
    shop.config.write_text(f"{CONFIG}{line}\n")
    assert shop.seal(shop.photo("one.jpg")) == 1
    assert says in capsys.readouterr().err


def test_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    """--help shows how it is used."""
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "faces.json" in capsys.readouterr().out


def test_help_of_seal_tells_of_manifests(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever reads how to seal learns that photos can say that their faces are synthetic."""
    with pytest.raises(SystemExit):
        main(["seal", "--help"])
    assert "[precompute.disclosure]" in capsys.readouterr().out


@pytest.mark.parametrize("package", ["onnxruntime", "PIL", "jpeglib"])
def test_only_the_edge_is_installed(package: str) -> None:
    """Without what the upload job needs, each of its commands is one line that says what to install."""
    job = f"import sys; sys.modules[{package!r}] = None; from precompute.__main__ import main; sys.exit(main(['doctor']))"
    ended = subprocess.run([sys.executable, "-c", job], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (1, "", 1)
    assert "mfmc-edge[precompute]" in ended.stderr
