"""``evaluate`` writes two whole files for their owner alone, refuses before it works, and when stopped leaves the old report."""

import json
import stat
from pathlib import Path

import numpy as np
import pytest

from precompute import command_evaluate
from precompute.evaluation import course
from precompute.evaluation import crew
from precompute.evaluation.population import Population
from precompute.settings import FacesConfig
from tests import pictures
from tests.precompute.evaluation import crowd
from tests.precompute.shop import Shop


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """With a folder of six people, and stand-ins for the models."""
    made = crowd.Meshed(((20, 15, 60, 60),))
    monkeypatch.setattr(course.Examiner, "load", lambda task, progress=None: crew.Examiner(task, made, ()))
    for person in range(6):
        (tmp_path / "people" / f"p{person}").mkdir(parents=True)
        for i in range(2):
            data = pictures.jpeg(pictures.texture(100, 90, person))
            (tmp_path / "people" / f"p{person}" / f"{i}.jpg").write_bytes(data)
    (tmp_path / "out").mkdir()
    return Shop(tmp_path)


def evaluate(shop: Shop, *arguments: str) -> int:
    return shop.run("evaluate", shop.photo("people"), "--out", shop.photo("out"), *arguments)


def test_written(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """Both files, mode 0600, with every face in the page; what matters is printed, a line each."""
    assert evaluate(shop) == 0
    files = sorted((shop.folder / "out").iterdir())
    assert [file.name for file in files] == ["report.html", "report.json"]
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)
    assert json.loads(files[1].read_text())["data"]["people"] == 6
    assert files[0].read_text().count("<figure>") == 24  # twelve drawn, and the twelve most alike
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("numbers: rank1_before 1.0")


def test_json(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """One object a line."""
    assert evaluate(shop, "--json", "--no-pictures", "--limit", "3") == 0
    first, *_ = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["recogniser"], first["held_out"], first["rank1_before"]) == ("numbers", False, 1.0)
    assert "<img" not in (shop.folder / "out" / "report.html").read_text()
    assert json.loads((shop.folder / "out" / "report.json").read_text())["data"]["people"] == 3


@pytest.mark.parametrize("judges", [(), ("mobileface_v2",)])
def test_nobody_held_out(
    shop: Shop, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, judges: tuple[str, ...]
) -> None:
    """Where all recognisers at hand choose, the figures are not taken for an attacker's."""
    monkeypatch.setattr(course, "held_out", lambda *_: judges)
    assert evaluate(shop, "--limit", "2") == 0
    assert ("no recogniser is held out" in capsys.readouterr().err) == (not judges)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(["--processes", "0"], "--processes: at least 1", id="no-process"),
        pytest.param(["--seed", "-1"], "--seed: 0 or more", id="no-seed"),
        pytest.param(["--limit", "1"], "--limit: at least 2 people", id="nobody-else"),
        pytest.param(["--held-out", FacesConfig().recognisers[1]], "takes part in choosing", id="chooses"),
        pytest.param(["--out", "/dev/null/reports"], "/dev/null/reports cannot be made a folder", id="no-folder"),
    ],
)
def test_refused(shop: Shop, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str) -> None:
    """One line says what to do, and nothing is written."""
    assert evaluate(shop, *arguments) == 1
    assert says in capsys.readouterr().err
    assert not list((shop.folder / "out").iterdir())


@pytest.mark.parametrize("more", ["", '[precompute]\npublish_folder = "elsewhere"\n'])
def test_published_folder(shop: Shop, capsys: pytest.CaptureFixture[str], more: str) -> None:
    """A report that shows originals is never put where photos are published; one without pictures may be."""
    shop.config.write_text(shop.config.read_text() + more)
    out = shop.folder / ("elsewhere" if more else "origin") / "reports"
    assert evaluate(shop, "--limit", "2", "--out", str(out)) == 1
    assert "lies where photos are published" in capsys.readouterr().err
    assert not out.exists()
    assert evaluate(shop, "--limit", "2", "--out", str(out), "--no-pictures") == 0


def test_folder_is_made(shop: Shop) -> None:
    """A folder for the report that is not there yet is made, for its owner alone."""
    out = shop.folder / "reports" / "today"
    assert evaluate(shop, "--limit", "2", "--out", str(out)) == 0
    assert (out / "report.html").is_file()
    assert stat.S_IMODE(out.stat().st_mode) == 0o700


def test_stopped(shop: Shop, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C leaves the report that lay there."""
    assert evaluate(shop) == 0
    before = (shop.folder / "out" / "report.json").read_bytes()

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(crew.Examiner, "look", interrupted)
    assert evaluate(shop) == 130
    assert "a report that lay there is as it was" in capsys.readouterr().err
    assert (shop.folder / "out" / "report.json").read_bytes() == before


def test_help(capsys: pytest.CaptureFixture[str], shop: Shop) -> None:
    """The help has examples and says that the report is not for publishing."""
    with pytest.raises(SystemExit):
        shop.run("evaluate", "--help")
    said = capsys.readouterr().out
    assert "evaluate people --limit 20" in said
    assert "not for publishing" in said


def test_shown() -> None:
    """What any recogniser finds most like the original comes first among the closest, whatever the others find."""
    vectors = np.eye(3, dtype=np.float32)
    pairs = tuple(crowd.pair(vectors[0], each, views=(b"o", name)) for name, each in ((b"a", vectors[1]), (b"b", vectors[0])))
    population = Population(pairs, np.arange(2), ())
    found = course.Evaluation({"recognisers": {crowd.NAME: {"threshold": 0.5}}}, population)
    drawn, closest = command_evaluate.shown(found, 1).values()
    assert drawn == [(b"o", b"a"), (b"o", b"b")]
    assert closest == [(b"o", b"b"), (b"o", b"a")]
