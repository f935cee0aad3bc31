"""What the upload job finds on this machine, and the one command that mends each thing that is wrong."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from typing import Final

import onnxruntime

from edge.errors import ConfigError
from precompute import disclosure
from precompute import donor_index
from precompute import equipment
from precompute import session
from precompute.errors import PrecomputeError
from precompute.models import ModelStore
from precompute.settings import DisclosureConfig
from precompute.settings import FacesConfig
from precompute.swap.generator import DONORS_VARIABLE
from precompute.swap.generator import NO_DONORS
from precompute.swap.generator import donors_folder

REINSTALL: Final = "pip install --force-reinstall --no-deps onnxruntime-gpu"
PULL: Final = "mfmc-precompute models pull"
GUIDE: Final = "docs/disclosure.md says how to get a certificate; precompute.disclosure.enabled = false seals without"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; ``mend`` is the command or setting that puts it right."""

    name: str
    ok: bool
    detail: str
    mend: str | None = None


def report(
    config: FacesConfig, store: ModelStore, environ: Mapping[str, str] = os.environ, said: DisclosureConfig | None = None
) -> list[Check]:
    """Every check, in the order in which they should be mended; ``said`` is what published photos are to say of themselves."""
    models = [_model(store, name) for name in dict.fromkeys(equipment.names(config))]
    return [
        _build(installed(), onnxruntime.get_available_providers()),
        _provider(config, store),
        *models,
        *([_donors(config, environ)] if config.generator == "donor" else []),
        _disclosure(said or DisclosureConfig()),
    ]


def lines(checks: list[Check]) -> list[str]:
    """The checks as text, a mend below each that failed."""
    said = []
    for check in checks:
        said.append(f"{'ok  ' if check.ok else 'MEND'} {check.name}: {check.detail}")
        if check.mend and not check.ok:
            said.append(f"       {check.mend}")
    return said


def installed() -> dict[str, str]:
    """Versions of the two distributions that both write the module ``onnxruntime``, as far as they are installed."""
    found = {}
    for name in ("onnxruntime", "onnxruntime-gpu"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _build(versions: Mapping[str, str], available: list[str]) -> Check:
    """Which of the two builds is in the module: the one that was installed last has overwritten the other."""
    said = ", ".join(f"{name} {version}" for name, version in versions.items()) or "unknown distribution"
    if session.CUDA in available:
        return Check("onnxruntime", True, f"{said}; the build with CUDA is in place, and runs without a GPU too")
    if "onnxruntime-gpu" in versions:
        return Check("onnxruntime", False, f"{said}; the build without CUDA lies on top", REINSTALL)
    return Check("onnxruntime", not session.gpu_present(), f"{said}; it cannot use a GPU", REINSTALL)


def _provider(config: FacesConfig, store: ModelStore) -> Check:
    """The provider that really runs the models, asked of a loaded one where there is one."""
    wanted = session.providers(config.provider)[0]
    try:
        active = _active(config, store)
    except PrecomputeError:
        return Check("provider", True, f"{wanted}, once there are models")
    if active == wanted:
        return Check("provider", True, f"{active}, {config.threads} thread{'s' if config.threads > 1 else ''}")
    return Check("provider", False, f"{active}, though {wanted} was chosen; see onnxruntime's CUDA requirements", REINSTALL)


def _active(config: FacesConfig, store: ModelStore) -> str:
    return session.Session(store.path(config.landmarks), config.provider, config.threads).active


def _model(store: ModelStore, name: str) -> Check:
    try:
        status = store.status(store.model(name))
    except PrecomputeError as problem:
        return Check(f"model {name}", False, str(problem), "mfmc-precompute models list")
    there = status.state in ("shipped", "cached", "mirrored")
    place = f" at {status.place}" if status.place else ""
    return Check(f"model {name}", there, f"{status.state}{place}", PULL)


def _disclosure(config: DisclosureConfig) -> Check:
    """Whether manifests can be signed, tried out without asking anybody for the time."""
    try:
        marker = disclosure.configured(config, time.time())
    except ConfigError as problem:
        return Check("disclosure", False, str(problem), GUIDE)
    if marker is None:
        return Check("disclosure", True, "off; with precompute.disclosure, photos carry a signed C2PA manifest")
    held = marker.credentials
    return Check("disclosure", True, f"manifests signed by {held.subject}, {held.algorithm}, until {held.expires.date()}")


def _donors(config: FacesConfig, environ: Mapping[str, str]) -> Check:
    folder = donors_folder(config, environ)
    if folder is None:
        return Check("donors", False, NO_DONORS, f"export {DONORS_VARIABLE}=FOLDER")
    if not folder.is_dir():
        return Check("donors", False, f"{folder} is not there", f"export {DONORS_VARIABLE}=FOLDER")
    count = len(donor_index.pictures(folder))
    return Check("donors", count > 0, f"{count} pictures in {folder}", f"export {DONORS_VARIABLE}=FOLDER")
