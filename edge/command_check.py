"""``mfmc-edge check``: could the edge start, and would it then work? Every fault is one sentence; nothing is made or changed."""

import argparse
import asyncio
import hashlib
import json
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final

import aiohttp
from sqlalchemy import select
from yarl import URL

from edge import config
from edge import download
from edge import sockets
from edge.catalog import tables
from edge.catalog.database import Database
from edge.check import NEEDED
from edge.check import Check
from edge.check import is_yet_to_be_made
from edge.errors import ConfigError
from edge.errors import Damaged
from edge.errors import KeyRingError
from edge.errors import KeyServiceFailed
from edge.errors import Refusal
from edge.errors import Unavailable
from edge.issuer import FETCH_SECONDS
from edge.issuer import MAX_SET_BYTES
from edge.issuer import parse_set
from edge.keys.opening import open_keys
from edge.origin import names
from edge.origin import open_origin
from edge.server import require_fast_parser

DATE_SECONDS: Final = 1.0  # an HTTP date is a whole second

EXAMPLES: Final = """examples:
  mfmc-edge check                               0 and what was found, or 1 and a sentence per fault
  mfmc-edge check --running && kill -HUP PID    before a running edge reads its configuration again
  mfmc-edge check --json | jq '.checks[] | select(.fault)'
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found: ``fault`` is None where all is well."""

    check: str
    found: str | None
    fault: str | None


def add(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.epilog, parser.formatter_class = EXAMPLES, argparse.RawDescriptionHelpFormatter
    parser.add_argument("--running", action="store_true", help="the edge is running: its ports are not looked at")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(command=_check)


def _check(arguments: argparse.Namespace) -> int:
    settings = config.load(arguments.config)
    checks = {name: check for name, check in (NEEDED | BEYOND).items() if not (arguments.running and name == PORTS)}
    findings = asyncio.run(findings_of(settings, checks))
    usable = all(finding.fault is None for finding in findings)
    if arguments.json:
        told = [{"check": each.check, "found": each.found, "fault": each.fault} for each in findings]
        print(json.dumps({"usable": usable, "checks": told}))
    elif usable:
        for finding in findings:
            print(f"{finding.check:<10} {finding.found}")
        print(f"{arguments.config}: usable")
    for finding in findings:
        if finding.fault is not None:
            print(f"mfmc-edge: {finding.fault}", file=sys.stderr)
    return 0 if usable else 1


async def findings_of(settings: config.Config, checks: Mapping[str, Check]) -> list[Finding]:
    """What each check finds, in order; a fault that one has found is not found again by another."""
    findings: list[Finding] = []
    for name, check in checks.items():
        try:
            finding = Finding(name, await check(settings), None)
        except (ConfigError, KeyRingError) as error:
            finding = Finding(name, None, str(error))
        except Unavailable:
            finding = Finding(name, None, f"catalog.url: {Unavailable.advice}")
        if finding.fault is None or finding.fault not in [other.fault for other in findings]:
            findings.append(finding)
    return findings


async def _key_service(settings: config.Config) -> str:
    """Wraps and opens a key that is nobody's."""
    async with open_keys(settings.keys) as service:
        pair = os.urandom(32), b"mfmc-edge check"
        try:
            wrapped = await service.wrap([pair])
            opened = await service.unwrap([(wrapped[0], pair[1])])
        except (KeyServiceFailed, Damaged):
            said = f"keys.{settings.keys.service}: does not wrap and open a key; is it up, and may this process use both?"
            raise ConfigError(said) from None
    if opened != [pair[0]]:
        raise ConfigError(f"keys.{settings.keys.service}: opens another key than it wrapped")
    return "wraps and opens"


async def _issuer(settings: config.Config) -> str:
    token = settings.edge.token
    if token.jwks_url is None:
        return "the key is in a file"
    async with download.session(timeout_seconds=FETCH_SECONDS, connect_seconds=FETCH_SECONDS, connections=1) as client:
        try:
            known = parse_set(await download.whole(client, URL(token.jwks_url), MAX_SET_BYTES), token.algorithm)
        except Refusal:
            raise ConfigError("edge.token.jwks_url: does not answer with a key set, so every viewer is a stranger") from None
    if not known:
        raise ConfigError(f"edge.token.jwks_url: has no key for {token.algorithm}, so every viewer is a stranger")
    return f"{len(known)} keys for {token.algorithm}"


async def _published(settings: config.Config) -> str:
    """The newest base is at the origin, as the catalog knows it; a catalog that does not answer is another check's."""
    photo = await _newest(settings.catalog.url)
    if photo is None:
        return "nothing is published yet"
    store = await open_origin(settings.edge.origin)
    try:
        base = await store.fetch(names(photo[0], photo[1])[0])
    except Refusal as refusal:
        raise ConfigError(f"edge.origin: the newest base cannot be fetched: {refusal.sentence}") from None
    finally:
        await store.close()
    if hashlib.sha256(base).digest() != photo[2]:
        raise ConfigError("edge.origin: the newest base is not what the catalog says; is this the right folder or address?")
    return "the newest base is there"


async def _newest(url: str) -> tuple[str, bytes, bytes] | None:
    if is_yet_to_be_made(url):
        return None
    database, photo = Database.at(url), tables.PHOTO.c
    wanted = select(photo.path, photo.version, photo.base_sha256).order_by(photo.published.desc()).limit(1)
    try:
        async with database.reading() as connection:
            row = (await connection.execute(wanted)).first()
    except Unavailable:  # an older schema may lack what is asked for
        return None
    finally:
        await database.close()
    return None if row is None else (row.path, row.version, row.base_sha256)


async def _clock(settings: config.Config) -> str:
    """This clock against those of the issuer and the origin, where they are asked over HTTP anyway."""
    addresses = {"edge.token.jwks_url": settings.edge.token.jwks_url, "edge.origin.url": settings.edge.origin.url}
    offsets = {key: await _offset(url) for key, url in addresses.items() if url is not None}
    known = {key: offset for key, offset in offsets.items() if offset is not None}
    for key, (ahead, doubt) in known.items():
        if abs(ahead) > settings.edge.token.leeway_seconds + doubt:
            way = "ahead of" if ahead > 0 else "behind"
            said = f"this machine's clock is {abs(ahead):.0f} s {way} that of {key}, so tokens count too long or not at all"
            raise ConfigError(f"{said}; set it by NTP")
    return f"agrees with {' and '.join(known)}" if known else "nobody to compare it with"


async def _offset(url: str) -> tuple[float, float] | None:
    """How far this clock is ahead of a server's, and by how much that may be wrong, in seconds; None where it does not say."""
    async with download.session(timeout_seconds=FETCH_SECONDS, connect_seconds=FETCH_SECONDS, connections=1) as client:
        began = time.time()
        try:
            async with client.get(URL(url), allow_redirects=False) as answer:
                ended = time.time()
                theirs = parsedate_to_datetime(answer.headers["Date"]).timestamp()
        except (aiohttp.ClientError, OSError, KeyError, ValueError):
            return None
    return (began + ended - DATE_SECONDS) / 2 - theirs, DATE_SECONDS + (ended - began)


async def _folders(settings: config.Config) -> str:
    anchor = settings.audit.anchor_file
    wanted = {"edge.cache.disk_folder": settings.edge.cache.disk_folder, "audit.anchor_file": anchor and anchor.parent}
    for key, folder in wanted.items():
        if folder is not None and not await asyncio.to_thread(_can_be_written, folder):
            raise ConfigError(f"{key}: this user cannot write in {folder}; make the folder, or give it to the edge's user")
    return ", ".join(str(folder) for folder in wanted.values() if folder is not None) or "none is needed"


def _can_be_written(folder: Path) -> bool:
    """Whether files can be made there, in the folder itself or in one that would be made."""
    while not folder.exists():
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)


async def _ports(settings: config.Config) -> str:
    places = sockets.places(settings.edge, shared=False)
    for place in places:
        place.close()
    return "free"


async def _parser(_: config.Config) -> str:
    require_fast_parser()
    return "aiohttp's own, in C"


PORTS: Final = "ports"
BEYOND: Final[dict[str, Check]] = {
    "service": _key_service,
    "issuer": _issuer,
    "published": _published,
    "clock": _clock,
    "folders": _folders,
    PORTS: _ports,
    "parser": _parser,
}
