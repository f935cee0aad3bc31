"""The config.toml in the repository is complete: every key there is, with its default, and none that is not."""

import re
import tomllib
from pathlib import Path
from typing import Any
from typing import get_args

import msgspec
import pytest

from edge import config as shared
from precompute.config import Precompute

FILE = Path(__file__).parents[1] / "config.toml"
# What has no default, or shows an example in place of none.
EXAMPLES = {
    "precompute.publish_folder", "precompute.models.cache_folder", "precompute.models.mirror_folder",
    "precompute.faces.donors_folder",
}  # fmt: skip


def uncommented() -> dict[str, Any]:
    """The file with every commented key switched on; where keys exclude each other, all are there."""
    return tomllib.loads(re.sub(r"^# (?=[a-z_]+ =|\[)", "", FILE.read_text(), flags=re.M))


def keys(kind: Any, prefix: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field in msgspec.structs.fields(kind):
        kinds = [some for some in (field.type, *get_args(field.type)) if isinstance(some, type)]
        tables = [some for some in kinds if issubclass(some, msgspec.Struct)]
        if tables:
            found |= keys(tables[0], f"{prefix}.{field.name}")
        else:
            has_factory = field.default_factory is not msgspec.NODEFAULT
            found[f"{prefix}.{field.name}"] = field.default_factory() if has_factory else field.default
    return found


def written(tables: Any, prefix: str) -> dict[str, Any]:
    found = {}
    for name, value in tables.items():
        if isinstance(value, dict) and value:
            found |= written(value, f"{prefix}.{name}")
        else:
            found[f"{prefix}.{name}"] = value
    return found


@pytest.mark.parametrize(("table", "kind"), [("edge", shared.Edge), ("precompute", Precompute), ("policy", shared.Policy)])
def test_complete(table: str, kind: Any) -> None:
    """Every key of the table is explained, and none is that the programs do not know."""
    assert set(written(uncommented()[table], table)) == set(keys(kind, table))


def test_precompute_defaults() -> None:
    """A commented key of the upload job shows its default."""
    known = keys(Precompute, "precompute")
    for name, value in written(uncommented()["precompute"], "precompute").items():
        if name not in EXAMPLES:
            default = known[name]
            assert value == (list(default) if isinstance(default, tuple) else default), name


def test_usable_as_it_is(tmp_path: Path) -> None:
    """The file passes both programs' checks."""
    copy = tmp_path / "config.toml"
    copy.write_text(FILE.read_text())
    assert shared.load(copy).precompute is not None
