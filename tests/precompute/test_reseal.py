"""A published photo gets new fakes from its own files: originals bit for bit, and everything that was set as it was."""

import json
import re
from collections.abc import Callable
from hashlib import sha256

import numpy as np
import pytest
from PIL import Image

from edge.catalog import Face as FaceRecord
from edge.catalog.renditions import read
from edge.origin import names
from precompute import reseal
from precompute.errors import NotMeasurable
from tests import pictures
from tests.precompute.certified import BOXES
from tests.precompute.certified import Compares
from tests.precompute.certified import certified
from tests.precompute.certified import change
from tests.precompute.certified import states
from tests.precompute.certified import text
from tests.precompute.certified import version
from tests.precompute.flat import Pixels
from tests.precompute.flat import face
from tests.precompute.resealed import newer
from tests.precompute.resealed import original
from tests.precompute.resealed import rows
from tests.precompute.resealed import run
from tests.precompute.resealed import uploaded
from tests.precompute.shop import Shop

OF_A_FACE = ("tag", "request", "suggestion")


def body(certificate: str) -> str:
    """Without its signature."""
    return certificate.split("\n")[0]


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


def test_renditions_too(signed_shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """The widths that are configured now are made of the new fakes, also for a photo that had none."""
    assert rows(signed_shop, "photo", "renditions") == [("",)]
    with signed_shop.config.open("a") as file:
        file.write("[sizes]\nrenditions = [50, 100, 200]\n")
    for _ in range(2):
        before = version(signed_shop)
        assert run(signed_shop, capsys, "/one.jpg", "--force")[0] == 0
        ((told,),) = rows(signed_shop, "photo", "renditions")
        made = read(str(told))
        assert [(each.width, each.height) for each in made] == [(50, 40), (100, 80)]
        for each in made:
            base = signed_shop.folder / "origin" / names("/one.jpg", version(signed_shop), each.width)[0]
            assert sha256(base.read_bytes()).digest() == each.base_sha256
        assert version(signed_shop) != before


def test_everything_set_stays(signed_shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """Owners, locks, uploader, tags, requests, suggestions, rules: row for row what they were; epochs grow."""
    change(signed_shop, "UPDATE face SET owner = 'u-red', locked = 1, epoch = 4 WHERE slot = 0")
    change(signed_shop, "UPDATE face SET owner = 'u-blue', shown = 1, epoch = 2 WHERE slot = 1")
    change(signed_shop, "UPDATE photo SET uploader = 'u-up'")
    change(signed_shop, "INSERT INTO tag VALUES ('/one.jpg', 0, 'u-x', 1, 'no')")
    change(signed_shop, "INSERT INTO request VALUES ('/one.jpg', 1, 'u-y', '')")
    change(signed_shop, "INSERT INTO suggestion VALUES ('/one.jpg', 1, 'u-z')")
    change(signed_shop, "INSERT INTO photo_rule VALUES ('/one.jpg', 'u-red', 'friends', 1, 'user:u-y', NULL)")
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


@pytest.mark.parametrize("force", [True, False])
def test_forged_entry_is_not_signed(
    signed_shop: Shop, capsys: pytest.CaptureFixture[str], compares: Compares, force: bool
) -> None:
    """What nobody answers for is said of an erased face: taken over, it would be signed, so the new certificate is not."""
    newer(signed_shop, compares)
    change(signed_shop, "UPDATE face SET wrapped_key = NULL WHERE slot = 1")
    change(signed_shop, "UPDATE photo SET certificate = ?", body(text(signed_shop)))
    code, (row,) = run(signed_shop, capsys, "/one.jpg", *(["--force"] if force else []))
    assert (code, row["published"], row["signed"]) == (0, True, False)
    assert len(text(signed_shop).split("\n")) == 1
    assert states(certified(signed_shop, capsys)[1]) == ["unsigned", "erased"]


@pytest.mark.parametrize(
    "forged",
    [
        pytest.param(lambda said: said.replace('"passed":true', '"passed":false', 1), id="changed-after-signing"),
        pytest.param(lambda said: re.sub('"photo_id":"[^"]*"', f'"photo_id":"{"0" * 32}"', body(said)), id="of-another-photo"),
        pytest.param(lambda said: body(said).replace('"slot":1', '"slot":2'), id="of-another-face"),
    ],
)
def test_forged_certificate(signed_shop: Shop, capsys: pytest.CaptureFixture[str], forged: Callable[[str], str]) -> None:
    """Where all that is known of an erased face is a certificate that cannot be believed, the photo stays, by force too."""
    change(signed_shop, "UPDATE face SET wrapped_key = NULL WHERE slot = 1")
    change(signed_shop, "UPDATE photo SET certificate = ?", forged(text(signed_shop)))
    before = version(signed_shop)
    assert signed_shop.run("reseal", "/one.jpg", "--force") == 1
    assert "seal the photo anew" in capsys.readouterr().err
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


def test_places() -> None:
    """Each face of the catalog takes the nearest one found; what lies on a fake that stays is nobody's face."""
    records = [FaceRecord(slot, (x, 0, 40, 40), None, None, b"k") for slot, x in ((0, 0), (3, 30), (5, 100))]
    found = [face(box, {}) for box in ((32, 1, 40, 40), (1, 0, 40, 40), (102, 2, 38, 40), (200, 0, 20, 20), (110, 20, 20, 20))]
    placed = reseal.places(records, frozenset({0, 3}), found)
    assert {slot: each.box[0] for slot, each in placed.items()} == {0: 1, 3: 32, 6: 200}
    with pytest.raises(NotMeasurable):
        reseal.places(records, frozenset({0, 3, 5}), found[:2])


def test_face_within_a_face() -> None:
    """A small face before a large one is its own again, in whatever order they are found: else its owner would see the other."""
    large, small = (0, 0, 100, 100), (30, 30, 50, 50)
    records = [FaceRecord(slot, box, None, None, b"k") for slot, box in enumerate((large, small))]
    for boxes in ((large, small), (small, large)):
        placed = reseal.places(records, frozenset({0, 1}), [face(box, {}) for box in boxes])
        assert {slot: each.box for slot, each in placed.items()} == {0: large, 1: small}


@pytest.mark.parametrize("orientation", [3, 6])
def test_turned(signed_shop: Shop, capsys: pytest.CaptureFixture[str], orientation: int) -> None:
    """A photo that is stored turned is found, drawn and sealed upright."""
    file = signed_shop.folder / "one.jpg"
    exif = Image.Exif()
    exif[0x0112] = orientation
    file.write_bytes(pictures.saved(pictures.texture(240, 200, 1), exif=exif))
    assert signed_shop.seal(str(file)) == 0
    base = original(signed_shop).base
    assert run(signed_shop, capsys, "/one.jpg", "--force")[0] == 0
    after = original(signed_shop)
    assert (after.original == uploaded(signed_shop)).all()
    assert after.base.shape == base.shape
    assert certified(signed_shop, capsys)[0] == 0


@pytest.mark.parametrize("erased", [False, True])
def test_faces_that_reveal_together(
    signed_shop: Shop, capsys: pytest.CaptureFixture[str], compares: Compares, erased: bool
) -> None:
    """Faces too close to be shown apart stay so; if one of them is erased, none can be had, and none has a key after that."""
    compares.boxes = (*((8 + 8 * i, 20, 40, 50) for i in range(5)), (140, 90, 40, 50))
    assert signed_shop.seal(signed_shop.photo("one.jpg")) == 0
    ((alone,),) = rows(signed_shop, "face", "slot", "x = 140")
    if erased:
        change(signed_shop, "UPDATE face SET wrapped_key = NULL WHERE x = 24")
    before = original(signed_shop)
    assert before.slots == ({alone} if erased else set(range(6)))
    assert run(signed_shop, capsys, "/one.jpg", "--force")[0] == 0
    after = original(signed_shop)
    assert (after.original == before.original).all()
    assert after.slots == before.slots
    assert (after.original == uploaded(signed_shop)).all() != erased
    keyless = rows(signed_shop, "face", "slot", "wrapped_key IS NULL")
    assert {slot for (slot,) in keyless} == set(range(6)) - after.slots
    assert certified(signed_shop, capsys)[0] == 0
