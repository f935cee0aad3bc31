"""``mfmc-edge audit``: is the log as it was written, and what does it say."""

import argparse
import asyncio
import csv
import json
import sys
from datetime import UTC
from datetime import datetime
from pathlib import Path
from typing import Any

from edge import config
from edge.audit import anchor
from edge.audit.chain import Link
from edge.audit.log import Log
from edge.audit.log import rows
from edge.audit.log import verify
from edge.catalog import Catalog
from edge.errors import ConfigError
from edge.errors import LogBroken
from edge.keys.opening import open_keys

FIELDS = ("number", "at", "actor", "action", "photo", "slots", "subject")

EXAMPLES = """examples:
  mfmc-edge audit verify                              0 if nothing was changed; prints the end to keep elsewhere
  mfmc-edge audit verify --expect "17 84e4e560…"      and the log still holds the end that was kept
  mfmc-edge audit export --person u-red > red.jsonl   all that u-red did, or that was done about u-red
  mfmc-edge audit export --format csv --since "$(date -d yesterday +%s)"
"""


def add(parser: argparse.ArgumentParser, common: argparse.ArgumentParser) -> None:
    """The subcommands."""
    parser.epilog, parser.formatter_class = EXAMPLES, argparse.RawDescriptionHelpFormatter
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    check = commands.add_parser("verify", parents=[common], help="walk the whole log; 1 if anything was changed or cut off")
    check.add_argument("--expect", metavar="ANCHOR", help="an end printed earlier, as 'NUMBER DIGEST', that must be in the log")
    check.add_argument("--json", action="store_true", help="print JSON")
    check.set_defaults(command=_verify)
    export = commands.add_parser("export", parents=[common], help="print the entries, verified first")
    export.add_argument("--format", choices=("jsonl", "csv"), default="jsonl", help="default: jsonl")
    export.add_argument("--person", metavar="USER", help="only what this user did, or what was done about them")
    export.add_argument("--since", type=float, default=0.0, metavar="SECONDS", help="unix time of the first entry wanted")
    export.set_defaults(command=_export)


def _verify(arguments: argparse.Namespace) -> int:
    settings = config.read(arguments.config)
    expected = None if arguments.expect is None else anchor.parse(arguments.expect)
    end = asyncio.run(_walk(settings, expected))
    if arguments.json:
        known = {} if end is None else {"entries": end.number, "end": anchor.spelled(end)}
        print(json.dumps({"intact": end is not None} | known))
    elif end is not None:
        print(f"intact: {end.number} entries\nend: {anchor.spelled(end)}")
    return 0 if end is not None else 1


async def _walk(settings: config.Config, expected: Link | None) -> Link | None:
    async with Catalog.open(settings.catalog.url) as catalog, open_keys(settings.keys) as keys:
        log = await Log.open(catalog, keys)
        known = [expected, _anchored(settings.audit.anchor_file)]
        try:
            async with catalog.database.snapshot() as connection:
                end = await verify(log, connection, [link for link in known if link is not None])
        except LogBroken as error:
            print(f"mfmc-edge: {error}", file=sys.stderr)
            return None
    if settings.audit.anchor_file is not None:
        anchor.remember(settings.audit.anchor_file, end)
    return end


def _export(arguments: argparse.Namespace) -> int:
    settings = config.read(arguments.config)
    return asyncio.run(_print_rows(settings, arguments))


async def _print_rows(settings: config.Config, arguments: argparse.Namespace) -> int:
    async with Catalog.open(settings.catalog.url) as catalog, open_keys(settings.keys) as keys:
        log = await Log.open(catalog, keys)
        wanted = None if arguments.person is None else log.chain.pseudonym(arguments.person)
        async with catalog.database.snapshot() as connection:
            try:
                await verify(log, connection)
            except LogBroken as error:
                raise ConfigError(f"{error}; nothing is exported (see: mfmc-edge audit verify)") from None
            out = csv.writer(sys.stdout) if arguments.format == "csv" else None
            if out is not None:
                out.writerow(FIELDS)
            async for row in rows(connection):
                if row.at >= arguments.since and wanted in (None, row.actor, row.subject):
                    _print(row, out)
    return 0


def _print(row: Any, out: Any) -> None:
    entry = {name: getattr(row, name) for name in FIELDS} | {"at": datetime.fromtimestamp(row.at, UTC).isoformat()}
    if out is not None:
        out.writerow(entry.values())
    else:
        print(json.dumps(entry))


def _anchored(file: Path | None) -> Link | None:
    return None if file is None else anchor.read(file)
