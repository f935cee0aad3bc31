"""Configuration: what would run open does not run."""

from pathlib import Path
from typing import Any

import pytest

from edge import config
from edge import running
from edge.errors import ConfigError
from edge.urls.settings import Urls
from tests.fakes import toml

ROOT = Path(__file__).parents[2]
FGA = {"url": "https://fga.example", "store": "01ARZ3NDEKTSV4RRFFQ69G5FAV"}


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


AWS = {"key_id": "alias/mfmc-edge", "region": "eu-central-1"}
VAULT = {"address": "https://vault.example:8200", "key": "mfmc-edge", "token_file": "vault-token"}

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
    pytest.param({"edge.friends.source": "everyone"}, "source", id="unknown-friends"),
    pytest.param({"edge.friends.source": "reference"}, r"edge\.friends\.reference", id="reference-without-table"),
    pytest.param({"edge.friends.source": "introspection"}, r"edge\.friends\.introspection", id="introspection-without-table"),
    pytest.param({"edge.friends.source": "openfga", "edge.friends.reference": {"url": "https://f/"}}, r"friends\.openfga",
                 id="openfga-with-another-table"),
    pytest.param({"edge.friends.reference": {}}, "url", id="lists-nowhere"),
    pytest.param({"edge.friends.reference": {"url": "http://friends.example/"}}, "https", id="lists-in-clear"),
    pytest.param({"edge.friends.reference": {"url": "https://f/?a=1"}}, "query", id="lists-with-query"),
    pytest.param({"edge.friends.reference": {"url": "https://f/", "lists_bytes": 5_000}}, "lists_bytes", id="no-room-for-lists"),
    pytest.param({"edge.friends.reference": {"url": "https://f/", "timeout_seconds": 31}}, "timeout", id="slow-friends"),
    pytest.param({"edge.friends.introspection": {"url": "http://i.example/", "client_id": "e", "secret_file": "s"}}, "https",
                 id="token-sent-in-clear"),
    pytest.param({"edge.friends.introspection": {"url": "https://i/", "client_id": "e"}}, "secret_file", id="no-client-secret"),
    pytest.param({"edge.friends.introspection": {"url": "https://i/", "secret_file": "s"}}, "client_id", id="no-client"),
    pytest.param({"edge.friends.openfga": FGA | {"url": "http://fga.example"}}, "https", id="relations-in-clear"),
    pytest.param({"edge.friends.openfga": FGA | {"store": "../x"}}, "store", id="store-with-path"),
    pytest.param({"edge.friends.openfga": FGA | {"user": "user:eve"}}, "user", id="template-without-id"),
    pytest.param({"edge.friends.openfga": FGA | {"object": "user:*{id}"}}, "object", id="template-with-star"),
    pytest.param({"edge.friends.openfga": FGA | {"object": "{id}"}}, "object", id="template-without-type"),
    pytest.param({"edge.friends.openfga": FGA | {"user": "user:{id}#member"}}, "user", id="template-with-relation"),
    pytest.param({"edge.friends.openfga": FGA | {"user": "user:{id}" + "x" * 80}}, "user", id="template-too-long"),
    pytest.param({"edge.friends.openfga": FGA | {"relation": "a b"}}, "relation", id="relation"),
    pytest.param({"edge.friends.openfga": FGA | {"seconds": 61}}, "seconds", id="slow-unfriending"),
    pytest.param({"edge.token.type": "MFMC-friends+jwt"}, r"edge\.token\.type", id="token-that-passes-for-a-list"),
    pytest.param({"edge.urls": {}}, "key_file", id="urls-without-keys"),
    pytest.param({"edge.urls": {"key_file": "ring.toml"}}, r"edge\.urls\.key_file", id="urls-signed-by-the-ring"),
    pytest.param({"edge.urls": {"key_file": "x/../ring.toml"}}, r"edge\.urls\.key_file", id="the-ring-by-another-name"),
    pytest.param({"edge.urls": {"key_file": "u", "bucket_seconds": 1_801}}, "max_lifetime", id="urls-that-are-refused-at-once"),
    pytest.param({"edge.urls": {"key_file": "u", "bucket_seconds": 0}}, "bucket_seconds", id="urls-without-a-bucket"),
    pytest.param({"edge.urls": {"key_file": "u", "max_lifetime_seconds": 86_401}}, "max_lifetime", id="urls-that-live-too-long"),
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
    pytest.param({"edge.admin": {"port": 70_000}}, r"edge\.admin\.port", id="admin-port"),
    pytest.param({"edge.log": {"level": "debug"}}, r"edge\.log\.level", id="debug-tells-too-much"),
    pytest.param({"edge.log": {"format": "xml"}}, r"edge\.log\.format", id="log-format"),
    pytest.param({"edge.trace": {"url": "http://u:p@collector/"}}, r"edge\.trace\.url", id="collector-with-user"),
    pytest.param({"edge.trace": {"share": 2}}, r"edge\.trace\.share", id="more-than-all-traces"),
    pytest.param({"catalog.url": "mysql+aiomysql://x/y"}, "catalog.url", id="other-database"),
    pytest.param({"catalog.url": "sqlite+aiosqlite://"}, "catalog.url", id="database-in-memory"),
    pytest.param({"catalog.url": "?"}, "catalog.url", id="no-database"),
    pytest.param({"policy.default_rule": "anyone"}, "default_rule", id="unknown-rule"),
    pytest.param({"policy.access_model": "all"}, "access_model", id="unknown-model"),
    pytest.param({"keys.ring": ""}, "keys.ring", id="no-ring"),
    pytest.param({"keys.ring": None}, r"keys\.ring.*keys new", id="ring-not-named"),
    pytest.param({"keys.service": "gcp"}, "keys.service", id="unknown-key-service"),
    pytest.param({"keys.service": "aws"}, r"\[keys\.aws\]", id="aws-not-described"),
    pytest.param({"keys.service": "vault"}, r"\[keys\.vault\]", id="vault-not-described"),
    pytest.param({"keys.aws": AWS | {"key_id": "a b"}}, r"keys\.aws\.key_id", id="odd-kms-key"),
    pytest.param({"keys.aws": AWS | {"region": "eu.evil.example/"}}, r"keys\.aws\.region", id="region-is-no-host"),
    pytest.param({"keys.aws": AWS | {"endpoint_url": "http://kms.example"}}, r"endpoint_url.*https", id="kms-in-clear"),
    pytest.param({"keys.aws": AWS | {"secret": "x"}}, "secret", id="aws-unknown-key"),
    pytest.param({"keys.vault": VAULT | {"address": "http://vault.example"}}, r"address.*https", id="vault-in-clear"),
    pytest.param({"keys.vault": VAULT | {"address": "https://u:p@vault.example"}}, "user", id="vault-with-user"),
    pytest.param({"keys.vault": VAULT | {"mount": "../sys"}}, r"keys\.vault\.mount", id="mount-climbs"),
    pytest.param({"keys.vault": VAULT | {"key": "a/../b"}}, r"keys\.vault\.key", id="vault-key-climbs"),
    pytest.param({"keys.vault": VAULT | {"namespace": "a\r\nb"}}, r"namespace", id="namespace-breaks-the-header"),
    pytest.param({"keys.vault": VAULT | {"timeout_seconds": 0}}, "timeout_seconds", id="vault-without-deadline"),
    pytest.param({"keys.aws": AWS, "keys.vault": VAULT | {"name": "aws"}}, "must differ", id="two-services-one-name"),
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


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"edge.token.cookie": "a b"}, "edge.token.cookie: must be 1 to 64 of A-Z, a-z, 0-9, _ or -;"),
        ({"keys.aws": AWS | {"key_id": "a b"}}, "keys.aws.key_id: must be the ARN, id or alias of a KMS key;"),
        ({"keys.vault": VAULT | {"mount": "../sys"}}, "keys.vault.mount: must be names of A-Z"),
        ({"edge.friends.openfga": FGA | {"user": "user:eve"}}, "edge.friends.openfga.user: must be a type, a colon and {id}"),
        ({"demo.photo": "a.jpg", "demo.views": [{"name": "a/b"}]}, "demo.views[0].name: must be 1 to 31 of a-z, 0-9 or -"),
    ],
)
def test_said_in_words(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    """A text of the wrong shape is named with its key, and the shape is told in words, not as a pattern."""
    with pytest.raises(ConfigError) as raised:
        loaded(tmp_path, change)
    assert said in str(raised.value)
    assert "regex" not in str(raised.value)


def test_not_toml(tmp_path: Path) -> None:
    """A file that is no TOML, or not there, is a ConfigError too."""
    (tmp_path / "config.toml").write_text("[edge")
    with pytest.raises(ConfigError, match="TOML"):
        config.load(tmp_path / "config.toml")
    with pytest.raises(ConfigError, match="cannot be read"):
        config.load(tmp_path / "other.toml")


@pytest.mark.parametrize(
    ("source", "table"),
    [
        ("token", {}),
        ("reference", {"url": "https://login.example/friends"}),
        ("reference", {"url": "http://127.0.0.1:8000/", "bearer_file": "b"}),
        ("introspection", {"url": "http://[::1]:8000/i", "client_id": "edge", "secret_file": "s"}),
        ("openfga", FGA | {"user": "person:app-{id}", "object": "face_of:{id}|v1"}),
    ],
)
def test_sources_of_friends(tmp_path: Path, source: str, table: dict[str, Any]) -> None:
    """Each source is accepted with the few keys it needs; its files are relative to the configuration."""
    change = {"edge.friends.source": source} | ({} if source == "token" else {f"edge.friends.{source}": table})
    friends = loaded(tmp_path, change).edge.friends
    assert friends.source == source
    if friends.introspection is not None:
        assert friends.introspection.secret_file == tmp_path / "s"


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


@pytest.mark.parametrize("address", ["http://127.0.0.1:8200", "http://localhost:8200/"])
def test_vault_on_loopback(tmp_path: Path, address: str) -> None:
    """Only on this machine may a key service be reached without TLS; it needs no ring, and its own files are found."""
    settings = loaded(tmp_path, {"keys": {"service": "vault", "vault": VAULT | {"address": address}}})
    assert settings.keys.vault is not None
    assert settings.keys.vault.token_file == tmp_path / "vault-token"
    with pytest.raises(ConfigError, match=r"keys\.ring"):
        _ = settings.keys.ring


def test_shipped_file_is_usable() -> None:
    """The repository's own config.toml is accepted as it stands."""
    assert config.load(ROOT / "config.toml").edge.port == 8080


TABLES = {"token", "origin", "cache", "friends", "control", "urls", "service", "aws", "vault", "admin", "log", "trace", "cors"}


def test_shipped_file_shows_every_key_and_default() -> None:
    """Every key of the edge's tables stands in config.toml, a commented one with its default."""
    text = (ROOT / "config.toml").read_text()
    sections = (config.Edge, config.Token, config.Origin, config.Cache, config.Catalog, config.Keys, config.Policy)
    for section in (*sections, config.Control, config.Cors, Urls, running.Admin, running.Log, running.Trace):
        for name in set(section.__struct_encode_fields__) - TABLES:
            assert f"\n{name} = " in text or f"\n# {name} = " in text, f"{section.__name__}.{name}"
