"""``[keys]`` of config.toml: which service wraps, and what it takes to reach it."""

from pathlib import Path
from typing import Annotated
from typing import Literal

import msgspec
from msgspec import Meta

from edge.errors import ConfigError
from edge.section import Section
from edge.section import shape

Name = Annotated[str, shape(r"\A[A-Za-z0-9_-]{1,32}\Z", "1 to 32 of A-Z, a-z, 0-9, _ or -")]
Seconds = Annotated[float, Meta(gt=0, le=60)]
Connections = Annotated[int, Meta(ge=1, le=100)]
Address = Annotated[str, Meta(min_length=1, max_length=512)]
PathSegments = Annotated[
    str, shape(r"\A[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+){0,15}\Z", "names of A-Z, a-z, 0-9, _ and -, joined by /", max_length=200)
]
KmsKey = Annotated[str, shape(r"\A[A-Za-z0-9:/_-]{1,2048}\Z", "the ARN, id or alias of a KMS key")]
Region = Annotated[str, shape(r"\A[a-z0-9-]{1,32}\Z", "the name of an AWS region, like eu-central-1")]
TransitKey = Annotated[str, shape(r"\A[A-Za-z0-9_-]{1,128}\Z", "1 to 128 of A-Z, a-z, 0-9, _ or -")]


class Aws(Section, frozen=True):
    """``[keys.aws]``: one symmetric key of AWS KMS; credentials come from where AWS's own tools look for them."""

    key_id: KmsKey
    region: Region
    name: Name = "aws"
    endpoint_url: Address | None = None
    connect_seconds: Seconds = 1
    timeout_seconds: Seconds = 3
    connections: Connections = 16


class Vault(Section, frozen=True):
    """``[keys.vault]``: one key of HashiCorp Vault's transit engine, of type aes256-gcm96."""

    address: Address
    key: TransitKey
    token_file: Path
    mount: PathSegments = "transit"
    name: Name = "vault"
    namespace: PathSegments | None = None
    connect_seconds: Seconds = 1
    timeout_seconds: Seconds = 3
    connections: Connections = 16


class Keys(Section, frozen=True):
    """``[keys]``: ``service`` wraps and opens; what else is named here only opens, while keys move from it."""

    service: Literal["ring", "aws", "vault"] = "ring"
    ring_file: Path | None = msgspec.field(default=None, name="ring")
    aws: Aws | None = None
    vault: Vault | None = None

    @property
    def ring(self) -> Path:
        """The ring's file; raises ``ConfigError`` where there is none."""
        if self.ring_file is None:
            raise ConfigError("keys.ring: is not set; `mfmc-edge keys new` makes the file")
        return self.ring_file

    def addresses(self) -> dict[str, str | None]:
        """Every address by the key that names it, to be checked as all addresses are."""
        return {
            "keys.aws.endpoint_url": None if self.aws is None else self.aws.endpoint_url,
            "keys.vault.address": None if self.vault is None else self.vault.address,
        }

    def validate(self) -> None:
        """Raises ``ConfigError`` unless the service is described, and no two share a name."""
        if self.service == "ring" and self.ring_file is None:
            raise ConfigError("keys.ring: set it to the key ring's file; `mfmc-edge keys new` makes it")
        if (self.service == "aws" and self.aws is None) or (self.service == "vault" and self.vault is None):
            raise ConfigError(f"keys.{self.service}: keys.service names it, so [keys.{self.service}] must describe it")
        if self.aws is not None and self.vault is not None and self.aws.name == self.vault.name:
            raise ConfigError("keys.aws.name, keys.vault.name: must differ, since wrapped keys bear them")
