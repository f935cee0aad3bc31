"""From which similarity on two faces count as one person's: configured, else calibrated for this very model, else the registry's.

``thresholds.toml`` is what ``mfmc-precompute calibrate`` writes: a table per model, named by the SHA-256 of the model's file, so
that a threshold is never used with another model than the one it was measured with. A measure that compares pictures without a
model (``precompute.similarity``) has a fingerprint in that place, and its own unit.
"""

import json
import math
import os
import re
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from typing import Final
from typing import Literal
from typing import get_args

import msgspec

from edge.errors import ConfigError
from edge.keys import secret_file
from precompute.models import ModelStore
from precompute.settings import FacesConfig
from precompute.similarity import Name
from precompute.similarity import fingerprint

Origin = Literal["configured", "calibrated", "registry"]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Hash = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]

MAX_BYTES: Final = 1 << 20
_HEAD: Final = "# Written by `mfmc-precompute calibrate`: thresholds by the SHA-256 of the model's file.\n"
_HEX: Final = re.compile("[0-9a-f]{64}")
_MEASURES: Final = {fingerprint(name) for name in get_args(Name)}


@dataclass(frozen=True, slots=True)
class Threshold:
    """A cosine similarity from which on two faces count as one person's, and where it comes from."""

    value: float
    origin: Origin


class Calibrated(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One model's threshold at a false accept rate, and what it was measured on; intervals are at 95 % over the choice of people.

    ``false_accepts`` of the ``impostor_pairs`` (of different people) reach it, and ``true_accept_rate`` of the ``genuine_pairs``.
    """

    recogniser: str
    threshold: float
    threshold_low: float
    threshold_high: float
    false_accept_rate: Share
    false_accepts: int
    impostor_pairs: int
    true_accept_rate: Share | None = None
    true_accept_rate_low: Share | None = None
    true_accept_rate_high: Share | None = None
    genuine_pairs: int
    people: int
    pictures: int
    data_sha256: Hash
    date: str


def file_of(config: FacesConfig, store: ModelStore) -> Path:
    """Where calibrated thresholds are kept: as configured, else beside the folder of the models."""
    return config.thresholds_file or store.cache_dir.with_name("thresholds.toml")


def read(file: Path) -> dict[str, Calibrated]:
    """Calibrated thresholds by the model's SHA-256, none where there is no file; raises ``ConfigError`` for a file that is not
    ours, that others may change, or that holds anything else.
    """
    if not file.exists() and not file.is_symlink():
        return {}
    try:
        tables = tomllib.loads(secret_file.read_public(file, MAX_BYTES).decode())
        found = msgspec.convert(tables, dict[str, Calibrated])
        if not all(_HEX.fullmatch(sha256) and _is_sound(sha256, entry.threshold) for sha256, entry in found.items()):
            raise ValueError
        return found
    except ValueError:  # of UTF-8, TOML and msgspec alike
        raise ConfigError(f"{file}: is not what `mfmc-precompute calibrate` writes; delete it and calibrate anew") from None


def _is_sound(sha256: str, threshold: float) -> bool:
    """Whether it is a cosine similarity, or a number where it is of a measure that compares pictures."""
    return math.isfinite(threshold) if sha256 in _MEASURES else -1 <= threshold <= 1  # which "nan" is not


def write(file: Path, found: Mapping[str, Calibrated]) -> None:
    """Put these models' thresholds in the place of what was known of them; others stay. Raises ``ConfigError``."""
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
    with secret_file.alone(file.parent):
        secret_file.replace(file, spelled(read(file) | dict(found)).encode())
        os.chmod(file, 0o644)  # nothing in it is secret


def spelled(tables: Mapping[str, Calibrated]) -> str:
    """The file's text."""
    parts = [_HEAD]
    for sha256, entry in sorted(tables.items()):
        values = {name: value for name, value in msgspec.to_builtins(entry).items() if value is not None}
        lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in values.items()]
        parts.append(f"\n[{sha256}]\n{''.join(lines)}")
    return "".join(parts)


def choose(
    name: str, sha256: str, config: FacesConfig, calibrated: Mapping[str, Calibrated], registry: float | None = None
) -> Threshold | None:
    """The threshold of the recogniser of this name and these very bytes, or None where nobody set one.

    Raises ``ConfigError`` where the configured one is no cosine similarity.
    """
    if name in config.thresholds:
        if not -1 <= config.thresholds[name] <= 1:  # which "nan" is not, either
            raise ConfigError(f"precompute.faces.thresholds: {name}: must be a cosine similarity, -1 to 1")
        return Threshold(config.thresholds[name], "configured")
    if sha256 in calibrated:
        return Threshold(calibrated[sha256].threshold, "calibrated")
    return None if registry is None else Threshold(registry, "registry")
