"""Loaded recognisers carry the threshold that is in force for them, and who set it."""

from pathlib import Path

import msgspec

from precompute import equipment
from precompute import thresholds
from precompute.models import ModelStore
from precompute.settings import FacesConfig
from tests.precompute.test_thresholds import FOUND

FIRST, SECOND = FacesConfig().recognisers


def test_thresholds(store: ModelStore, tmp_path: Path) -> None:
    """Each recogniser has its own: configured, calibrated for its very file, or the registry's."""
    file = tmp_path / "thresholds.toml"
    thresholds.write(file, {store.model(SECOND).sha256: FOUND, "00" * 32: msgspec.structs.replace(FOUND, recogniser=FIRST)})
    config = FacesConfig(thresholds_file=file, provider="cpu")
    loaded = {each.name: (each.threshold, each.origin) for each in equipment.load(config, store).recognisers}
    assert loaded == {FIRST: (store.model(FIRST).threshold, "registry"), SECOND: (FOUND.threshold, "calibrated")}
    config = msgspec.structs.replace(config, thresholds={SECOND: 0.2})
    assert equipment.load(config, store).recognisers[1].origin == "configured"
