"""A threshold belongs to the very model that it was measured with, and whoever sets it is said."""

import stat
import tomllib
from pathlib import Path

import msgspec
import pytest

from edge.errors import ConfigError
from precompute import thresholds
from precompute.models import ModelStore
from precompute.settings import FacesConfig
from precompute.thresholds import Calibrated
from precompute.thresholds import Threshold

ONE, OTHER = "1a" * 32, "2b" * 32
FOUND = Calibrated(
    recogniser="one", threshold=0.34, threshold_low=0.32, threshold_high=0.37, false_accept_rate=1e-3, false_accepts=12,
    impostor_pairs=12_000, true_accept_rate=0.98, true_accept_rate_low=0.97, true_accept_rate_high=0.99, genuine_pairs=700,
    people=80, pictures=160, data_sha256="00" * 32, date="2026-01-02",
)  # fmt: skip
WHOLE = thresholds.spelled({ONE: FOUND})


@pytest.mark.parametrize(
    ("configured", "sha256", "registry", "chosen"),
    [
        pytest.param({"one": 0.2}, ONE, 0.4, Threshold(0.2, "configured"), id="configured-first"),
        pytest.param({"two": 0.2}, ONE, 0.4, Threshold(0.34, "calibrated"), id="calibrated-next"),
        pytest.param({}, OTHER, 0.4, Threshold(0.4, "registry"), id="never-of-another-model"),
        pytest.param({}, OTHER, None, None, id="nobody-set-one"),
    ],
)
def test_choose(configured: dict[str, float], sha256: str, registry: float | None, chosen: Threshold | None) -> None:
    """Configured by name, else calibrated for exactly this hash, else the registry's, else none."""
    assert thresholds.choose("one", sha256, FacesConfig(thresholds=configured), {ONE: FOUND}, registry) == chosen


def test_kept(tmp_path: Path) -> None:
    """What is written is read again; another model's entry stays, the same model's is replaced, and nothing is left beside it."""
    file = tmp_path / "new" / "thresholds.toml"
    thresholds.write(file, {ONE: FOUND})
    bare = msgspec.structs.replace(FOUND, true_accept_rate=None, recogniser='insightface:"é"\\x')
    thresholds.write(file, {OTHER: bare})
    changed = msgspec.structs.replace(FOUND, threshold=0.3)
    thresholds.write(file, {ONE: changed})
    assert thresholds.read(file) == {ONE: changed, OTHER: bare}
    assert [each.name for each in file.parent.iterdir()] == ["thresholds.toml"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o644


def test_none(tmp_path: Path) -> None:
    """Without a file nothing is calibrated."""
    assert thresholds.read(tmp_path / "thresholds.toml") == {}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1.5])
def test_no_similarity(value: float) -> None:
    """A configured threshold that is no cosine similarity is refused: with too high a one everything would pass."""
    with pytest.raises(ConfigError, match="-1 to 1"):
        thresholds.choose("one", ONE, FacesConfig(thresholds={"one": value}), {})


def test_whole() -> None:
    """What the refusals below vary is itself fine."""
    assert tomllib.loads(WHOLE).keys() == {ONE}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"\xff", id="not-text"),
        pytest.param(b"x = ", id="not-toml"),
        pytest.param(f"[{ONE}]\nthreshold = 0.3".encode(), id="incomplete"),
        pytest.param(WHOLE.replace("threshold = 0.34", "threshold = 3").encode(), id="no-cosine"),
        pytest.param(WHOLE.replace("0.34", "nan").encode(), id="no-number"),
        pytest.param(WHOLE.replace(ONE, "one").encode(), id="by-name"),
        pytest.param(WHOLE.replace(ONE, ONE[2:]).encode(), id="short-hash"),
    ],
)
def test_anything_else_is_refused(tmp_path: Path, text: bytes) -> None:
    """A file that says anything else stops the job rather than being passed over."""
    file = tmp_path / "thresholds.toml"
    file.write_bytes(text)
    with pytest.raises(ConfigError, match="calibrate anew"):
        thresholds.read(file)


def test_what_others_may_change_is_refused(tmp_path: Path) -> None:
    """Whoever could raise a threshold could have faces shown as certified that are not, so a file open to others is refused."""
    file = tmp_path / "thresholds.toml"
    thresholds.write(file, {ONE: FOUND})
    file.chmod(0o666)
    with pytest.raises(ConfigError, match="others may change it"):
        thresholds.read(file)
    file.unlink()
    file.symlink_to(tmp_path / "nowhere")
    with pytest.raises(ConfigError):
        thresholds.read(file)


def test_place(tmp_path: Path) -> None:
    """The file lies beside the folder of the models unless configured."""
    store = ModelStore(tmp_path / "models", environ={})
    assert thresholds.file_of(FacesConfig(), store) == tmp_path / "thresholds.toml"
    assert thresholds.file_of(FacesConfig(thresholds_file=tmp_path / "x"), store) == tmp_path / "x"
