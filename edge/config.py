"""``config.toml`` as frozen values: unknown, missing and mistyped keys stop the process before it listens.

``read`` is for any program that shares the file (the precompute job reads its own table out of it); ``load`` is for the edge: it
also runs ``validate``, which refuses every setting that would run open. Relative paths are relative to the file they stand in.
"""

import tomllib
from pathlib import Path
from typing import Annotated
from typing import Any
from typing import Literal

import msgspec
from msgspec import Meta
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from edge import cors
from edge.cache.settings import Cache
from edge.cors import Cors
from edge.errors import ConfigError
from edge.friends import settings as sources
from edge.keys.settings import Keys
from edge.render.settings import Sizes
from edge.running import Admin
from edge.running import Log
from edge.running import Trace
from edge.section import Bytes
from edge.section import Count
from edge.section import Seconds
from edge.section import Section
from edge.section import Text
from edge.section import in_words
from edge.section import is_loopback
from edge.section import path_below
from edge.section import require_address
from edge.section import require_one_of
from edge.section import shape
from edge.urls import settings as signing

Rate = Annotated[int, Meta(ge=1, le=1_000_000)]
Name = Annotated[str, shape(r"\A[a-z0-9][a-z0-9-]{0,30}\Z", "1 to 31 of a-z, 0-9 or -, not starting with -")]
CookieName = Annotated[str, shape(r"\A[A-Za-z0-9_-]{1,64}\Z", "1 to 64 of A-Z, a-z, 0-9, _ or -")]
Rule = Literal["nobody", "friends", "everyone"]

SQLITE = "sqlite+aiosqlite"
POSTGRESQL = "postgresql+asyncpg"


class Token(Section, frozen=True):
    """``[edge.token]``: whose tokens count, and how strict the door is."""

    issuer: Text
    audience: Text
    algorithm: Literal["EdDSA", "ES256", "RS256", "HS256"]
    key_file: Path | None = None
    jwks_file: Path | None = None
    jwks_url: str | None = None
    jwks_refresh_seconds: Annotated[float, Meta(ge=10, le=86_400)] = 300
    type: Text = "JWT"
    cookie: CookieName = "__Host-mfmc"
    max_token_bytes: Annotated[int, Meta(ge=256, le=65_536)] = 8_192
    max_lifetime_seconds: Seconds = 900
    leeway_seconds: Annotated[float, Meta(ge=0, le=60)] = 5
    remembered_tokens: Count = 20_000
    remembered_bytes: Bytes = 16 << 20


class Origin(Section, frozen=True):
    """``[edge.origin]``: where base and sealed files lie; a folder or one fixed address, never both."""

    folder: Path | None = None
    url: str | None = None
    max_bytes: Bytes = 32 << 20
    timeout_seconds: Seconds = 10
    connect_seconds: Seconds = 3
    connections: Annotated[int, Meta(ge=1, le=1_000)] = 32


class Control(Section, frozen=True):
    """``[edge.control]``: the API that changes who sees what, and how much one caller may ask of it."""

    enabled: bool = True
    requests_per_minute: Rate = 120
    changes_per_minute: Rate = 60
    service_requests_per_minute: Rate = 6_000
    stranger_requests_per_minute: Rate = 6_000
    max_body_bytes: Annotated[int, Meta(ge=1_024, le=1 << 20)] = 65_536
    body_seconds: Annotated[float, Meta(gt=0, le=60)] = 10
    service: Token | None = None


class Edge(Section, frozen=True):
    """``[edge]``: the listening side and the answers."""

    token: Token
    origin: Origin
    friends: sources.Friends = sources.Friends()
    cache: Cache = Cache()
    cors: Cors = Cors()
    control: Control = Control()
    admin: Admin = Admin()
    log: Log = Log()
    trace: Trace = Trace()
    urls: signing.Urls | None = None
    host: Text = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535)] = 8080
    workers: Annotated[int, Meta(ge=1, le=256)] = 1
    keepalive_seconds: Annotated[float, Meta(gt=0, le=3_600)] = 75
    send_seconds: Annotated[float, Meta(gt=0, le=3_600)] = 60
    unready_seconds: Annotated[float, Meta(ge=0, le=600)] = 0
    drain_seconds: Annotated[float, Meta(gt=0, le=600)] = 10
    access_log: bool = False
    server_timing: bool = False
    public_max_age_seconds: Annotated[int, Meta(ge=0, le=31_536_000)] = 300
    spliced_cache: Literal["no-cache", "no-store"] = "no-cache"
    resource_policy: Literal["same-site", "same-origin", "cross-origin"] = "same-site"
    surrogate_header: Literal["Surrogate-Key", "Cache-Tag"] = "Surrogate-Key"


class Catalog(Section, frozen=True):
    """``[catalog]``: the database that says what is published and who is on it; SQLite or PostgreSQL."""

    url: Text


class Policy(Section, frozen=True):
    """``[policy]``: who decides about a face, and who sees what when nobody said anything."""

    access_model: Literal["tag", "rule", "matrix"] = "rule"
    default_rule: Rule = "nobody"
    tag_audience: Literal["everyone", "members"] = "everyone"
    tag_needs_consent: bool = True
    unclaimed_to_uploader: bool = False


class Audit(Section, frozen=True):
    """``[audit]``: the log of changes, and of a share of the reveals."""

    anchor_file: Path | None = None
    reveal_share: Annotated[float, Meta(ge=0, le=1)] = 0


class DemoView(Section, frozen=True):
    """One column of the demo page: a name, and the file with the viewer's token (none for a stranger)."""

    name: Name
    token_file: Path | None = None
    caption: Annotated[str, Meta(max_length=300)] = ""


class Demo(Section, frozen=True):
    """``[demo]``: the page that shows one photo to several viewers; only ever on loopback."""

    photo: Text
    views: Annotated[list[DemoView], Meta(min_length=1, max_length=12)]


class Config(Section, frozen=True):
    """The whole file; ``precompute`` belongs to the other program and is carried as it stands."""

    edge: Edge
    catalog: Catalog
    keys: Keys
    policy: Policy = Policy()
    audit: Audit = Audit()
    sizes: Sizes = Sizes()
    demo: Demo | None = None
    precompute: dict[str, Any] | None = None


def read(file: Path) -> Config:
    """The file as values, shape and ranges checked; raises ``ConfigError`` naming the key."""
    folder = file.absolute().parent
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
        config = msgspec.convert(tables, Config, dec_hook=lambda kind, value: path_below(folder, kind, value))
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read ({error.strerror}); name the right file with --config") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: is not TOML: {error}") from None
    except msgspec.ValidationError as error:
        raise ConfigError(f"{file}: {in_words(error)}; config.toml in the repository explains every key") from None
    return msgspec.structs.replace(config, catalog=Catalog(url=_database(folder, config.catalog.url)))


def load(file: Path) -> Config:
    """The file as the edge may run it: ``read`` and ``validate``."""
    config = read(file)
    validate(config)
    return config


def validate(config: Config) -> None:
    """Refuse what would run open, or could not work; each message names the key and what to do."""
    require_one_of("edge.origin", folder=config.edge.origin.folder, url=config.edge.origin.url)
    token = config.edge.token
    _check_token("edge.token", token)
    require_address("edge.origin.url", config.edge.origin.url, plain=True)
    require_address("edge.trace.url", config.edge.trace.url, plain=True)
    sources.validate(config.edge.friends, token.type)
    cors.validate(config.edge.cors)
    config.keys.validate()
    if config.edge.urls is not None:
        signing.validate(config.edge.urls, config.keys.ring_file)
    for key, address in config.keys.addresses().items():
        require_address(key, address, plain=False)
    if config.demo is not None and not is_loopback(config.edge.host):
        raise ConfigError("demo: shows every view to anyone, so it needs edge.host = \"127.0.0.1\"; or remove [demo]")
    if token.max_lifetime_seconds > 3_600 and config.demo is None:
        raise ConfigError("edge.token.max_lifetime_seconds: at most 3600, so that a stolen token dies soon")
    if config.edge.control.service is not None:
        _check_service(config.edge.control.service, token)


def _check_token(table: str, token: Token) -> None:
    require_one_of(table, key_file=token.key_file, jwks_file=token.jwks_file, jwks_url=token.jwks_url)
    if token.algorithm == "HS256" and token.key_file is None:
        raise ConfigError(f"{table}.key_file: HS256 needs a secret file; a key set is for public keys")
    require_address(f"{table}.jwks_url", token.jwks_url, plain=False)


def _check_service(service: Token, viewers: Token) -> None:
    """A service may do everything, so no token that a viewer can get may ever be taken for a service's."""
    _check_token("edge.control.service", service)
    if (service.issuer, service.audience) == (viewers.issuer, viewers.audience):
        raise ConfigError("edge.control.service: its audience or issuer must differ from edge.token's, or viewers were services")
    if service.max_lifetime_seconds > 3_600:
        raise ConfigError("edge.control.service.max_lifetime_seconds: at most 3600, so that a stolen token dies soon")


def _database(folder: Path, text: str) -> str:
    """The catalog's address, a file's name made absolute; its password never appears in a message."""
    try:
        url = make_url(text)
    except ArgumentError:
        raise ConfigError(f"catalog.url: is not a database address; for example {SQLITE}:///catalog.sqlite3") from None
    if url.drivername == POSTGRESQL and url.database:
        return text
    if url.drivername != SQLITE or not url.database or url.database == ":memory:":
        raise ConfigError(f"catalog.url: must be {SQLITE}:///FILE or {POSTGRESQL}://USER@HOST/DATABASE")
    return url.set(database=str(folder / url.database)).render_as_string(hide_password=False)
