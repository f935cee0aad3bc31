"""The config.toml in the repository is complete: every key there is, with its default, and none that is not."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any
from typing import get_args

import msgspec
import pytest

from edge import config as shared
from edge.friends import settings
from precompute.config import Precompute
from precompute.settings import MODELS
from precompute.settings import OWN
from precompute.settings import PERMISSIVE
from precompute.settings import FacesConfig

FILE = Path(__file__).parents[1] / "config.toml"
# What has no default, or shows an example in place of none.
EXAMPLES = {
    "precompute.publish_folder", "precompute.models.cache_folder", "precompute.models.mirror_folder",
    *(f"precompute.faces.{role}" for role in MODELS["own"]),
    "precompute.faces.donors_folder", "precompute.faces.thresholds_file", "precompute.certificate.key_file",
    "precompute.disclosure.certificate_file", "precompute.disclosure.key_file", "precompute.disclosure.timestamp_url",
    "keys.ring", "keys.aws.endpoint_url",
    "keys.vault.namespace",
}  # fmt: skip


def uncommented() -> dict[str, Any]:
    """The file with every commented key switched on; where keys exclude each other, all are there."""
    return tomllib.loads(re.sub(r"^# (?=[a-z_]+ =|\[)", "", FILE.read_text(), flags=re.M))


def keys(kind: Any, prefix: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field in msgspec.structs.fields(kind):
        name = f"{prefix}.{field.encode_name}"
        tables = [part for part in (field.type, *get_args(field.type)) if is_table(part)]
        if tables:
            found |= keys(tables[0], name)
        else:
            has_factory = field.default_factory is not msgspec.NODEFAULT
            found[name] = field.default_factory() if has_factory else field.default
    return found


def is_table(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def written(tables: Any, prefix: str) -> dict[str, Any]:
    found = {}
    for name, value in tables.items():
        if isinstance(value, dict) and value:
            found |= written(value, f"{prefix}.{name}")
        else:
            found[f"{prefix}.{name}"] = value
    return found


TABLES = [
    ("edge", shared.Edge), ("precompute", Precompute), ("policy", shared.Policy), ("audit", shared.Audit), ("keys", shared.Keys),
    ("sizes", shared.Sizes),
]  # fmt: skip


@pytest.mark.parametrize(("table", "kind"), TABLES)
def test_complete(table: str, kind: Any) -> None:
    """Every key of the table is explained, and none is that the programs do not know."""
    assert set(written(uncommented()[table], table)) == set(keys(kind, table))


@pytest.mark.parametrize(("table", "kind"), [("precompute", Precompute), ("keys", shared.Keys), ("sizes", shared.Sizes)])
def test_defaults(table: str, kind: Any) -> None:
    """A commented key shows its default, unless it has none."""
    known = keys(kind, table)
    for name, value in written(uncommented()[table], table).items():
        if name not in EXAMPLES and known[name] is not msgspec.NODEFAULT:
            default = known[name]
            assert value == (list(default) if isinstance(default, tuple) else default), name


def test_models() -> None:
    """The models that are written out are the shipped ones, those beside them the permissive set's."""
    table = uncommented()["precompute"]["faces"]
    assert msgspec.convert({role: table[role] for role in MODELS["own"]}, FacesConfig) == OWN
    beside = FILE.read_text().partition("[precompute.faces]")[2].partition("# thresholds =")[0]
    named = re.findall(r'permissive:\s+(?:#\s+)?("[^"]+"|\[.*\])', beside)
    assert msgspec.convert({role: json.loads(name) for role, name in zip(MODELS["own"], named, strict=True)}, FacesConfig) == (
        msgspec.structs.replace(PERMISSIVE, models="own")
    )


def test_a_model_that_is_named_takes_the_place_of_the_sets() -> None:
    """The other models are the set's, and a set that is not known is refused."""
    mixed = msgspec.convert({"models": "permissive", "detector": "face-detector"}, FacesConfig)
    assert mixed == msgspec.structs.replace(PERMISSIVE, detector=OWN.detector)
    with pytest.raises(msgspec.ValidationError, match="models"):
        msgspec.convert({"models": "others"}, FacesConfig)


def test_friends_defaults() -> None:
    """A commented key of the sources of friends shows its default, or an example where there is none."""
    known = keys(settings.Friends, "friends")
    for name, value in written(uncommented()["edge"]["friends"], "friends").items():
        assert known[name] in (value, None, msgspec.NODEFAULT), name


def test_every_source_usable(tmp_path: Path) -> None:
    """The examples of the sources of friends are values that pass the checks."""
    friends = uncommented()["edge"]["friends"]
    table = msgspec.convert(friends, settings.Friends, dec_hook=lambda _, value: tmp_path / value)
    for source in ("token", "reference", "introspection", "openfga"):
        settings.validate(msgspec.structs.replace(table, source=source), "JWT")


def test_usable_as_it_is(tmp_path: Path) -> None:
    """The file passes both programs' checks."""
    copy = tmp_path / "config.toml"
    copy.write_text(FILE.read_text())
    assert shared.load(copy).precompute is not None


def test_keys_usable_switched_on(tmp_path: Path) -> None:
    """The examples of key services are such as pass the edge's check, together and each as the one that wraps."""
    text = FILE.read_text()
    start, end = text.index("\n[keys]"), text.index("\n[policy]")
    table = re.sub(r"^# (?=[a-z_]+ =|\[)", "", text[start:end], flags=re.M)
    for service in ("ring", "aws", "vault"):
        copy = tmp_path / "config.toml"
        copy.write_text(text[:start] + table.replace('service = "ring"', f'service = "{service}"') + text[end:])
        assert shared.load(copy).keys.service == service
