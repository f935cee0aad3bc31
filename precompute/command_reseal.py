"""``mfmc-precompute reseal``: new fakes for published photos whose certificate no longer passes; without the uploads."""

import argparse
import json
import secrets
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass

from edge.errors import ConfigError
from edge.errors import KeyRingError
from precompute import disclosure
from precompute import keys
from precompute import opened
from precompute import recheck
from precompute import reseal as again
from precompute import signing
from precompute.anonymise import SEED_BYTES
from precompute.command_certify import opening
from precompute.command_certify import print_error
from precompute.command_certify import published
from precompute.command_seal import finder_of
from precompute.command_seal import progress
from precompute.command_seal import with_progress
from precompute.config import Config
from precompute.config import load
from precompute.errors import PrecomputeError
from precompute.faces import Anonymiser
from precompute.models import ModelStore
from precompute.pipeline import Tools


@dataclass(frozen=True, slots=True)
class Job:
    """What is the same for every photo of one call."""

    config: Config
    keys: keys.Opens
    trusted: signing.Trusted
    signer: signing.Signer | None
    tools: Tools
    force: bool
    publish: bool


def reseal(arguments: argparse.Namespace) -> int:
    """Make new fakes where they are due; 1 if a photo failed, or with --dry-run one is due."""
    if bool(arguments.photos) == arguments.all:
        raise ConfigError("give the addresses of published photos, or --all")
    job = _job(arguments)
    paths: Iterable[str] = arguments.photos
    total = len(arguments.photos)
    if arguments.all:
        paths, total = opened.paths(job.config), opened.count(job.config)
    bad = 0
    for path, shown in with_progress(paths, total):
        try:
            row = _one(path, job)
        except (PrecomputeError, KeyRingError) as error:
            bad += 1
            with shown.external_write_mode(file=sys.stdout if arguments.json else sys.stderr):
                print_error(path, str(error), arguments.json)
            continue
        bad += bool(row["due"] and not row["published"])
        with shown.external_write_mode(file=sys.stdout):
            print(json.dumps(row) if arguments.json else _sentence(row), flush=True)
    return 1 if bad else 0


def _job(arguments: argparse.Namespace) -> Job:
    config = load(arguments.config)
    held = opening(config, "reseal")
    trusted, signer = signing.trusted(config.own.certificate), signing.read(config.own.certificate)
    store = ModelStore(config.own.models.cache_folder, config.own.models.mirror_folder)
    anonymiser = Anonymiser.load(config.own.faces, store, progress)
    finder = finder_of(config, held, anonymiser, store)
    marker = disclosure.configured(config.own.disclosure, time.time())
    tools = Tools(anonymiser, finder, marker, sizes=config.sizes)
    return Job(config, held, trusted, signer, tools, arguments.force, not arguments.dry_run)


def _one(path: str, job: Job) -> dict[str, object]:
    """What was found and done; raises ``PrecomputeError``."""
    known = published(path, job.config)
    photo = opened.of(known.photo, job.config, job.keys)
    failing: list[int] = []
    if not job.force:
        report = recheck.check(known, photo, job.trusted, job.tools.anonymiser)
        failing = [face.slot for face in report.faces if face.state == "no longer passes"]
    due = bool(photo.slots) and (job.force or bool(failing))
    row: dict[str, object] = {"path": known.photo.path, "due": due, "no_longer_passes": failing, "published": False}
    if not due:
        return row | {"signed": None, "faces": []}
    resealing = again.prepare(known, photo, job.tools, job.trusted, secrets.token_bytes(SEED_BYTES))
    if job.publish:
        again.release(resealing, job.config, job.keys, job.signer)
    signed = job.signer is not None and resealing.vouched
    return row | {"published": job.publish, "signed": signed, "faces": _faces(resealing)}


def _faces(resealing: again.Resealing) -> list[dict[str, object]]:
    done = resealing.replacement
    return [
        {
            "slot": slot,
            "method": fake.method,
            "similarity": {each.recogniser: round(each.similarity, 3) for each in measured},
            "certified": bool(measured) and all(each.passed for each in measured),
        }
        for slot, fake, measured in zip(resealing.sealed.slots, done.fakes, done.measured, strict=True)
    ]


def _sentence(row: dict[str, object]) -> str:
    if not row["due"]:
        return f"{row['path']}: stays as it is"
    faces: list[dict[str, object]] = row["faces"]  # type: ignore[assignment]
    swapped = sum(face["method"] != "opaque" for face in faces)
    what = f"{len(faces)} face{'s' * (len(faces) > 1)} anew, {swapped} swapped, {len(faces) - swapped} filled"
    signed = "" if row["signed"] else ", certificate unsigned"
    return f"{row['path']}: {what}; {'published' if row['published'] else 'dry run, not published'}{signed}"
