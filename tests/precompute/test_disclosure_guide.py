"""The commands of docs/disclosure.md make credentials that sign."""

import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from precompute import disclosure
from precompute.settings import DisclosureConfig
from tests import pictures
from tests.precompute import manifests

PAGE = Path(__file__).parents[2] / "docs" / "disclosure.md"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_own_chain(tmp_path: Path) -> None:
    """The chain of the page signs, a reader that knows its root trusts it, and its key is its owner's alone."""
    (commands,) = (block for block in re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.S) if "openssl" in block)
    ran = subprocess.run(["/bin/sh", "-ec", commands], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    files = {"certificate_file": tmp_path / "var" / "signer.pem", "key_file": tmp_path / "var" / "signer.key"}
    marker = disclosure.configured(DisclosureConfig(enabled=True, **files), time.time())
    assert marker is not None
    marked, _ = marker.mark(pictures.jpeg(pictures.texture(32, 16)), disclosure.TRAINED)
    assert manifests.read(marked, (tmp_path / "var" / "root.pem").read_bytes())["validation_state"] == "Trusted"
