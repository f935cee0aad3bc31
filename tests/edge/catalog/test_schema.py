"""The schema: the steps end where the program's tables are, keep what was said, and stop before a catalog they do not know."""

import asyncio

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy import text

from edge.catalog import Catalog
from edge.catalog import restrictions
from edge.catalog import schema
from edge.catalog import tables
from edge.catalog.database import Database
from edge.catalog.restrictions import Place
from edge.errors import ConfigError

OLD = (
    "INSERT INTO photo VALUES ('/old.jpg', :id, :id, :hash, 1000, 40, 30, :key, 1.5, '{}')",
    "INSERT INTO face VALUES ('/old.jpg', 3, 1, 2, 3, 4, 'u-red', :key)",
    "INSERT INTO face VALUES ('/old.jpg', 5, 9, 2, 3, 4, NULL, :key)",
    "INSERT INTO user_rule VALUES ('u-red', 'friends')",
    "INSERT INTO photo_rule VALUES ('/old.jpg', 'u-red', 'nobody')",
    "INSERT INTO photo_rule VALUES ('/gone.jpg', 'u-blue', 'everyone')",
)


def make_first(connection: Connection) -> None:
    """A catalog as version 0.1 left it: the first step's tables, filled, and no note of any step."""
    from alembic import command

    settings = Config()
    settings.set_main_option("script_location", "edge/catalog/migrations")
    settings.attributes["connection"] = connection
    command.upgrade(settings, schema.FIRST)
    connection.execute(text("DROP TABLE alembic_version"))
    for statement in OLD:
        connection.execute(text(statement), {"id": b"i" * 16, "hash": b"h" * 32, "key": b"wrapped"})


async def filled_first(database: Database) -> None:
    async with database.writing() as connection:
        await connection.run_sync(make_first)


def test_head_is_the_last_step() -> None:
    """The program expects just the schema that the last step makes."""
    settings = Config()
    settings.set_main_option("script_location", "edge/catalog/migrations")
    assert ScriptDirectory.from_config(settings).get_current_head() == schema.HEAD


async def test_steps_make_the_tables(catalog: Catalog) -> None:
    """After all steps the database has the program's tables, columns, keys and indexes, and nothing else."""

    def differences(connection: Connection) -> list[object]:
        return compare_metadata(MigrationContext.configure(connection), tables.METADATA)

    async with catalog.database.reading() as connection:
        assert await connection.run_sync(differences) == []


async def test_an_old_catalog_is_brought_here(catalog_url: str) -> None:
    """Photos, owners and rules of a version 0.1 catalog are all there after the steps, and say the same."""
    database = Database.at(catalog_url)
    await filled_first(database)
    await database.upgrade()
    await database.close()
    async with Catalog.open(catalog_url) as catalog:
        photo = await catalog.photo("/old.jpg")
        assert photo is not None
        known = [(face.slot, face.owner, face.rule, face.epoch) for face in photo.faces]
        assert known == [(3, "u-red", "nobody", 0), (5, None, None, 0)]
        assert {face.wrapped_key for face in photo.faces} == {b"wrapped"}
        async with catalog.database.reading() as connection:
            rules = (await connection.execute(text("SELECT path, owner, rule, vetoed FROM photo_rule ORDER BY path"))).all()
            accounts = (await connection.execute(text("SELECT person, rule FROM account"))).all()
    assert [tuple(row) for row in rules] == [("/gone.jpg", "u-blue", "everyone", False), ("/old.jpg", "u-red", "nobody", False)]
    assert [tuple(row) for row in accounts] == [("u-red", "friends")]


def to_second(connection: Connection) -> None:
    """A catalog as the second step left it, with one face locked and another erased and locked."""
    from alembic import command

    make_first(connection)
    settings = Config()
    settings.set_main_option("script_location", "edge/catalog/migrations")
    settings.attributes["connection"] = connection
    command.stamp(settings, schema.FIRST)
    command.upgrade(settings, "0002")
    connection.execute(text("UPDATE face SET locked = :yes"), {"yes": True})
    connection.execute(text("UPDATE face SET wrapped_key = NULL WHERE slot = 5"))


async def test_restrictions_in_force_are_kept(catalog_url: str) -> None:
    """Every lock and erasure of a catalog that kept them on faces alone is kept by place from then on."""
    database = Database.at(catalog_url)
    async with database.writing() as connection:
        await connection.run_sync(to_second)
    await database.upgrade()
    await database.close()
    async with Catalog.open(catalog_url) as catalog, catalog.database.reading() as connection:
        found = await restrictions.kept(connection, "/old.jpg")
    assert [(each.kind, each.place) for each in found] == [
        ("lock", Place((1, 2, 3, 4), 40, 30)), ("lock", Place((9, 2, 3, 4), 40, 30)), ("erasure", Place((9, 2, 3, 4), 40, 30)),
    ]  # fmt: skip
    assert all(each.since > 0 for each in found)


async def test_a_shared_catalog_is_upgraded_by_an_operator(catalog_url: str) -> None:
    """An old embedded catalog is upgraded on opening; an old shared one is left alone, and the program says what to run."""
    database = Database.at(catalog_url)
    await filled_first(database)
    shared = database.is_shared
    await database.close()
    if shared:
        with pytest.raises(ConfigError, match="catalog upgrade"):
            async with Catalog.open(catalog_url):
                pass
    else:
        async with Catalog.open(catalog_url) as catalog:
            assert await catalog.photo("/old.jpg") is not None


async def test_a_newer_catalog_is_refused(catalog_url: str) -> None:
    """A catalog of a newer program is not touched."""
    async with Catalog.open(catalog_url) as catalog, catalog.database.writing() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigError, match="newer"):
        async with Catalog.open(catalog_url):
            pass


async def test_many_open_an_empty_one_at_once(catalog_url: str) -> None:
    """Edges that start together on an empty database make the tables once."""

    async def opened() -> bool:
        async with Catalog.open(catalog_url) as catalog:
            await catalog.check()
            return True

    assert all(await asyncio.gather(*(opened() for _ in range(4))))
