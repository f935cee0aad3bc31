"""``mfmc-precompute enrol`` and ``enrolled``: who asked to be found. Photos are read, described and let go; none is kept."""

import argparse
import asyncio
import json
import secrets
from pathlib import Path

from edge import config as shared
from edge.catalog import Catalog
from edge.errors import ConfigError
from edge.errors import Unavailable
from edge.friends import is_user
from precompute import enrolment
from precompute import equipment
from precompute import keys
from precompute import people
from precompute import photo as upload
from precompute import portraits
from precompute import template
from precompute.config import Precompute
from precompute.config import own_tables
from precompute.errors import NotEnrolled
from precompute.errors import PeopleUnreadable
from precompute.errors import Rejected
from precompute.faces import Anonymiser
from precompute.models import ModelStore


def enrol(arguments: argparse.Namespace) -> int:
    """Keep a template of one person in place of the one before, or delete it with all that came of it."""
    person = arguments.user
    if not is_user(person):
        raise ConfigError("USER: 1 to 128 letters, digits and _.:@-")
    if bool(arguments.photos) == arguments.forget:
        raise ConfigError("give photos of the person, or --forget to delete the template")
    settings = shared.read(arguments.config)
    own = own_tables(arguments.config, settings)
    if arguments.forget:  # also where finding people is off: what was kept before must not stay
        asyncio.run(enrolment.forget(settings, _keys(settings), person))
        done: dict[str, object] = {"person": person, "enrolled": False}
        said = f"{person}: the template and every suggestion made with it are deleted"
    else:
        models = _enrol(settings, own, person, arguments.photos)
        done = {"person": person, "enrolled": True, "photos": len(arguments.photos), "models": models}
        said = f"{person}: enrolled with {len(arguments.photos)} photos, for {', '.join(models)}"
    print(json.dumps(done) if arguments.json else said)
    return 0


def enrolled(arguments: argparse.Namespace) -> int:
    """Who is enrolled and the models that made each template; the templates themselves are never shown."""
    settings = shared.read(arguments.config)
    for person, text in asyncio.run(_listed(settings.catalog.url)):
        models = template.models_of(text)
        print(json.dumps({"person": person, "models": models}) if arguments.json else f"{person}  {', '.join(models)}")
    return 0


def _enrol(settings: shared.Config, own: Precompute, person: str, photos: list[Path]) -> dict[str, str]:
    """The models, name -> SHA-256, with which the person is enrolled now."""
    if not own.people.enabled:
        raise ConfigError("precompute.people.enabled: is false; enrolling keeps biometric data, so it must be switched on first")
    if len(photos) > portraits.MAX_PHOTOS:
        raise ConfigError(f"at most {portraits.MAX_PHOTOS} photos; a few good ones do")
    held = _keys(settings)
    store = ModelStore(own.models.cache_folder, own.models.mirror_folder)
    describer = describer_of(own, store)
    people.limits(own.people, describer.recognisers, store.models)
    found = [portraits.of(file.name, _read(file, own.upload), describer, own.people) for file in photos]
    models = {recogniser.name: recogniser.sha256 for recogniser in describer.recognisers}
    made = portraits.template(person, found, describer.recognisers)
    asyncio.run(enrolment.enrol(settings, held, template.seal(made, models, held, secrets.token_bytes)))
    return models


def _keys(settings: shared.Config) -> keys.Opens:
    held = keys.opens(keys.read(settings.keys))
    if held is None:
        raise ConfigError("keys.ring: holds public halves alone, which cannot write the audit log; enrol where the ring is")
    return held


def describer_of(own: Precompute, store: ModelStore) -> Anonymiser:
    """What finds and describes faces as sealing does, without donors."""
    return Anonymiser(own.faces, equipment.load(own.faces, store), None)


def _read(file: Path, limits: upload.Limits) -> portraits.Pixels:
    """The upright picture; raises ``NotEnrolled`` naming the file."""
    try:
        with file.open("rb") as source:
            return upload.read(source.read(limits.max_upload_bytes + 1), limits).pixels
    except OSError as error:
        raise NotEnrolled(f"{file.name}: cannot be read ({error.strerror})") from None
    except Rejected as problem:
        raise NotEnrolled(f"{file.name}: {problem}") from None


async def _listed(url: str) -> list[tuple[str, str]]:
    try:
        async with Catalog.open(url) as catalog:
            return await enrolment.listed(catalog)
    except Unavailable:
        raise PeopleUnreadable from None
