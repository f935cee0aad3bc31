"""A published photo gets new fakes from its own files: originals bit for bit, and everything that was set as it was."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.catalog import Face as FaceRecord
from edge.keys import ring
from edge.origin import names
from precompute import config
from precompute import keys
from precompute import opened
from precompute import reseal
from precompute.errors import NotMeasurable
from tests.precompute.certified import BOXES
from tests.precompute.certified import Compares
from tests.precompute.certified import certified
from tests.precompute.certified import change
from tests.precompute.certified import states
from tests.precompute.certified import text
from tests.precompute.certified import version
from tests.precompute.flat import Pixels
from tests.precompute.flat import face
from tests.precompute.shop import Shop

OF_A_FACE = ("tag", "request", "suggestion")


def newer(shop: Shop, compares: Compares) -> None:
    """Configure a recogniser that calls the published fakes the person."""
    entries = json.loads(text(shop).split("\n")[0])["faces"]
    alike = min(entry["recognisers"][0]["similarity"] for entry in entries)
    compares.thresholds = {"near": 0.99, "newer": alike - 0.005}


def run(shop: Shop, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[dict[str, object]]]:
    """The exit code, and the lines of JSON."""
    capsys.readouterr()
    code = shop.run("reseal", *arguments, "--json")
    return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def rows(shop: Shop, table: str, columns: str = "*", where: str = "1 = 1") -> list[tuple[object, ...]]:
    """Rows of a table."""
    with closing(sqlite3.connect(shop.folder / "catalog.sqlite3")) as plain:
        return sorted(plain.execute(f"SELECT {columns} FROM {table} WHERE {where}").fetchall(), key=repr)  # noqa: S608


def original(shop: Shop) -> opened.Opened:
    """What the keys open of /one.jpg."""
    settings = config.load(shop.config)
    held = keys.opens(keys.read(settings.keys))
    assert held is not None
    return opened.of(opened.published(settings, "/one.jpg").photo, settings, held)


def uploaded(shop: Shop) -> Pixels:
    """The pixels of the upload."""
    return cv2.imread(shop.photo("one.jpg"))  # type: ignore[return-value]


def test_only_where_due(signed_shop: Shop, compares: Compares, capsys: pytest.CaptureFixture[str]) -> None:
    """A photo whose fakes still pass stays as it is; one that a newer recogniser breaks is due, and a dry run says so."""
    before = version(signed_shop)
    assert run(signed_shop, capsys, "/one.jpg") == (
        0, [{"path": "/one.jpg", "due": False, "no_longer_passes": [], "published": False, "faces": []}],
    )  # fmt: skip
    newer(signed_shop, compares)
    code, (row,) = run(signed_shop, capsys, "--all", "--dry-run")
    assert (code, row["due"], row["published"], row["no_longer_passes"]) == (1, True, False, [0, 1])
    assert version(signed_shop) == before


def test_resealed(signed_shop: Shop, compares: Compares, capsys: pytest.CaptureFixture[str]) -> None:
    """The new version passes, opens to the upload's very pixels, and its old files stay for edges that still show them."""
    newer(signed_shop, compares)
    before, base = version(signed_shop), original(signed_shop).base
    code, (row,) = run(signed_shop, capsys, "/one.jpg")
    assert (code, row["published"]) == (0, True)
    assert version(signed_shop) != before
    assert certified(signed_shop, capsys)[0] == 0
    after = original(signed_shop)
    assert (after.original == uploaded(signed_shop)).all()
    assert after.slots == {0, 1}
    assert not (after.base == base).all()
    plain = (signed_shop.folder / "origin" / "one.jpg").read_bytes()
    for kept in (before, version(signed_shop)):
        assert (signed_shop.folder / "origin" / names("/one.jpg", kept)[0]).is_file()
    assert plain == (signed_shop.folder / "origin" / names("/one.jpg", version(signed_shop))[0]).read_bytes()
    assert run(signed_shop, capsys, "--all")[1][0]["due"] is False


def test_everything_set_stays(signed_shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """Owners, locks, uploader, tags, requests, suggestions, rules: row for row what they were; epochs grow."""
    change(signed_shop, "UPDATE face SET owner = 'u-red', locked = 1, epoch = 4 WHERE slot = 0")
    change(signed_shop, "UPDATE face SET owner = 'u-blue', shown = 1, epoch = 2 WHERE slot = 1")
    change(signed_shop, "UPDATE photo SET uploader = 'u-up'")
    change(signed_shop, "INSERT INTO tag VALUES ('/one.jpg', 0, 'u-x', 1, 'no')")
    change(signed_shop, "INSERT INTO request VALUES ('/one.jpg', 1, 'u-y', '')")
    change(signed_shop, "INSERT INTO suggestion VALUES ('/one.jpg', 1, 'u-z')")
    change(signed_shop, "INSERT INTO photo_rule VALUES ('/one.jpg', 'u-red', 'friends', 1)")
    tables = (*OF_A_FACE, "photo_rule")
    before = {table: rows(signed_shop, table) for table in tables}
    faces = "path, slot, x, y, w, h, owner, locked, shown"
    photo = "path, hex(photo_id), width, height, uploader"
    fixed = [rows(signed_shop, "face", faces), rows(signed_shop, "photo", photo)]
    assert run(signed_shop, capsys, "/one.jpg", "--force")[0] == 0
    assert {table: rows(signed_shop, table) for table in tables} == before
    assert [rows(signed_shop, "face", faces), rows(signed_shop, "photo", photo)] == fixed
    assert rows(signed_shop, "face", "epoch") == [(5,), (5,)]
    assert certified(signed_shop, capsys)[0] == 0


@pytest.mark.parametrize("slot", [0, 1])
def test_erased(signed_shop: Shop, capsys: pytest.CaptureFixture[str], slot: int) -> None:
    """An erased face keeps its row, its entry in the certificate and the pixels of its fake, and has no key."""
    change(signed_shop, f"UPDATE face SET wrapped_key = NULL WHERE slot = {slot}")  # noqa: S608
    entry = json.loads(text(signed_shop).split("\n")[0])["faces"][slot]
    before = original(signed_shop)
    code, (row,) = run(signed_shop, capsys, "/one.jpg", "--force")
    assert (code, [each["slot"] for each in row["faces"]]) == (0, [1 - slot])  # type: ignore[attr-defined]
    after = original(signed_shop)
    assert after.slots == {1 - slot}
    assert rows(signed_shop, "face", "slot", "wrapped_key IS NULL") == [(slot,)]
    assert json.loads(text(signed_shop).split("\n")[0])["faces"][slot] == entry
    (x, y, w, h) = rows(signed_shop, "face", "x, y, w, h", f"slot = {slot}")[0]
    place = np.s_[y : y + h, x : x + w]  # type: ignore[operator, misc]
    assert (after.base[place] == before.base[place]).all()
    assert (after.original == before.original).all()
    code, line = certified(signed_shop, capsys)
    assert (code, sorted(states(line))) == (0, ["erased", "ok"])


def test_all_erased(signed_shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """Where nothing can be opened any more there is nothing to do, by force neither."""
    change(signed_shop, "UPDATE face SET wrapped_key = NULL")
    before = version(signed_shop)
    assert run(signed_shop, capsys, "/one.jpg", "--force")[0] == 0
    assert version(signed_shop) == before


def test_erased_meanwhile(signed_shop: Shop, capsys: pytest.CaptureFixture[str], compares: Compares) -> None:
    """A face that is erased while its photo is at work is erased in the new version too."""
    find = compares.find

    def erasing(pixels: Pixels) -> object:
        change(signed_shop, "UPDATE face SET wrapped_key = NULL WHERE slot = 1")
        return find(pixels)

    compares.find = erasing  # type: ignore[method-assign, assignment]
    assert run(signed_shop, capsys, "/one.jpg", "--force")[0] == 0
    assert original(signed_shop).slots == {0}


def test_published_meanwhile(signed_shop: Shop, capsys: pytest.CaptureFixture[str], compares: Compares) -> None:
    """Where the photo is published anew meanwhile, that version stays, its plain name too, and the command says to try again."""
    find, sealed = compares.find, []

    def publishing(pixels: Pixels) -> object:
        compares.find = find  # type: ignore[method-assign]
        sealed.append(signed_shop.seal(signed_shop.photo("one.jpg")))
        return find(pixels)

    compares.find = publishing  # type: ignore[method-assign, assignment]
    assert signed_shop.run("reseal", "/one.jpg", "--force") == 1
    assert "try again" in capsys.readouterr().err
    plain = (signed_shop.folder / "origin" / "one.jpg").read_bytes()
    assert plain == (signed_shop.folder / "origin" / names("/one.jpg", version(signed_shop))[0]).read_bytes()
    assert certified(signed_shop, capsys)[0] == 0


def test_broken_certificate(signed_shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """A certificate that cannot be believed is an error, unless new fakes are forced; then there is one that can be."""
    change(signed_shop, "UPDATE photo SET certificate = ?", text(signed_shop).replace('"passed":true', '"passed":false', 1))
    assert run(signed_shop, capsys, "/one.jpg")[0] == 1
    assert run(signed_shop, capsys, "/one.jpg", "--force")[0] == 0
    assert certified(signed_shop, capsys)[0] == 0


def test_lost_face(signed_shop: Shop, capsys: pytest.CaptureFixture[str], compares: Compares) -> None:
    """A face that is found no more is never left as it was: the photo fails, and stays."""
    before = version(signed_shop)
    compares.boxes = BOXES[:1]
    assert signed_shop.run("reseal", "/one.jpg", "--force") == 1
    assert "no face is found at" in capsys.readouterr().err
    assert version(signed_shop) == before


def test_newly_found_face(signed_shop: Shop, capsys: pytest.CaptureFixture[str], compares: Compares) -> None:
    """A face that only a newer detector finds is sealed with the others, as nobody's."""
    compares.boxes = (*BOXES, (140, 100, 30, 40))
    assert run(signed_shop, capsys, "/one.jpg", "--force")[0] == 0
    assert rows(signed_shop, "face", "slot, owner, locked")[2] == (2, None, 0)
    assert original(signed_shop).slots == {0, 1, 2}
    assert (original(signed_shop).original == uploaded(signed_shop)).all()


def test_sentences(signed_shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """Without --json a line for each photo; all of them with --all; either that or addresses."""
    assert signed_shop.seal(signed_shop.photo("two.jpg")) == 0
    capsys.readouterr()
    assert signed_shop.run("reseal", "--all", "--force") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["/one.jpg", "/two.jpg"]
    assert all(": 2 faces anew, 2 swapped, 0 filled; published" in line for line in lines)
    assert signed_shop.run("reseal", "one.jpg") == 0
    assert "stays as it is" in capsys.readouterr().out
    assert signed_shop.run("reseal") == 1
    assert signed_shop.run("reseal", "--all", "/one.jpg") == 1
    assert signed_shop.run("reseal", "/none.jpg") == 1
    assert "no such photo" in capsys.readouterr().err


def test_pages(signed_shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """All photos are gone through, page after page."""
    for name in ("a", "b", "c", "d"):
        assert signed_shop.seal(signed_shop.photo("two.jpg"), "--as", f"/{name}.jpg") == 0
    monkeypatch.setattr(opened, "PAGE", 2)
    assert list(opened.paths(config.load(signed_shop.config))) == ["/a.jpg", "/b.jpg", "/c.jpg", "/d.jpg", "/one.jpg"]


def test_places() -> None:
    """Each face of the catalog takes the nearest one found; what lies on a fake that stays is nobody's face."""
    records = [FaceRecord(slot, (x, 0, 40, 40), None, None, b"k") for slot, x in ((0, 0), (3, 30), (5, 100))]
    found = [face(box, {}) for box in ((32, 1, 40, 40), (1, 0, 40, 40), (102, 2, 38, 40), (200, 0, 20, 20), (110, 20, 20, 20))]
    placed = reseal.places(records, frozenset({0, 3}), found)
    assert {slot: each.box[0] for slot, each in placed.items()} == {0: 1, 3: 32, 6: 200}
    with pytest.raises(NotMeasurable):
        reseal.places(records, frozenset({0, 3, 5}), found[:2])


def test_public_halves(signed_shop: Shop, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Where no key can be opened, nothing can be resealed, and that is said at once."""
    (tmp_path / "ring.toml").unlink()
    (tmp_path / "ring.toml").write_text(ring.public_text(signed_shop.ring))
    assert signed_shop.run("reseal", "--all") == 1
    assert "reseal where the ring is" in capsys.readouterr().err
