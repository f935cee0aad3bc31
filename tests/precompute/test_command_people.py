"""The operator's commands for people who want to be found: off unless switched on, clear refusals, no template ever shown."""

import json
import logging
import os
from pathlib import Path

import pytest

from precompute import command_people
from tests.precompute.flat import FlatFaces
from tests.precompute.looks import DIMENSIONS
from tests.precompute.looks import MODELS
from tests.precompute.looks import looks
from tests.precompute.shop import Shop

PEOPLE = '[precompute.people]\nenabled = true\nsimilarity = { "flat-a" = 0.6, "flat-b" = 0.6 }\n'
FACE = (20, 30, 70, 90)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setattr(command_people, "describer_of", lambda *_: FlatFaces((FACE,), people=("u-red",)))
    return Shop(tmp_path, PEOPLE)


def test_enrolled(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """One line says who was enrolled and for which models, and the list knows them."""
    assert shop.run("enrol", "u-red", shop.photo("one.jpg"), shop.photo("two.jpg")) == 0
    assert capsys.readouterr().out == "u-red: enrolled with 2 photos, for flat-a, flat-b\n"
    assert shop.run("enrolled") == 0
    assert capsys.readouterr().out == "u-red  flat-a, flat-b\n"


def test_json(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """With --json, each command prints one object a line, with the models' hashes and no template."""
    assert shop.run("enrol", "u-red", shop.photo("one.jpg"), "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"person": "u-red", "enrolled": True, "photos": 1, "models": MODELS}
    assert shop.run("enrolled", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"person": "u-red", "models": MODELS}
    assert shop.run("enrol", "u-red", "--forget", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"person": "u-red", "enrolled": False}
    assert shop.run("enrolled", "--json") == 0
    assert capsys.readouterr().out == ""


def test_off_by_default(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """Unless it is switched on nobody is enrolled, and no catalog is made."""
    shop.config.write_text(shop.config.read_text().replace("enabled = true", "enabled = false"))
    assert shop.run("enrol", "u-red", shop.photo("one.jpg")) == 1
    assert "precompute.people.enabled" in capsys.readouterr().err
    assert shop.on_disk() == b""


def test_forgetting_works_while_off(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever was enrolled can be listed and forgotten after it was switched off."""
    assert shop.run("enrol", "u-red", shop.photo("one.jpg")) == 0
    shop.config.write_text(shop.config.read_text().replace("enabled = true", "enabled = false"))
    assert shop.run("enrolled") == 0
    assert "u-red" in capsys.readouterr().out
    assert shop.run("enrol", "u-red", "--forget") == 0
    assert "deleted" in capsys.readouterr().out
    assert shop.run("enrolled") == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(["u-red"], "give photos", id="no-photo"),
        pytest.param(["u-red", "one.jpg", "--forget"], "give photos", id="photo-and-forget"),
        pytest.param(["no such user", "one.jpg"], "USER", id="bad-user"),
        pytest.param(["u-red", *["one.jpg"] * 17], "at most 16 photos", id="too-many"),
        pytest.param(["u-red", "missing.jpg"], "missing.jpg: cannot be read", id="missing"),
        pytest.param(["u-red", "bad.jpg"], "bad.jpg: it is not a JPEG", id="no-picture"),
    ],
)
def test_refused(shop: Shop, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str) -> None:
    """Wrong arguments and photos are refused in one line, and nobody is enrolled."""
    (shop.folder / "bad.jpg").write_bytes(b"no picture")
    user, *rest = arguments
    assert shop.run("enrol", user, *(name if name.startswith("--") else shop.photo(name) for name in rest)) == 1
    assert says in capsys.readouterr().err
    assert shop.on_disk() == b""


def test_enrolled_again(shop: Shop, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A bad photo leaves the template as it was; a good one replaces it."""
    assert shop.run("enrol", "u-red", shop.photo("one.jpg")) == 0
    before = shop.on_disk()
    monkeypatch.setattr(command_people, "describer_of", lambda *_: FlatFaces((FACE, FACE), people=("u-red", "u-blue")))
    assert shop.run("enrol", "u-red", shop.photo("two.jpg")) == 1
    assert "two.jpg: 2 faces were found" in capsys.readouterr().err
    assert shop.on_disk() == before
    monkeypatch.setattr(command_people, "describer_of", lambda *_: FlatFaces((FACE,), people=("u-red",)))
    assert shop.run("enrol", "u-red", shop.photo("two.jpg")) == 0
    assert shop.on_disk() != before


def test_similarities_that_cannot_be_right(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """What would stop the upload job later stops enrolling now."""
    shop.config.write_text(shop.config.read_text().replace("0.6", "0.1"))
    assert shop.run("enrol", "u-red", shop.photo("one.jpg")) == 1
    assert "must be above" in capsys.readouterr().err


def test_nothing_of_the_template_is_shown(
    shop: Shop, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Whether it works or fails, no number of a descriptor, no key and no photo is in any output or beside the catalog."""
    caplog.set_level(logging.INFO)
    photo = Path(shop.photo("one.jpg")).read_bytes()
    assert shop.run("enrol", "u-red", shop.photo("one.jpg")) == 0
    assert shop.run("enrolled") == 0
    assert shop.run("enrol", "u-blue", shop.photo("one.jpg"), shop.photo("missing.jpg")) == 1
    (shop.folder / "catalog.sqlite3").write_bytes(os.urandom(8_192))
    assert shop.run("enrol", "u-red", shop.photo("one.jpg")) == 1
    said = caplog.text + "".join(capsys.readouterr())
    for name in DIMENSIONS:
        assert not any(f"{abs(number):.4f}" in said for number in looks("u-red")[name])
    assert "Traceback" not in said
    others = [file for file in shop.folder.rglob("*") if file.is_file() and file.name not in ("one.jpg", "two.jpg")]
    assert not any(photo[200:264] in file.read_bytes() for file in others)


def test_help_says_how(capsys: pytest.CaptureFixture[str]) -> None:
    """The examples show enrolling and forgetting."""
    from precompute.__main__ import main

    with pytest.raises(SystemExit):
        main(["--help"])
    said = capsys.readouterr().out
    assert "enrol u-1742 me.jpg" in said
    assert "--forget" in said
