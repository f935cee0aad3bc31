"""The models by name and hash: where they lie, how they come here, and the refusal of any other bytes."""

import hashlib
import os
import tempfile
import tomllib
import urllib.request
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import BinaryIO
from typing import Literal
from typing import Protocol

import msgspec

from precompute.errors import ModelMissing
from precompute.errors import ModelNotFetched
from precompute.errors import ModelRefused
from precompute.errors import UnknownModel

Role = Literal["detector", "landmarks", "recogniser", "attributes", "generator"]
State = Literal["shipped", "cached", "mirrored", "missing", "refused"]

MIRROR_VARIABLE = "MFMC_MODEL_MIRROR"
SHIPPED = Path(__file__).parent / "weights"
FETCH_SECONDS = 60
_CHUNK = 1 << 16


class Progress(Protocol):
    """Told how far a long job is: what is being done, how much of it is done, and how much there is."""

    def __call__(self, what: str, done: int, total: int) -> None: ...


class Input(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a recogniser is fed: a square crop with five points at a template, ``(pixel - mean) / scale`` per channel."""

    side_px: int
    template: Literal["arcface", "open-model-zoo"]
    colour: Literal["bgr", "rgb"]
    mean: float
    scale: float
    batch: bool


class Model(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One model of the registry. Recognisers have cosine similarities at a false accept rate of 1e-3, below which a face counts
    as another person's (``threshold``), and of 1e-5, from which it may be suggested to somebody enrolled (``suggest``).
    """

    name: str
    file: str
    role: Role
    licence: str
    licence_source: str
    bytes: int
    sha256: str
    contract: str
    url: str | None = None
    source: str | None = None
    threshold: float | None = None
    suggest: float | None = None
    input: Input | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """Where a model's file lies, if anywhere, and whether its bytes are the registry's."""

    model: Model
    state: State
    place: Path | None


def registry() -> dict[str, Model]:
    """Every model of ``models.toml`` by name."""
    text = resources.files("precompute").joinpath("models.toml").read_text("utf-8")
    return {name: msgspec.convert({"name": name, **entry}, Model) for name, entry in tomllib.loads(text).items()}


def cache_root(environ: Mapping[str, str] = os.environ) -> Path:
    """``$XDG_CACHE_HOME/mfmc-edge``: everything that can be had again."""
    return Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mfmc-edge"


def sha256(file: Path) -> str:
    """A file's SHA-256 as hex digits."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


class ModelStore:
    """Finds model files by name, in the package, the cache folder and the mirror, in that order, and checks every byte once."""

    def __init__(
        self,
        cache_dir: Path | None = None,
        mirror: Path | None = None,
        *,
        models: Mapping[str, Model] | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        named = environ.get(MIRROR_VARIABLE)
        self.cache_dir = cache_dir or cache_root(environ) / "models"
        self.mirror = Path(named) if named else mirror
        self.models = registry() if models is None else models
        self._verified: dict[str, Path] = {}

    def model(self, name: str) -> Model:
        """The registry's entry; raises ``UnknownModel``."""
        if name not in self.models:
            raise UnknownModel(f"there is no model {name!r}; `mfmc-precompute models list` shows those there are")
        return self.models[name]

    def path(self, name: str) -> Path:
        """The verified file of a model; raises ``UnknownModel``, ``ModelMissing``, ``ModelRefused``."""
        if name not in self._verified:
            model = self.model(name)
            place = self.place(model)
            if place is None:
                raise ModelMissing(name)
            _check(model, place)
            self._verified[name] = place
        return self._verified[name]

    def place(self, model: Model) -> Path | None:
        """Where a model's file lies, unverified: in the package, the cache folder, the mirror, or nowhere."""
        folders = [SHIPPED, self.cache_dir] if self.mirror is None else [SHIPPED, self.cache_dir, self.mirror]
        return next((folder / model.file for folder in folders if (folder / model.file).is_file()), None)

    def status(self, model: Model) -> Status:
        """Where a model's file lies and whether it is the registry's, read anew."""
        place = self.place(model)
        if place is None:
            return Status(model, "missing", None)
        if sha256(place) != model.sha256:
            return Status(model, "refused", place)
        if place.is_relative_to(SHIPPED):
            return Status(model, "shipped", place)
        return Status(model, "cached" if place.is_relative_to(self.cache_dir) else "mirrored", place)


def _check(model: Model, place: Path) -> None:
    found = sha256(place)
    if found != model.sha256:
        raise ModelRefused(model.name, place, found, shipped=place.is_relative_to(SHIPPED))


def statuses(store: ModelStore, names: Iterable[str] = ()) -> list[Status]:
    """What is known of every model, or of ``names`` alone."""
    chosen = [store.model(name) for name in names] or list(store.models.values())
    return [store.status(model) for model in chosen]


def pull(store: ModelStore, names: Iterable[str] = (), progress: Progress | None = None) -> list[Status]:
    """Bring models into the cache folder, from the mirror or the public address; raises ``PrecomputeError``.

    Names none: all. What lies there already with the right hash is kept. Bytes are checked before they get their name.
    """
    chosen = [store.model(name) for name in names] or list(store.models.values())
    for model in chosen:
        if store.status(model).state not in ("shipped", "cached"):
            _bring(store, model, progress)
    return [store.status(model) for model in chosen]


def _bring(store: ModelStore, model: Model, progress: Progress | None) -> None:
    mirrored = store.mirror / model.file if store.mirror else None
    if mirrored is not None and mirrored.is_file():
        _check(model, mirrored)
        _keep(store, model, _file_chunks(mirrored), progress)
    elif model.url is None:
        raise ModelNotFetched(model.name, f"it was converted from {model.source}, and only a mirror has the result")
    else:
        _keep(store, model, _url_chunks(model), progress)


def _keep(store: ModelStore, model: Model, chunks: Iterator[bytes], progress: Progress | None) -> None:
    target = store.cache_dir / model.file
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".pull-")
    try:
        with os.fdopen(handle, "wb") as part:
            digest = _copy(model, chunks, part, progress)
        if digest != model.sha256:
            raise ModelRefused(model.name, model.url or target, digest)
        os.replace(name, target)
    finally:
        Path(name).unlink(missing_ok=True)


def _copy(model: Model, chunks: Iterator[bytes], part: BinaryIO, progress: Progress | None) -> str:
    """Write the chunks, at most as many bytes as the model has, and return their SHA-256."""
    digest, done = hashlib.sha256(), 0
    for chunk in chunks:
        done += len(chunk)
        if done > model.bytes:
            raise ModelNotFetched(model.name, "the answer is longer than the model")
        digest.update(chunk)
        part.write(chunk)
        if progress:
            progress(model.name, done, model.bytes)
    return digest.hexdigest()


def _file_chunks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            yield chunk


def _url_chunks(model: Model) -> Iterator[bytes]:
    url = model.url or ""
    if not url.startswith("https://"):
        raise ModelNotFetched(model.name, "its address is not https")
    try:
        with urllib.request.urlopen(url, timeout=FETCH_SECONDS) as answer:  # noqa: S310  (https only, checked above)
            while chunk := answer.read(_CHUNK):
                yield chunk
    except OSError as problem:
        raise ModelNotFetched(model.name, str(problem)) from problem
