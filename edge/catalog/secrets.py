"""Keys of the catalog itself, each random, made once, and kept wrapped like a face key under a context of its own."""

import os

from sqlalchemy import select

from edge.catalog import tables
from edge.catalog.database import put
from edge.catalog.store import Catalog
from edge.keys.service import KeyService

KEY_BYTES = 32
LABEL = b"mfmc-edge/v1/secret/"


def context(name: str) -> bytes:
    """Associated data of the wrapped secret of this name."""
    return LABEL + name.encode()


async def get(catalog: Catalog, keys: KeyService, name: str) -> bytes:
    """The secret of this name, made now if there is none; raises ``KeyRingError``, ``Damaged`` or ``Unavailable``."""
    wanted = select(tables.SECRET.c.wrapped_key).filter_by(name=name)
    async with catalog.database.reading() as connection:
        wrapped = (await connection.execute(wanted)).scalar()
    if wrapped is None:
        (fresh,) = await keys.wrap([(os.urandom(KEY_BYTES), context(name))])
        async with catalog.database.writing() as connection:
            await put(connection, tables.SECRET, {"name": name}, {"wrapped_key": fresh}, replace=False)
            wrapped = (await connection.execute(wanted)).scalar_one()
    (secret,) = await keys.unwrap([(wrapped, context(name))])
    return secret
