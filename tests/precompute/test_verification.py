"""Which picture shows whom is what the folders say, and which face is meant is where it lies."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from precompute import verification
from precompute.detect import Detections
from precompute.errors import NotCalibrated
from precompute.photo import Limits
from precompute.thresholds import Origin
from tests import pictures

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


class Brightness:
    """A recogniser that knows people by how bright they are."""

    name, sha256, threshold = "bright", "00" * 32, 0.3
    origin: Origin = "registry"

    def embed(self, pixels: Pixels, points: Floats) -> Floats:
        angle = float(pixels.mean()) / 255
        return np.array([[np.cos(angle), np.sin(angle)]] * len(points), np.float32)


class Centre:
    """A detector of one face in the middle of every picture that is not black."""

    def find(self, pixels: Pixels, long_sides: Sequence[int]) -> Detections:
        h, w = pixels.shape[:2]
        count = int(pixels.max() > 8)
        boxes = np.array([[w / 4, h / 4, w / 2, h / 2]] * count, np.float32).reshape(-1, 4)
        return Detections(boxes, np.ones(count, np.float32), np.zeros((count, 5, 2), np.float32))


def put(folder: Path, **people: Sequence[int]) -> Path:
    """Pictures of one brightness each."""
    for person, levels in people.items():
        (folder / "set" / person).mkdir(parents=True)
        for i, level in enumerate(levels):
            data = pictures.jpeg(np.full((40, 32, 3), level, np.uint8))
            (folder / "set" / person / f"{i}.jpg").write_bytes(data)
    return folder


def test_collection(tmp_path: Path) -> None:
    """Every folder with pictures is a person; other files and empty folders are nobody."""
    put(tmp_path, ada=(10, 20), bob=(30,), empty=())
    (tmp_path / "MANIFEST.tsv").write_text("about")
    found = verification.collection(tmp_path)
    assert found.people == ("set/ada", "set/ada", "set/bob")
    assert [file.name for file in found.files] == ["0.jpg", "1.jpg", "0.jpg"]


def test_digest(tmp_path: Path) -> None:
    """The data's hash does not depend on where it lies, and changes with a byte or a name."""
    one, other = put(tmp_path / "a", ada=(10, 20)), put(tmp_path / "b", ada=(10, 20))
    before = verification.collection(one).sha256
    assert before == verification.collection(other).sha256
    (other / "set" / "ada" / "1.jpg").rename(other / "set" / "ada" / "2.jpg")
    assert before != verification.collection(other).sha256
    (one / "set" / "ada" / "1.jpg").write_bytes(pictures.jpeg(np.zeros((40, 32, 3), np.uint8)))
    assert before != verification.collection(one).sha256


def test_described(tmp_path: Path) -> None:
    """A row for every picture with a face, its person's number beside it; black, broken and vanished ones are counted."""
    put(tmp_path, ada=(100, 0), bob=(200, 150))
    (tmp_path / "set" / "bob" / "broken.jpg").write_bytes(b"no picture")
    found = verification.collection(tmp_path)
    (tmp_path / "set" / "bob" / "1.jpg").unlink()
    told: list[int] = []
    described = verification.describe(
        found, Centre(), (640,), [Brightness()], Limits(), lambda _, done, total: told.append(total - done)
    )
    assert described.people.tolist() == [0, 1]
    assert described.vectors["bright"].shape == (2, 2)
    assert described.left_out == 3
    assert told == [4, 3, 2, 1, 0]


def test_central() -> None:
    """Of several faces the largest that covers the centre is the person's; if none does, there is none."""
    boxes = np.array([[0, 0, 90, 90], [45, 45, 10, 10], [30, 30, 40, 40]], np.float32)
    points = np.repeat(np.arange(3, dtype=np.float32), 10).reshape(3, 5, 2)
    found = Detections(boxes, np.ones(3, np.float32), points)
    for order, size, chosen in (([0, 1, 2], (100, 100), 0), ([1, 2], (100, 100), 2), ([1, 2], (300, 300), None)):
        central = verification.central(found.take(np.array(order)), size)
        assert (None if central is None else int(central[0, 0])) == chosen


@pytest.mark.parametrize("problem", ["missing", "empty", "stray"])
def test_refused(tmp_path: Path, problem: str) -> None:
    """A folder that is missing, holds nothing, or pictures of nobody is refused with what it should hold."""
    folder = tmp_path / "people"
    if problem != "missing":
        folder.mkdir()
    if problem == "stray":
        (folder / "x.JPG").write_bytes(b"")
    with pytest.raises(NotCalibrated, match="folder"):
        verification.collection(folder)
