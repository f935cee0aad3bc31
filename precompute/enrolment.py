"""The catalog's templates: put one in, take one out, go through all of them. Every change leaves an entry in the audit log."""

import time
from collections.abc import AsyncIterator
from collections.abc import Sequence
from contextlib import asynccontextmanager

from sqlalchemy import select

from edge import config as shared
from edge.audit.anchor import Anchor
from edge.audit.log import Log
from edge.audit.log import LogBook
from edge.catalog import Catalog
from edge.catalog import tables
from edge.catalog.database import put
from edge.catalog.publication import Naming
from edge.control import people
from edge.control.act import Act
from edge.control.caller import OPERATOR
from edge.control.change import Change
from edge.control.change import Changes
from edge.errors import ConfigError
from edge.errors import Damaged
from edge.errors import LogBroken
from edge.errors import Unavailable
from precompute.errors import PeopleUnreadable
from precompute.keys import Opens
from precompute.template import Row

PAGE = 1_000

_TEMPLATE = tables.TEMPLATE.c


class Service:
    """The job's keys behind the seam of the key services, for the audit log."""

    def __init__(self, keys: Opens) -> None:
        self._keys = keys

    @property
    def primary(self) -> str:
        """See ``KeyService``; the log does not ask."""
        return ""

    async def wrap(self, keys: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """See ``KeyService``."""
        return [self._keys.wrap(key, context) for key, context in keys]

    async def unwrap(self, wrapped: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """See ``KeyService``."""
        return [self._keys.unwrap(key, context) for key, context in wrapped]


async def enrol(settings: shared.Config, keys: Opens, row: Row) -> None:
    """Keep the template in place of the one before, whose bytes are overwritten.

    Raises ``PeopleUnreadable``, ``KeyRingError`` and ``ConfigError``; then nothing has changed.
    """
    columns = {"model": row.model, "salt": row.salt, "wrapped_key": row.wrapped_key, "sealed": row.sealed}
    async with _change(settings, keys) as change:
        await put(change.connection, tables.TEMPLATE, {"person": row.person}, columns)
        change.erased = True
        change.note("enrol", subject=row.person)


async def forget(settings: shared.Config, keys: Opens, person: str) -> None:
    """What the control API does for this person: template and suggestions are deleted and their bytes overwritten.

    Raises ``PeopleUnreadable``, ``KeyRingError`` and ``ConfigError``; then nothing has changed.
    """
    async with _change(settings, keys) as change:
        await people.forget_template(Act(change, settings.policy, {"person": person}))


@asynccontextmanager
async def _change(settings: shared.Config, keys: Opens) -> AsyncIterator[Change]:
    try:
        async with Catalog.open(settings.catalog.url) as catalog:
            await Log.open(catalog, Service(keys))  # where it does not open, that is what to say
            changes = Changes(catalog, LogBook(catalog, Service(keys)), Anchor(settings.audit.anchor_file))
            async with changes.by(OPERATOR, time.time()) as change:
                yield change
    except Unavailable:
        raise PeopleUnreadable from None
    except LogBroken as broken:
        raise ConfigError(f"{broken}; nothing was changed (see: mfmc-edge audit verify)") from None
    except Damaged:
        raise ConfigError("keys.ring: does not open this catalog's audit log; nothing was changed") from None


async def listed(catalog: Catalog) -> list[tuple[str, str]]:
    """Who is enrolled, and the ``template.spelled`` models that made each template; raises ``Unavailable``."""
    wanted = select(_TEMPLATE.person, _TEMPLATE.model).order_by(_TEMPLATE.person)
    async with catalog.database.reading() as connection:
        return [(row.person, row.model) for row in await connection.execute(wanted)]


async def pages(catalog: Catalog) -> AsyncIterator[list[Row]]:
    """Every template, at most ``PAGE`` at a time; raises ``Unavailable``."""
    after = ""
    while True:
        wanted = select(tables.TEMPLATE).where(_TEMPLATE.person > after).order_by(_TEMPLATE.person).limit(PAGE)
        async with catalog.database.reading() as connection:
            found = (await connection.execute(wanted)).all()
        if found:
            yield [Row(row.person, row.model, row.salt, row.wrapped_key, row.sealed) for row in found]
            after = found[-1].person
        if len(found) < PAGE:
            return


async def still_enrolled(catalog: Catalog, namings: Sequence[Naming]) -> list[Naming]:
    """The namings without suggestions to people who asked in the meantime to be forgotten; raises ``Unavailable``."""
    people_suggested = {naming.person for naming in namings if not naming.proposed}
    if not people_suggested:
        return list(namings)
    wanted = select(_TEMPLATE.person).where(_TEMPLATE.person.in_(sorted(people_suggested)))
    async with catalog.database.reading() as connection:
        enrolled = set((await connection.scalars(wanted)).all())
    return [naming for naming in namings if naming.proposed or naming.person in enrolled]
