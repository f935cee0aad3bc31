"""The sealed and signed photo that several test modules start from."""

from pathlib import Path

import pytest

from precompute import command_certify
from precompute import command_seal
from precompute import signing
from tests.precompute.certified import BOXES
from tests.precompute.certified import SIGNED
from tests.precompute.certified import Compares
from tests.precompute.shop import Shop


@pytest.fixture
def compares(monkeypatch: pytest.MonkeyPatch) -> Compares:
    """The anonymiser of both commands."""
    made = Compares(BOXES)
    monkeypatch.setattr(command_seal.Anonymiser, "load", lambda *_: made)
    monkeypatch.setattr(command_certify, "describer_of", lambda *_: made)
    return made


@pytest.fixture
def signed_shop(tmp_path: Path, compares: Compares) -> Shop:
    """A shop with a signing key, and /one.jpg published."""
    signing.create(tmp_path / "certificate.pem")
    made = Shop(tmp_path, SIGNED)
    assert made.seal(made.photo("one.jpg")) == 0
    return made
