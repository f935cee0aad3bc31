"""``mfmc-edge catalog``: bring the schema of a catalog that several edges share up to this program's."""

import argparse
import asyncio

from edge import config
from edge.catalog.database import Database

ABOUT = """Bring the catalog's schema up to this program's: all of the missing steps, or none.

Embedded catalogs (SQLite) are brought there by whoever opens them; a PostgreSQL catalog only by this command. Stop the edges of
the older version first: they stop by themselves when they meet a newer schema, but only when they start.
"""


def add(parser: argparse.ArgumentParser, common: argparse.ArgumentParser) -> None:
    """The subcommands."""
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    upgrade = commands.add_parser(
        "upgrade", parents=[common], help="bring an older catalog up to date", description=ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    upgrade.set_defaults(command=_upgrade)


def _upgrade(arguments: argparse.Namespace) -> int:
    before, now = asyncio.run(Database.upgrade(config.read(arguments.config).catalog.url))
    print(f"catalog: {now} already" if before == now else f"catalog: {before or 'empty'} -> {now}")
    return 0
