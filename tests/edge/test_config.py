"""Configuration: what would run open does not run."""

from pathlib import Path
from typing import Any

import pytest

from edge import config
from edge.errors import ConfigError
from tests.fakes import toml

ROOT = Path(__file__).parents[2]


def tables() -> dict[str, Any]:
    """A usable configuration."""
    return {
        "edge": {
            "token": {"issuer": "i", "audience": "a", "algorithm": "EdDSA", "key_file": "k.pem"},
            "origin": {"folder": "origin"},
        },
        "catalog": {"url": "sqlite+aiosqlite:///catalog.sqlite3"},
        "keys": {"ring": "ring.toml"},
    }


def loaded(folder: Path, change: dict[str, Any]) -> config.Config:
    """The usable configuration with dotted keys changed (None: left out)."""
    table = tables()
    for dotted, value in change.items():
        *way, last = dotted.split(".")
        here = table
        for step in way:
            here = here.setdefault(step, {})
        if value is None:
            del here[last]
        else:
            here[last] = value
    file = folder / "config.toml"
    file.write_text(toml(table))
    return config.load(file)


REFUSED = [
    pytest.param({"edge.prot": 80}, "prot", id="unknown-key"),
    pytest.param({"egde.port": 80}, "egde", id="unknown-table"),
    pytest.param({"edge.token.issuer": None}, "issuer", id="missing-issuer"),
    pytest.param({"edge.token.audience": None}, "audience", id="missing-audience"),
    pytest.param({"edge.token.issuer": ""}, "issuer", id="empty-issuer"),
    pytest.param({"edge.token.algorithm": "none"}, "algorithm", id="alg-none"),
    pytest.param({"edge.token.algorithm": "HS512"}, "algorithm", id="alg-other"),
    pytest.param({"edge.token.key_file": None}, "key_file", id="no-key-means-nobody-not-everybody"),
    pytest.param({"edge.token.jwks_file": "x"}, "exactly one", id="two-key-sources"),
    pytest.param(
        {"edge.token.key_file": None, "edge.token.jwks_url": "http://login.example/k"}, "https", id="jwks-in-clear"
    ),
    pytest.param({"edge.token.key_file": None, "edge.token.jwks_url": "https://u:p@x/"}, "user", id="jwks-with-user"),
    pytest.param(
        {"edge.token.key_file": None, "edge.token.jwks_file": "k", "edge.token.algorithm": "HS256"}, "HS256",
        id="hs-with-public-keys",
    ),
    pytest.param({"edge.token.max_token_bytes": 65_537}, "max_token_bytes", id="token-too-big"),
    pytest.param({"edge.token.max_lifetime_seconds": 7_200}, "max_lifetime_seconds", id="token-too-old"),
    pytest.param({"edge.token.leeway_seconds": 61}, "leeway_seconds", id="leeway"),
    pytest.param({"edge.token.cookie": "a b"}, "cookie", id="cookie-name"),
    pytest.param({"edge.origin.url": "http://o/"}, "exactly one", id="two-origins"),
    pytest.param({"edge.origin.folder": None}, "exactly one", id="no-origin"),
    pytest.param({"edge.origin.folder": None, "edge.origin.url": "file:///etc"}, "http", id="file-origin"),
    pytest.param({"edge.origin.folder": None, "edge.origin.url": "http://o/?a=1"}, "query", id="origin-query"),
    pytest.param({"edge.origin.max_bytes": 0}, "max_bytes", id="no-bytes"),
    pytest.param({"edge.origin.max_bytes": True}, "max_bytes", id="bool-is-no-number"),
    pytest.param({"edge.port": 70_000}, "port", id="port"),
    pytest.param({"edge.port": "80"}, "port", id="text-is-no-number"),
    pytest.param({"edge.spliced_cache": "public"}, "spliced_cache", id="public-splices"),
    pytest.param({"edge.cache.revocation_seconds": 600}, "revocation_seconds", id="slow-revocation"),
    pytest.param({"edge.cache.key_cache_seconds": 0}, "key_cache_seconds", id="no-key-cache"),
    pytest.param({"catalog.url": "postgresql+asyncpg://x/y"}, "catalog.url", id="other-database"),
    pytest.param({"catalog.url": "sqlite+aiosqlite://"}, "catalog.url", id="database-in-memory"),
    pytest.param({"catalog.url": "?"}, "catalog.url", id="no-database"),
    pytest.param({"policy.default_rule": "anyone"}, "default_rule", id="unknown-rule"),
    pytest.param({"policy.access_model": "tag"}, "access_model", id="unknown-model"),
    pytest.param({"keys.ring": ""}, "keys.ring", id="no-ring"),
    pytest.param({"demo.photo": "a.jpg", "demo.views": []}, "views", id="demo-without-views"),
    pytest.param(
        {"demo.photo": "a.jpg", "demo.views": [{"name": "a/b"}]}, "views", id="demo-name-with-slash"
    ),
    pytest.param(
        {"demo.photo": "a.jpg", "demo.views": [{"name": "s"}], "edge.host": "::"}, "demo", id="demo-for-all"
    ),
    pytest.param(
        {"demo.photo": "a.jpg", "demo.views": [{"name": "s"}], "edge.host": "photos.example"}, "demo", id="demo-by-name"
    ),
]


@pytest.mark.parametrize(("change", "named"), REFUSED)
def test_refused(tmp_path: Path, change: dict[str, Any], named: str) -> None:
    """A configuration that is wrong or weak stops the process, and the message names the key."""
    with pytest.raises(ConfigError, match=named):
        loaded(tmp_path, change)


def test_not_toml(tmp_path: Path) -> None:
    """A file that is no TOML, or not there, is a ConfigError too."""
    (tmp_path / "config.toml").write_text("[edge")
    with pytest.raises(ConfigError, match="TOML"):
        config.load(tmp_path / "config.toml")
    with pytest.raises(ConfigError, match="cannot be read"):
        config.load(tmp_path / "other.toml")


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    """Relative names mean the same wherever the process is started."""
    settings = loaded(tmp_path, {})
    assert settings.keys.ring == tmp_path / "ring.toml"
    assert settings.edge.origin.folder == tmp_path / "origin"
    assert settings.catalog.url == f"sqlite+aiosqlite:///{tmp_path}/catalog.sqlite3"


def test_precompute_tables_are_carried(tmp_path: Path) -> None:
    """What belongs to the upload job is accepted and left as it stands."""
    settings = loaded(tmp_path, {"precompute.swap.blend_pixels": 3})
    assert settings.precompute == {"swap": {"blend_pixels": 3}}


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.9.9.9"])
def test_demo_on_loopback(tmp_path: Path, host: str) -> None:
    """The demo page is allowed where only this machine can see it."""
    change = {"demo.photo": "a.jpg", "demo.views": [{"name": "stranger"}], "edge.host": host}
    assert loaded(tmp_path, change).demo is not None


def test_shipped_file_is_usable() -> None:
    """The repository's own config.toml is accepted as it stands."""
    assert config.load(ROOT / "config.toml").edge.port == 8080


def test_shipped_file_shows_every_key_and_default() -> None:
    """Every key of the edge's tables stands in config.toml, a commented one with its default."""
    text = (ROOT / "config.toml").read_text()
    sections = (config.Edge, config.Token, config.Origin, config.Cache, config.Catalog, config.Keys, config.Policy)
    for section in (*sections, config.Control):
        for name in set(section.__struct_fields__) - {"token", "origin", "cache", "control", "service"}:
            assert f"\n{name} = " in text or f"\n# {name} = " in text, f"{section.__name__}.{name}"
