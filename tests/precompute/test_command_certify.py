"""``certify`` says what it measured, in lines or JSON, and makes keys that never lie open."""

import json

import pytest

from edge.keys import ring
from tests.precompute.certified import THRESHOLDS
from tests.precompute.certified import certified
from tests.precompute.certified import states
from tests.precompute.certified import text
from tests.precompute.shop import Shop


def test_ok(signed_shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """What was sealed a moment ago is as certified, and every face was measured on what is published."""
    code, line = certified(signed_shop, capsys)
    assert (code, states(line)) == (0, ["ok", "ok"])
    entries = json.loads(text(signed_shop).split("\n")[0])["faces"]
    for face, entry in zip(line["faces"], entries, strict=True):  # type: ignore[call-overload]
        assert set(face["similarity"]) == set(THRESHOLDS)
        assert face["similarity"]["near"] == pytest.approx(entry["recognisers"][0]["similarity"], abs=0.02)
        assert face["similarity"]["near"] < 0.95


def test_sentences(signed_shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """Without --json, a line for the photo and one for each face."""
    assert signed_shop.run("certify", "one.jpg") == 0
    said = capsys.readouterr().out
    assert "one.jpg: 2 faces, signed by " in said
    assert "face 0: ok (near 0." in said


def test_public_halves(signed_shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """Where no key can be opened, nothing can be measured, and that is said at once."""
    (signed_shop.folder / "ring.toml").unlink()
    (signed_shop.folder / "ring.toml").write_text(ring.public_text(signed_shop.ring))
    assert signed_shop.run("certify", "/one.jpg") == 1
    assert "open no original" in capsys.readouterr().err


def test_new_key(signed_shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """--new-key makes a key and prints its public half; --json beside its id; never over another file, never with photos."""
    assert signed_shop.run("certify", "--new-key", signed_shop.photo("new.pem")) == 0
    assert capsys.readouterr().out.startswith("-----BEGIN PUBLIC KEY-----")
    assert signed_shop.run("certify", "--new-key", signed_shop.photo("new.pem")) == 1
    assert signed_shop.run("certify", "--new-key", signed_shop.photo("third.pem"), "/one.jpg") == 1
    assert signed_shop.run("certify") == 1
    capsys.readouterr()
    assert signed_shop.run("certify", "--new-key", signed_shop.photo("fourth.pem"), "--json") == 0
    assert "PRIVATE" not in (said := capsys.readouterr().out)
    assert set(json.loads(said)) == {"key", "public"}


def test_key_that_others_can_read(signed_shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """A signing key open to others stops sealing before a photo is read."""
    (signed_shop.folder / "certificate.pem").chmod(0o644)
    assert signed_shop.seal(signed_shop.photo("two.jpg")) == 1
    assert "chmod 600" in capsys.readouterr().err
    assert signed_shop.published() == ["one.jpg"]
