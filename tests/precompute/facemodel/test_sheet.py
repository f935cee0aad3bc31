"""The contact sheet shows as many different faces as were asked for, each in its cell, and nothing else."""

import json
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from precompute.facemodel import __main__ as command
from precompute.facemodel import sheet
from precompute.facemodel import weights as files
from precompute.facemodel.sampler import FaceModel
from precompute.facemodel.sheet import CELL
from precompute.facemodel.sheet import GRAY
from precompute.facemodel.sheet import Painter
from precompute.facemodel.sheet import Row
from tests.precompute.facemodel import made

ROWS = [Row("female", 30), Row("male", 30), Row("male", 60)]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("weights") / "made.npz"
    files.save(made.weights(), place)
    return place


def cells(drawn: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The sheet cut up, from the top of each column to its bottom: (cells, CELL, CELL, 3)."""
    down, across = drawn.shape[0] // CELL, drawn.shape[1] // CELL
    return drawn.reshape(down, CELL, across, CELL, 3).transpose(2, 0, 1, 3, 4).reshape(-1, CELL, CELL, 3)


def test_each_cell_has_one_face_in_its_middle() -> None:
    """Seven faces in three rows: seven different ones, two empty cells, the edges of all plain gray, progress to the end."""
    told: list[tuple[str, int, int]] = []
    drawn = sheet.drawn(made.weights(), ROWS, 7, np.random.default_rng(0), lambda *progress: told.append(progress))
    assert drawn.shape == (3 * CELL, 3 * CELL, 3)
    found = cells(drawn)
    assert [bool((cell != GRAY).any()) for cell in found] == [True] * 7 + [False] * 2
    assert len({cell.tobytes() for cell in found[:7]}) == 7
    assert (found[:, [0, -1]] == GRAY).all()
    assert (found[:, :, [0, -1]] == GRAY).all()
    for cell in found[:7]:
        y, x = np.nonzero((cell != GRAY).any(2))
        assert np.ptp(y) == pytest.approx(sheet.FILLS * CELL, abs=8)
        assert abs(y.min() + y.max() - CELL) < 8
        assert abs(x.min() + x.max() - CELL) < 8
    assert told[-1] == ("faces", 7, 7)


def test_a_face_is_in_the_tone_that_is_asked_for() -> None:
    """Its skin has the colour whose logarithm is given, and the mask's edge is soft."""
    weights = made.weights()
    donor = next(FaceModel(weights, []).choose(made.wanted(), np.random.default_rng(3)))
    tone = np.log(np.array([60, 80, 110], np.float32) + 6)
    overlay = Painter(weights).portrait(donor, tone, 0, 0)
    inside = overlay.weight == 1
    assert ((overlay.weight > 0) & ~inside).any()
    np.testing.assert_allclose(np.median(overlay.pixels[inside], 0), [60, 80, 110], rtol=0.12)


def test_the_command_writes_the_sheet_and_says_what_is_where(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rows by gender and age; the same seed gives the same bytes and another one others."""
    given = ["--faces", "6", "--ages", "25", "60", "--weights", str(file)]
    assert command.run([str(tmp_path / "a.jpg"), *given, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["rows"] == ["female, 25 years", "female, 60 years", "male, 25 years", "male, 60 years"]
    assert command.run([str(tmp_path / "b.jpg"), *given]) == 0
    assert "6 faces of nobody" in capsys.readouterr().out
    assert command.run([str(tmp_path / "c.jpg"), *given, "--seed", "2", "--male"]) == 0
    first, again, other = ((tmp_path / f"{name}.jpg").read_bytes() for name in "abc")
    assert first == again != other
    shape = cv2.imdecode(np.frombuffer(first, np.uint8), cv2.IMREAD_COLOR).shape
    assert shape == (4 * CELL, 2 * CELL, 3)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(("none.npz",), "cannot be used as a face model"), ((), "cannot be written")],
    ids=["no weights", "no folder"],
)
def test_errors_are_one_line(
    arguments: tuple[str, ...], said: str, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A sentence on stderr, nothing on stdout, and 1."""
    place = tmp_path / "none" / "a.jpg"
    assert command.run([str(place), "--faces", "1", "--weights", *(arguments or (str(file),))]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err


@pytest.mark.parametrize("number", [
    "--faces=0", "--faces=-3", "--faces=many", "--faces=100000000", "--seed=-1", "--ages=-5", "--quality=101",
])  # fmt: skip
def test_a_number_that_makes_no_sheet_is_refused(number: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By argparse, before anything is loaded."""
    with pytest.raises(SystemExit, match="2"):
        command.run([str(tmp_path / "a.jpg"), number])
    assert "a whole number from" in capsys.readouterr().err


def test_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    """Those of the module."""
    with pytest.raises(SystemExit, match="0"):
        command.run(["--help"])
    assert "examples:" in capsys.readouterr().out
