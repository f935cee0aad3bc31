"""``calibrate`` measures what is configured or named, keeps it for just these models, and refuses before it works."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from precompute import command_calibrate
from precompute import thresholds
from precompute.equipment import Equipment
from precompute.models import ModelStore
from precompute.settings import FacesConfig
from precompute.similarity import fingerprint
from precompute.similarity import measures
from precompute.similarity.rmse import Rmse
from tests.precompute.shop import Shop
from tests.precompute.test_verification import Brightness
from tests.precompute.test_verification import Centre
from tests.precompute.test_verification import put

CHOSEN = FacesConfig().recognisers[0]
MODELS = '[precompute.models]\ncache_folder = "cache/models"\n'


def equipment(config: FacesConfig, store: ModelStore) -> Equipment:
    """As many recognisers as are asked for, and no other model."""
    found = []
    for name in config.recognisers:
        each = Brightness()
        each.name, each.sha256 = name, name.encode().hex().ljust(64, "0")[:64]  # type: ignore[misc]
        found.append(each)
    return Equipment(Centre(), None, None, tuple(found), Rmse())  # type: ignore[arg-type]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setattr(command_calibrate.equipment, "load", equipment)
    levels = np.random.default_rng(0).integers(20, 250, (48, 2)).tolist()
    people: dict[str, Sequence[int]] = {f"p{i:02}": pair[: 1 + i % 2] for i, pair in enumerate(levels)}
    put(tmp_path / "people", **people)
    return Shop(tmp_path, MODELS)


def kept(shop: Shop) -> dict[str, thresholds.Calibrated]:
    return thresholds.read(shop.folder / "cache" / "thresholds.toml")


def test_kept(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """Every configured recogniser gets a threshold under its hash, with what it was measured on, and a line that says it."""
    assert shop.run("calibrate", shop.photo("people"), "--far", "1e-2") == 0
    lines = capsys.readouterr().out.splitlines()
    entries = kept(shop)
    assert len(entries) == len(lines) == 2
    for entry, line in zip(entries.values(), lines, strict=True):
        assert (entry.people, entry.pictures, entry.genuine_pairs) == (48, 72, 24)
        assert entry.impostor_pairs == 72 * 71 // 2 - 24
        assert f"threshold {entry.threshold:.4f}" in line
        assert f"{entry.false_accepts} of {entry.impostor_pairs} pairs of 48 people" in line
        assert f"the registry has {ModelStore().model(entry.recogniser).threshold}" in line


def test_named(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """Named recognisers are measured in place of the configured ones, each once; --json gives an object each."""
    arguments = ("--recogniser", "mobilefacenet_128", "--recogniser", "mobilefacenet_128", "--far", "1e-2", "--json")
    assert shop.run("calibrate", shop.photo("people"), *arguments) == 0
    (line,) = capsys.readouterr().out.splitlines()
    said = json.loads(line)
    assert said["registry"] == 0.341
    (entry,) = kept(shop).values()
    assert {name: said[name] for name in ("recogniser", "threshold", "data_sha256", "date")} == {
        "recogniser": "mobilefacenet_128", "threshold": entry.threshold, "data_sha256": entry.data_sha256, "date": entry.date,
    }  # fmt: skip


def test_similarity(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """--similarity keeps a threshold of each measure that compares pictures, in its own unit; alike pairs are closer than it."""
    assert shop.run("calibrate", shop.photo("people"), "--similarity", "--far", "1e-2", "--json") == 0
    said = {line["recogniser"]: line for line in map(json.loads, capsys.readouterr().out.splitlines())}
    entries = kept(shop)
    assert set(said) == {"fid", "rmse", "ssim", "psnr"}
    assert set(entries) == {fingerprint(name) for name in ("fid", "rmse", "ssim", "psnr")}
    rmse, psnr = entries[fingerprint("rmse")], entries[fingerprint("psnr")]
    # Pictures of one brightness each: the hundredth part of the pairs of people lies at most this many levels apart.
    levels = np.random.default_rng(0).integers(20, 250, (48, 2)).tolist()
    shown = [(person, level) for person, pair in enumerate(levels) for level in pair[: 1 + person % 2]]
    apart = sorted(abs(a - b) for i, (p, a) in enumerate(shown) for q, b in shown[:i] if p != q)
    assert rmse.threshold == pytest.approx(apart[int(len(apart) * 0.01) - 1], abs=2.5)
    assert psnr.threshold == pytest.approx(20 * np.log10(255 / rmse.threshold), abs=0.01)
    assert 0 <= rmse.threshold_low <= rmse.threshold <= rmse.threshold_high
    assert said["rmse"]["registry"] == measures.OF_IMAGES["rmse"]().threshold
    assert shop.run("calibrate", shop.photo("people"), "--similarity", "--recogniser", "mobilefacenet_128") == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(["people"], "10000 are needed", id="too-few-pairs"),
        pytest.param(["nowhere"], "is not a folder", id="no-folder"),
        pytest.param(["people", "--far", "0"], "--far", id="no-rate"),
        pytest.param(["people", "--far", "nan"], "--far", id="not-a-number"),
    ],
)
def test_refused(shop: Shop, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str) -> None:
    """What cannot be measured is said in a line, and what was known stays."""
    assert shop.run("calibrate", shop.photo(arguments[0]), *arguments[1:]) == 1
    assert says in capsys.readouterr().err
    assert kept(shop) == {}


def test_stopped(shop: Shop, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C keeps nothing, and speaks of no photos."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command_calibrate.verification, "describe", interrupted)
    assert shop.run("calibrate", shop.photo("people"), "--far", "0.05") == 130
    assert capsys.readouterr().err == "mfmc-precompute: stopped; everything is as it was before\n"
    assert kept(shop) == {}


def test_configured_still_first(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """Where a configured threshold would hide the new one, that is said."""
    shop.config.write_text(shop.config.read_text() + f"[precompute.faces]\nthresholds = {{ {CHOSEN} = 0.2 }}\n")
    assert shop.run("calibrate", shop.photo("people"), "--far", "1e-2") == 0
    assert f"{CHOSEN}: precompute.faces.thresholds still comes first" in capsys.readouterr().err


def test_file_that_cannot_be_kept(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """A thresholds file that is something else is said before any picture is looked at."""
    (shop.folder / "cache").mkdir()
    (shop.folder / "cache" / "thresholds.toml").write_text("x")
    assert shop.run("calibrate", shop.photo("nowhere")) == 1
    assert "calibrate anew" in capsys.readouterr().err
