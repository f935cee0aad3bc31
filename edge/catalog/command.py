"""``mfmc-edge catalog``: bring the schema of a catalog that several edges share up to this program's."""

import argparse
import asyncio

from edge import config
from edge.catalog.database import Database
from edge.catalog.schema import HEAD

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
    before = asyncio.run(_upgraded(config.read(arguments.config).catalog.url))
    print(f"catalog: {HEAD} already" if before == HEAD else f"catalog: {before or 'empty'} -> {HEAD}")
    return 0


async def _upgraded(url: str) -> str | None:
    database = Database.at(url)
    try:
        return await database.upgrade()
    finally:
        await database.close()
