"""``mfmc-precompute seal``: photo after photo, a line each; one that fails is named and does not stop the others."""

import argparse
import json
import secrets
import sys
import time
from collections.abc import Iterable
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec
from tqdm import tqdm

from edge import address
from edge.errors import ConfigError
from edge.errors import NotFound
from edge.friends import is_user
from edge.origin import is_versioned
from precompute import claims
from precompute import disclosure
from precompute import keys
from precompute import people
from precompute import pipeline
from precompute import signing
from precompute.album import Albums
from precompute.anonymise import SEED_BYTES
from precompute.config import Config
from precompute.config import load
from precompute.errors import PrecomputeError
from precompute.errors import Rejected
from precompute.faces import Anonymiser
from precompute.models import ModelStore
from precompute.photo import Limits

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Job:
    """What is the same for every photo of one call."""

    config: Config
    keys: keys.Wraps | None
    tools: pipeline.Tools
    claims: list[claims.Claim]
    signer: signing.Signer | None
    albums: Albums


def seal(arguments: argparse.Namespace) -> int:
    """Seal every photo named; 1 if any failed."""
    if len(arguments.photos) > 1 and (arguments.faces or arguments.path):
        raise ConfigError("--faces and --as go with one photo; call seal once for each")
    if arguments.uploader is not None and not is_user(arguments.uploader):
        raise ConfigError("--uploader: 1 to 128 letters, digits and _.:@-")
    job = _job(arguments)
    failed = 0
    for file, shown in with_progress(arguments.photos, len(arguments.photos)):
        try:
            line = _one(file, arguments, job)
        except PrecomputeError as error:
            failed += 1
            line = {"file": str(file), "error": str(error)}
        with shown.external_write_mode(file=sys.stderr if "error" in line and not arguments.json else sys.stdout):
            _print(line, arguments.json)
    return 1 if failed else 0


def with_progress(photos: Iterable[T], total: int) -> Iterator[tuple[T, tqdm]]:
    """Each photo, and the bar on stderr to print beside: none for a single photo, or where nobody is looking."""
    with tqdm(total=total, unit="photo", disable=total == 1 or not sys.stderr.isatty()) as bar:
        for photo in photos:
            yield photo, bar
            bar.update()


def _job(arguments: argparse.Namespace) -> Job:
    """Everything that can be refused is, before the first photo is read."""
    config = load(arguments.config)
    if not arguments.dry_run and not config.folder.is_dir():
        raise ConfigError(f"precompute.publish_folder: {config.folder} is not a folder; make it: mkdir -p {config.folder}")
    found = claims.read(arguments.faces) if arguments.faces else []
    searching = config.own.people.enabled
    held = keys.read(config.keys) if searching or not arguments.dry_run else None
    signer = signing.read(config.own.certificate)
    marker = disclosure.configured(config.own.disclosure, time.time())
    limits = msgspec.structs.replace(
        config.own.upload,
        flatten=config.own.upload.flatten or arguments.flatten,
        first_frame=config.own.upload.first_frame or arguments.first_frame,
    )
    store = ModelStore(config.own.models.cache_folder, config.own.models.mirror_folder)
    anonymiser = Anonymiser.load(config.own.faces, store, progress)
    finder = finder_of(config, held, anonymiser, store)
    albums = Albums(arguments.consistent_within, {each.name: each.threshold for each in anonymiser.recognisers})
    tools = pipeline.Tools(anonymiser, finder, marker, limits, config.sizes)
    return Job(config, None if arguments.dry_run else held, tools, found, signer, albums)


def finder_of(config: Config, held: keys.Wraps | None, anonymiser: Anonymiser, store: ModelStore) -> people.Finder:
    """Who is enrolled, if people may be found; says on stderr what the operator should read."""
    finder: people.Finder = people.OFF
    if config.own.people.enabled:
        finder = people.load(config.own.people, config.catalog_url, keys.opens(held), anonymiser.recognisers, store.models)
    for note in (*anonymiser.notes, *finder.notes):
        print(f"mfmc-precompute: {note}", file=sys.stderr)
    return finder


def progress(what: str, done: int, total: int) -> None:
    """One line that counts up, where somebody is looking."""
    if sys.stderr.isatty():
        print(f"\r{what}: {done} of {total}", end="\n" if done >= total else "", file=sys.stderr, flush=True)


def _one(file: Path, arguments: argparse.Namespace, job: Job) -> dict[str, object]:
    began = time.perf_counter()
    path = _path(arguments.path, file, job.config.folder)
    data = _bytes(file, job.tools.limits)
    known = None if job.keys is None else pipeline.known_id(job.config, path, data)
    seed = secrets.token_bytes(SEED_BYTES)
    sealing = pipeline.prepare(data, job.tools, job.claims, seed, known, arguments.uploader, job.albums.of(file))
    if job.keys is not None:
        pipeline.release(sealing, path, job.config, job.keys, job.signer)
    return _report(file, path, sealing, time.perf_counter() - began, published=job.keys is not None)


def _path(wanted: str | None, file: Path, folder: Path) -> str:
    """The photo's address: as asked, else as the file lies in the published folder, else its name."""
    own = _place(file, folder)
    name = wanted or own or f"/{file.name}"
    name = name if name.startswith("/") else f"/{name}"
    try:
        path = address.parse(name)
    except NotFound:
        raise Rejected(f"{name} cannot be an address: use letters, digits and ._- only, or give another name with --as") from None
    if is_versioned(path):
        raise Rejected(f"{name} is a name that published files have; give another with --as")
    if own is not None and own != path:
        raise Rejected(f"the original lies in the published folder, where it can be read; seal it as {own}, or move it out first")
    return path


def _place(file: Path, folder: Path) -> str | None:
    """The address at which the published folder shows this very file, or None where it lies elsewhere."""
    whole = file.resolve()
    return f"/{whole.relative_to(folder.resolve())}" if whole.is_relative_to(folder.resolve()) else None


def _bytes(file: Path, limits: Limits) -> bytes:
    try:
        with file.open("rb") as source:
            return source.read(limits.max_upload_bytes + 1)
    except OSError as error:
        raise Rejected(f"cannot be read ({error.strerror})") from None


def _report(file: Path, path: str, sealing: pipeline.Sealing, seconds: float, *, published: bool) -> dict[str, object]:
    sealed, photo, replaced = sealing.sealed, sealing.photo, sealing.replacement
    faces = [
        {
            "box": [round(v) for v in face.box],
            "owner": named.owner,
            "tag": named.tag,
            "method": fake.method,
            "reason": face.reason,
            "similarity": {m.recogniser: round(m.similarity, 3) for m in measured},
            "certified": bool(measured) and all(m.passed for m in measured),
        }
        for face, named, fake, measured in zip(
            replaced.faces, sealing.named, replaced.fakes, replaced.measured, strict=True
        )
    ]
    return {
        "file": str(file),
        "path": path,
        "published": published,
        "width": photo.pixels.shape[1],
        "height": photo.pixels.shape[0],
        "faces": faces,
        "suggested": sum(person is not None for person in sealing.suggested),
        "upload_bytes": photo.upload_bytes,
        "base_bytes": len(sealed.base),
        "sidecar_bytes": len(sealed.sidecar),
        "restart_interval": sealed.restart,
        "renditions": [{"width": r.width, "base_bytes": len(r.base), "sidecar_bytes": len(r.sidecar)} for r in sealed.renditions],
        "notes": list(photo.notes),
        "seconds": round(seconds, 3),
    }


def _print(line: dict[str, object], as_json: bool) -> None:
    if as_json:
        print(json.dumps(line), flush=True)
    elif "error" in line:
        print(f"{line['file']}: {line['error']}", file=sys.stderr, flush=True)
    else:
        print(_sentence(line), flush=True)


def _sentence(line: dict[str, object]) -> str:
    faces: list[dict[str, object]] = line["faces"]  # type: ignore[assignment]
    swapped = sum(face["method"] != "opaque" for face in faces)
    done = "published" if line["published"] else "dry run, not published"
    if faces:
        asked = f", {line['suggested']} suggested" if line["suggested"] else ""
        what = f"{len(faces)} face{'s' * (len(faces) > 1)}, {swapped} swapped, {len(faces) - swapped} filled{asked}"
    else:
        what = "no faces found: shown as it is"
    size = (int(str(line["base_bytes"])) + int(str(line["sidecar_bytes"]))) / max(1, int(str(line["upload_bytes"])))
    parts = [f"{line['file']} -> {line['path']}: {what}; {size:.2f}x the upload's bytes, {line['seconds']} s; {done}"]
    parts += [f"  note: {note}" for note in line["notes"]]  # type: ignore[attr-defined]
    if not line["published"]:
        parts += [f"  face at {face['box']}: {face['method']}{_because(face)}" for face in faces]
    return "\n".join(parts)


def _because(face: dict[str, object]) -> str:
    who = "".join(f", {role} {face[role]}" for role in ("owner", "tag") if face[role])
    return who + (f" ({face['reason']})" if face["reason"] and face["method"] == "opaque" else "")
