"""What a C2PA reader says of a file; whoever imports this is skipped where there is no reader."""

import io
import json
from typing import Any

import pytest

c2pa = pytest.importorskip("c2pa", reason="manifests are not tested: pip install 'mfmc-edge[c2pa]' brings c2pa-python")


def read(data: bytes, root: bytes) -> dict[str, Any]:
    """The whole report of a reader that trusts this root (PEM)."""
    settings = {"verify": {"verify_trust": True}, "trust": {"trust_anchors": root.decode()}}
    with c2pa.Context.from_dict(settings) as context, c2pa.Reader("image/jpeg", io.BytesIO(data), context=context) as reader:
        return dict(json.loads(reader.json()))


def active(found: dict[str, Any]) -> dict[str, Any]:
    """The manifest that counts."""
    return dict(found["manifests"][found["active_manifest"]])


def codes(found: dict[str, Any], kind: str) -> set[str]:
    """The codes of all that was a "success" or a "failure"."""
    return {entry["code"] for entry in found["validation_results"]["activeManifest"][kind]}


def absent(data: bytes) -> bool:
    """Whether there is no manifest, nor any segment that could hold one."""
    try:
        c2pa.Reader("image/jpeg", io.BytesIO(data)).close()
    except c2pa.C2paError.ManifestNotFound:
        return b"jumb" not in data
    return False
