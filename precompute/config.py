"""``[precompute]`` of config.toml as frozen values, beside the tables that both programs share."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from edge import config as shared
from edge.errors import ConfigError
from edge.keys.settings import Keys
from edge.render.settings import NO_RENDITIONS
from edge.render.settings import Sizes
from precompute.photo import Limits
from precompute.settings import CertificateConfig
from precompute.settings import DisclosureConfig
from precompute.settings import FacesConfig
from precompute.settings import PeopleConfig

DEFAULT_FILE: Final = Path("config.toml")


class Models(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``[precompute.models]``: where model files are kept, and a folder to look in before the public addresses."""

    cache_folder: Path | None = None
    mirror_folder: Path | None = None


class Precompute(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``[precompute]``: ``publish_folder`` is the origin as this machine reaches it, where the edge's own is an address."""

    publish_folder: Path | None = None
    upload: Limits = Limits()
    models: Models = Models()
    faces: FacesConfig = FacesConfig()
    certificate: CertificateConfig = CertificateConfig()
    disclosure: DisclosureConfig = DisclosureConfig()
    people: PeopleConfig = PeopleConfig()


@dataclass(frozen=True, slots=True)
class Config:
    """What the job needs: its own tables, where to publish, and how large a file the edge will fetch."""

    own: Precompute
    catalog_url: str
    keys: Keys
    folder: Path
    max_file_bytes: int
    policy: shared.Policy
    sizes: Sizes = NO_RENDITIONS


def load(file: Path) -> Config:
    """The file as the job may run it; raises ``ConfigError`` naming the key."""
    whole = shared.read(file)
    own = own_tables(file, whole)
    folder = own.publish_folder or whole.edge.origin.folder
    if folder is None:
        raise ConfigError("precompute.publish_folder: set it to the folder that edge.origin.url serves")
    return Config(own, whole.catalog.url, whole.keys, folder, whole.edge.origin.max_bytes, whole.policy, whole.sizes)


def published(file: Path) -> Path | None:
    """The folder where photos are published, as far as there is a configuration that names one; raises ``ConfigError``."""
    if not file.is_file():
        return None
    whole = shared.read(file)
    return own_tables(file, whole).publish_folder or whole.edge.origin.folder


def own_or_defaults(file: Path) -> Precompute:
    """``[precompute]`` alone, and its defaults where there is no ``config.toml`` yet; another file that is not there is an error.

    Raises ``ConfigError``.
    """
    if file == DEFAULT_FILE and not file.is_file():
        return Precompute()
    return own_tables(file, shared.read(file))


def own_tables(file: Path, whole: shared.Config) -> Precompute:
    """``[precompute]`` alone, paths relative to ``file``."""
    folder = file.absolute().parent
    try:
        return msgspec.convert(whole.precompute or {}, Precompute, dec_hook=lambda _, value: folder / str(value))
    except msgspec.ValidationError as error:
        place = str(error).replace("$", "precompute")
        raise ConfigError(f"{file}: {place}; config.toml in the repository explains every key") from None
