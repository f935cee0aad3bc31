"""Which schema a catalog has, and the steps that bring an older one here (Alembic, imported only when there is one to run).

An embedded catalog (SQLite) and an empty one are brought here by whoever opens them. A PostgreSQL catalog that several edges
share is not changed under them: ``mfmc-edge catalog upgrade`` does it, and until then the programs say so and stop.
"""

import logging
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy import inspect
from sqlalchemy import text

from edge.errors import ConfigError

HEAD = "0005"
FIRST = "0001"
LOCK = 0x6D666D63  # "mfmc": the advisory lock that lets one process at a time change a PostgreSQL schema

_log = logging.getLogger("mfmc.catalog")


def is_current(connection: Connection) -> bool:
    """Whether the tables are those of this program; raises ``ConfigError`` for a catalog of a newer one."""
    found = revision(connection)
    if found is not None and found > HEAD:
        raise ConfigError("catalog.url: this catalog was made by a newer version of mfmc-edge; update this one")
    return found == HEAD


def revision(connection: Connection) -> str | None:
    """The last step that was run; None for an empty database, ``FIRST`` for one from before steps were counted."""
    tables = set(inspect(connection).get_table_names())
    if "alembic_version" in tables:
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return FIRST if {"photo", "face"} <= tables else None


def require_ours(connection: Connection) -> None:
    """Raises ``ConfigError`` for a catalog that is not this program's to open: a newer one, or one an operator must upgrade."""
    if not is_current(connection) and connection.dialect.name == "postgresql" and revision(connection) is not None:
        raise ConfigError("catalog.url: the catalog has an older schema; run: mfmc-edge catalog upgrade")


def open_here(connection: Connection) -> None:
    """Bring a catalog here if that is this program's to do; raises ``ConfigError`` where an operator must."""
    require_ours(connection)
    before = revision(connection)
    upgrade(connection)
    if before not in (None, HEAD):
        _log.info("the catalog was brought from schema %(before)s to %(after)s", {"before": before, "after": HEAD})


def upgrade(connection: Connection) -> None:
    """Run the steps that are missing, in the transaction at hand: all of them or none."""
    from alembic import command  # a third of a second that an edge on a current catalog need not spend
    from alembic.config import Config

    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    if is_current(connection):  # another process was faster
        return
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    settings.attributes["connection"] = connection
    if revision(connection) == FIRST and "alembic_version" not in inspect(connection).get_table_names():
        command.stamp(settings, FIRST)
    command.upgrade(settings, "head")
