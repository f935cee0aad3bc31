"""``mfmc-precompute certify``: measure published photos again, beside their certificates; or make the key that signs."""

import argparse
import json
import sys
from collections.abc import Iterator

from edge import address
from edge.errors import ConfigError
from edge.errors import NotFound
from precompute import keys
from precompute import opened
from precompute import recheck
from precompute import signing
from precompute.command_people import describer_of
from precompute.config import Config
from precompute.config import load
from precompute.errors import NotMeasurable
from precompute.errors import PrecomputeError
from precompute.models import ModelStore

FINE = ("ok", "erased")


def certify(arguments: argparse.Namespace) -> int:
    """Check every photo named; 1 if a face of one is neither ok nor erased, or one cannot be checked."""
    if bool(arguments.photos) == bool(arguments.new_key):
        raise ConfigError("give the addresses of published photos, or --new-key FILE")
    if arguments.new_key:
        return _new_key(arguments)
    config = load(arguments.config)
    held = opening(config, "certify")
    trusted = signing.trusted(config.own.certificate)
    store = ModelStore(config.own.models.cache_folder, config.own.models.mirror_folder)
    measures = describer_of(config.own, store)
    bad = 0
    for path in arguments.photos:
        try:
            report = one(path, config, held, trusted, measures)
        except PrecomputeError as error:
            bad += 1
            print_error(path, str(error), arguments.json)
            continue
        bad += any(face.state not in FINE for face in report.faces)
        print(json.dumps(_row(path, report)) if arguments.json else "\n".join(_lines(path, report)), flush=True)
    return 1 if bad else 0


def one(path: str, config: Config, held: keys.Opens, trusted: signing.Trusted, measures: recheck.Measures) -> recheck.Report:
    """One photo's report; raises ``PrecomputeError``."""
    known = published(path, config)
    return recheck.check(known, opened.of(known.photo, config, held), trusted, measures)


def published(path: str, config: Config) -> opened.Published:
    """The photo at an address as it was typed; raises ``NotMeasurable``."""
    try:
        return opened.published(config, address.parse(path if path.startswith("/") else f"/{path}"))
    except NotFound:
        raise NotMeasurable("no photo can have this address") from None


def opening(config: Config, what: str) -> keys.Opens:
    """The keys that open originals; raises ``ConfigError`` where only public halves are at hand."""
    held = keys.opens(keys.read(config.keys))
    if held is None:
        raise ConfigError(f"keys.ring: holds public halves alone, which open no original; {what} where the ring is")
    return held


def _new_key(arguments: argparse.Namespace) -> int:
    signer = signing.create(arguments.new_key)
    public = signing.public_text(signer.public)
    print(json.dumps({"key": signer.key_id, "public": public}) if arguments.json else public.rstrip())
    said = f"{arguments.new_key} is the key {signer.key_id}; name it as precompute.certificate.key_file"
    print(f"mfmc-precompute: {said}", file=sys.stderr)
    return 0


def print_error(path: str, text: str, as_json: bool) -> None:
    """What went wrong with one photo: a line on stderr, or an object on stdout."""
    if as_json:
        print(json.dumps({"path": path, "error": text}), flush=True)
    else:
        print(f"{path}: {text}", file=sys.stderr, flush=True)


def _row(path: str, report: recheck.Report) -> dict[str, object]:
    faces = [
        {
            "slot": face.slot,
            "state": face.state,
            "similarity": {each.recogniser: round(each.similarity, 4) for each in face.measured},
            "passed": all(each.passed for each in face.measured) if face.measured else None,
            "notes": list(face.notes),
        }
        for face in report.faces
    ]
    return {"path": path, "signed_by": report.signed_by, "faces": faces}


def _lines(path: str, report: recheck.Report) -> Iterator[str]:
    signed = f"signed by {report.signed_by}" if report.signed_by else "not signed by a key that counts"
    yield f"{path}: {len(report.faces)} faces, {signed}"
    for face in report.faces:
        values = ", ".join(f"{each.recogniser} {each.similarity:.4f}" for each in face.measured)
        yield f"  face {face.slot}: {face.state}{f' ({values})' if values else ''}"
        yield from (f"    {note}" for note in face.notes)
