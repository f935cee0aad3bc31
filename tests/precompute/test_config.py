"""Commands that publish nothing do without a configuration, and not with another one than was named."""

from pathlib import Path

import pytest

from precompute import config
from precompute.__main__ import main
from tests.precompute.shop import Shop


def test_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no config.toml yet, the defaults count; where there is one, it does."""
    monkeypatch.chdir(tmp_path)
    assert config.own_or_defaults(config.DEFAULT_FILE) == config.Precompute()
    Shop(tmp_path, "[precompute.faces]\ntries = 3\n")
    assert config.own_or_defaults(config.DEFAULT_FILE).faces.tries == 3


@pytest.mark.parametrize("command", [["doctor"], ["models", "list"], ["calibrate", "people"], ["evaluate", "people"]])
def test_misspelt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    """A configuration that was named and is not there is an error, not the defaults."""
    monkeypatch.chdir(tmp_path)
    assert main([*command, "--config", "typo.toml"]) == 1
    assert "typo.toml: cannot be read" in capsys.readouterr().err
