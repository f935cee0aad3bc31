"""Every face is measured again on what is published, and a certificate counts only if somebody who counts signed it."""

from pathlib import Path

import pytest

from precompute import signing
from precompute.settings import CertificateConfig
from tests.precompute.certified import BOXES
from tests.precompute.certified import Compares
from tests.precompute.certified import certified
from tests.precompute.certified import change
from tests.precompute.certified import states
from tests.precompute.certified import text
from tests.precompute.shop import Shop


def test_another_value(signed_shop: Shop, capsys: pytest.CaptureFixture[str], compares: Compares) -> None:
    """A similarity further from the certified one than the tolerance differs; within, it does not."""
    compares.shift = -0.019
    assert certified(signed_shop, capsys)[0] == 0
    compares.shift = -0.03
    code, line = certified(signed_shop, capsys)
    assert (code, states(line)) == (1, ["differs", "differs"])


def test_face_within_a_face(signed_shop: Shop, capsys: pytest.CaptureFixture[str], compares: Compares) -> None:
    """A small face before a large one is not taken for it, in whatever order they are found: else a bad fake could seem good."""
    x, y, w, h = BOXES[0]
    for inner in ((x + 2, y + 2, w // 3, h // 3), (x + w // 2, y + h // 2, w // 3, h // 3)):
        compares.boxes = (inner, *BOXES)
        assert states(certified(signed_shop, capsys)[1]) == ["ok", "ok"]


def test_base_that_shows_the_original(signed_shop: Shop, capsys: pytest.CaptureFixture[str], compares: Compares) -> None:
    """A fake that recognisers take for the person does not pass, whatever its certificate says."""
    compares.shift = 0.5
    code, line = certified(signed_shop, capsys)
    assert (code, states(line)) == (1, ["no longer passes", "no longer passes"])


def test_newer_recogniser(signed_shop: Shop, capsys: pytest.CaptureFixture[str], compares: Compares) -> None:
    """A recogniser that was not there at sealing is measured: passed, it is said and no more; not passed, the face is not ok."""
    compares.thresholds = {"near": 0.99, "new": 0.99}
    code, line = certified(signed_shop, capsys)
    assert (code, states(line)) == (0, ["ok", "ok"])
    notes = " ".join(line["faces"][0]["notes"])  # type: ignore[index]
    assert "far: the certified model is not configured" in notes
    assert "new: not the certified model" in notes
    compares.thresholds = {"near": 0.99, "new": 0.1}
    code, line = certified(signed_shop, capsys)
    assert (code, states(line)) == (1, ["no longer passes", "no longer passes"])


def test_lower_threshold(signed_shop: Shop, capsys: pytest.CaptureFixture[str], compares: Compares) -> None:
    """The threshold that is in force now decides."""
    compares.thresholds = {"near": 0.1, "far": 0.995}
    code, line = certified(signed_shop, capsys)
    assert (code, states(line)) == (1, ["no longer passes", "no longer passes"])
    assert "the threshold is 0.1, and was 0.99" in " ".join(line["faces"][0]["notes"])  # type: ignore[index]


def test_opaque_that_never_passed(signed_shop: Shop, capsys: pytest.CaptureFixture[str], compares: Compares) -> None:
    """A fill that was certified as not passing agrees with its certificate, and that is said."""
    compares.thresholds = {"near": 0.1, "far": 0.1}
    assert signed_shop.seal(signed_shop.photo("one.jpg")) == 0
    code, line = certified(signed_shop, capsys)
    assert (code, states(line)) == (0, ["ok", "ok"])
    assert "calls it the person, as is certified" in " ".join(line["faces"][0]["notes"])  # type: ignore[index]
    assert line["faces"][0]["passed"] is False  # type: ignore[index]


def test_lost_face(signed_shop: Shop, capsys: pytest.CaptureFixture[str], compares: Compares) -> None:
    """Where no face is found any more, nothing was measured, and the face is not ok."""
    compares.boxes = ((20, 30, 50, 64), (5, 5, 10, 10))
    code, line = certified(signed_shop, capsys)
    assert (code, sorted(states(line))) == (1, ["differs", "ok"])


@pytest.mark.parametrize("erased", ["slot = 0", "1 = 1"], ids=["one", "all"])
def test_erased(signed_shop: Shop, capsys: pytest.CaptureFixture[str], erased: str) -> None:
    """An erased face cannot be measured, the others can, and it is nobody's fault."""
    change(signed_shop, f"UPDATE face SET wrapped_key = NULL WHERE path = '/one.jpg' AND {erased}")  # noqa: S608
    code, line = certified(signed_shop, capsys)
    assert (code, states(line)) == (0, ["erased", "ok" if "slot" in erased else "erased"])


def test_unsigned(signed_shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """A certificate whose signature was taken off, or whose key nobody named, is unsigned."""
    signed = text(signed_shop)
    change(signed_shop, "UPDATE photo SET certificate = ? WHERE path = '/one.jpg'", signed.split("\n")[0])
    assert certified(signed_shop, capsys)[0] == 1
    change(signed_shop, "UPDATE photo SET certificate = ? WHERE path = '/one.jpg'", signed)
    (signed_shop.folder / "certificate.pem").unlink()
    signing.create(signed_shop.folder / "certificate.pem")
    code, line = certified(signed_shop, capsys)
    assert (code, states(line), line["signed_by"]) == (1, ["unsigned", "unsigned"], None)


def test_sealed_without_a_key(tmp_path: Path, compares: Compares, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a key the certificate is one line, and says by that that nobody signed it."""
    made = Shop(tmp_path)
    assert made.seal(made.photo("one.jpg")) == 0
    assert "\n" not in text(made)
    code, line = certified(made, capsys)
    assert (code, states(line)) == (1, ["unsigned", "unsigned"])


def test_key_used_before(signed_shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """What an earlier key signed counts while its public half is named."""
    signer = signing.read(CertificateConfig(key_file=signed_shop.folder / "certificate.pem"))
    assert signer is not None
    (signed_shop.folder / "old.pem").write_text(signing.public_text(signer.public))
    (signed_shop.folder / "certificate.pem").unlink()
    before = signed_shop.config.read_text()
    signed_shop.config.write_text(before.replace('key_file = "certificate.pem"', 'public_files = ["old.pem"]'))
    code, line = certified(signed_shop, capsys)
    assert (code, line["signed_by"]) == (0, signer.key_id)
