"""``reseal`` makes new fakes where they are due and says what it did; what it cannot do is an error of its own."""

from pathlib import Path

import pytest

from edge.keys import ring
from precompute import config
from precompute import opened
from tests.precompute.certified import Compares
from tests.precompute.certified import certified
from tests.precompute.certified import change
from tests.precompute.certified import text
from tests.precompute.certified import version
from tests.precompute.resealed import newer
from tests.precompute.resealed import run
from tests.precompute.shop import Shop


def test_only_where_due(signed_shop: Shop, compares: Compares, capsys: pytest.CaptureFixture[str]) -> None:
    """A photo whose fakes still pass stays as it is; one that a newer recogniser breaks is due, and a dry run says so."""
    before = version(signed_shop)
    assert run(signed_shop, capsys, "/one.jpg") == (
        0, [{"path": "/one.jpg", "due": False, "no_longer_passes": [], "published": False, "signed": None, "faces": []}],
    )  # fmt: skip
    newer(signed_shop, compares)
    code, (row,) = run(signed_shop, capsys, "--all", "--dry-run")
    assert (code, row["due"], row["published"], row["no_longer_passes"]) == (1, True, False, [0, 1])
    assert version(signed_shop) == before


def test_broken_certificate(signed_shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """A certificate that cannot be believed is an error, unless new fakes are forced; then there is one that can be."""
    change(signed_shop, "UPDATE photo SET certificate = ?", text(signed_shop).replace('"passed":true', '"passed":false', 1))
    assert run(signed_shop, capsys, "/one.jpg")[0] == 1
    assert run(signed_shop, capsys, "/one.jpg", "--force")[0] == 0
    assert certified(signed_shop, capsys)[0] == 0


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
    assert opened.count(config.load(signed_shop.config)) == 5


def test_public_halves(signed_shop: Shop, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Where no key can be opened, nothing can be resealed, and that is said at once."""
    (tmp_path / "ring.toml").unlink()
    (tmp_path / "ring.toml").write_text(ring.public_text(signed_shop.ring))
    assert signed_shop.run("reseal", "--all") == 1
    assert "reseal where the ring is" in capsys.readouterr().err


def test_key_not_at_hand(signed_shop: Shop, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A photo whose keys another ring wrapped is named, and the others are gone through."""
    (tmp_path / "ring.toml").unlink()
    ring.create(tmp_path / "ring.toml")
    assert signed_shop.seal(signed_shop.photo("two.jpg")) == 0
    capsys.readouterr()
    assert signed_shop.run("reseal", "--all", "--force") == 1
    said = capsys.readouterr()
    assert said.err.startswith("/one.jpg: ")
    assert "/two.jpg: 2 faces anew" in said.out
