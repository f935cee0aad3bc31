"""Templates in the catalog: one a person, gone to the last byte when they ask, and no suggestion after that."""

import asyncio
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from edge.catalog import Catalog
from edge.catalog import Face
from edge.catalog import Photo
from edge.catalog import publication
from edge.catalog.publication import Naming
from edge.errors import ConfigError
from edge.errors import KeyRingError
from edge.keys.ring import KeyRing
from precompute import enrolment
from precompute import template as form
from precompute.errors import PeopleUnreadable
from tests.precompute.looks import MODELS
from tests.precompute.looks import looks
from tests.precompute.looks import template
from tests.precompute.shop import Shop

FACES = tuple(Face(slot, (10 * slot, 5, 8, 9), None, None, b"wrapped") for slot in range(3))
PHOTO = Photo("/p.jpg", b"i" * 16, b"v" * 16, b"h" * 32, 1_000, 40, 30, b"wrapped", 1.0, FACES)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def enrol(shop: Shop, person: str, looks_like: str | None = None) -> form.Row:
    row = form.seal(template(person, looks(looks_like or person)), MODELS, shop.ring, os.urandom)
    asyncio.run(enrolment.enrol(shop.settings, shop.ring, row))
    return row


def forget(shop: Shop, person: str) -> None:
    asyncio.run(enrolment.forget(shop.settings, shop.ring, person))


def kept(shop: Shop) -> list[form.Row]:
    async def ask() -> list[form.Row]:
        async with Catalog.open(shop.settings.catalog.url) as catalog:
            return [row async for page in enrolment.pages(catalog) for row in page]

    return asyncio.run(ask())


def suggest(shop: Shop, *people: str) -> None:
    """A photo whose faces are suggested to these people, as sealing would publish it."""

    async def publish() -> None:
        async with Catalog.open(shop.settings.catalog.url) as catalog:
            namings = [Naming(slot, person, proposed=False) for slot, person in enumerate(people)]
            await publication.publish(catalog, PHOTO, "", await enrolment.still_enrolled(catalog, namings))

    asyncio.run(publish())


def rows(shop: Shop, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(shop.folder / "catalog.sqlite3")) as plain:
        return plain.execute(query).fetchall()


def secrets_of(row: form.Row) -> list[bytes]:
    """What must leave the disk: key, ciphertext, and pieces of both, since pages can be cut anywhere."""
    pieces = [row.sealed[at : at + 32] for at in range(0, len(row.sealed) - 31, 32)]
    return [row.wrapped_key, row.wrapped_key[-16:], row.salt, row.sealed, *pieces]


def test_kept_as_it_was_sealed(shop: Shop) -> None:
    """What is read back opens to what was enrolled, for each person."""
    made = [enrol(shop, person) for person in ("u-red", "u-blue")]
    assert sorted(map(key, kept(shop))) == sorted(map(key, made))
    assert [form.unseal(row, shop.ring).person for row in kept(shop)] == ["u-blue", "u-red"]


def key(row: form.Row) -> tuple[str, bytes]:
    return row.person, row.sealed


@pytest.mark.parametrize("forgotten", [False, True], ids=["enrolled-anew", "forgotten"])
def test_every_byte_leaves_the_disk(shop: Shop, forgotten: bool) -> None:
    """Of a template that was forgotten or replaced, nothing is left in any file of the catalog, though an edge has it open."""
    others = [enrol(shop, f"u-{number}") for number in range(40)]
    row = enrol(shop, "u-red")
    with closing(sqlite3.connect(shop.folder / "catalog.sqlite3")) as edge:
        edge.execute("SELECT count(*) FROM template").fetchall()
        assert all(secret in shop.on_disk() for secret in (row.wrapped_key, row.salt))
        if forgotten:
            forget(shop, "u-red")
        else:
            enrol(shop, "u-red", "other-photos")
        assert not any(secret in shop.on_disk() for secret in secrets_of(row))
    assert len(kept(shop)) == len(others) + (not forgotten)
    assert all(each.wrapped_key in shop.on_disk() for each in others)


def test_forgetting_takes_suggestions_along(shop: Shop) -> None:
    """Whoever is forgotten has no suggestion any more; other people's stay."""
    enrol(shop, "u-red")
    enrol(shop, "u-blue")
    suggest(shop, "u-red", "u-blue", "u-red")
    assert len(rows(shop, "SELECT * FROM suggestion")) == 3
    forget(shop, "u-red")
    assert rows(shop, "SELECT slot, person FROM suggestion") == [(1, "u-blue")]
    assert [row.person for row in kept(shop)] == ["u-blue"]
    forget(shop, "u-red")  # asking twice is asking once


def test_no_suggestion_after_forgetting(shop: Shop) -> None:
    """A job that opened the templates before somebody was forgotten writes no suggestion to them; tags are another matter."""
    enrol(shop, "u-red")
    enrol(shop, "u-blue")
    forget(shop, "u-red")
    suggest(shop, "u-red", "u-blue")
    assert rows(shop, "SELECT slot, person FROM suggestion") == [(1, "u-blue")]

    async def ask() -> list[Naming]:
        async with Catalog.open(shop.settings.catalog.url) as catalog:
            return await enrolment.still_enrolled(catalog, [Naming(0, "u-red", proposed=True)])

    assert asyncio.run(ask()) == [Naming(0, "u-red", proposed=True)]


def test_audited(shop: Shop) -> None:
    """Enrolling and forgetting leave an entry each, under a pseudonym, and nothing of the template."""
    row = enrol(shop, "u-red")
    forget(shop, "u-red")
    assert [action for (action,) in rows(shop, "SELECT action FROM audit ORDER BY number")] == ["enrol", "unenrol"]
    said = str(rows(shop, "SELECT * FROM audit"))
    assert "u-red" not in said
    assert row.sealed.hex() not in said


def test_listed_without_templates(shop: Shop) -> None:
    """The list has names and models, in order."""
    enrol(shop, "u-red")
    enrol(shop, "u-blue")

    async def ask() -> list[tuple[str, str]]:
        async with Catalog.open(shop.settings.catalog.url) as catalog:
            return await enrolment.listed(catalog)

    assert asyncio.run(ask()) == [("u-blue", form.spelled(MODELS)), ("u-red", form.spelled(MODELS))]


def test_broken_audit_log(shop: Shop) -> None:
    """Where the audit log is not as it was written, nothing is changed and the operator is told."""
    enrol(shop, "u-red")
    with closing(sqlite3.connect(shop.folder / "catalog.sqlite3")) as plain:
        plain.execute("UPDATE audit_head SET number = 7")
        plain.commit()
    with pytest.raises(ConfigError, match="audit verify"):
        forget(shop, "u-red")
    assert [row.person for row in kept(shop)] == ["u-red"]


def test_without_the_ring_or_the_catalog(shop: Shop) -> None:
    """Another ring, or a catalog that is not there, changes nothing and says so."""
    row = enrol(shop, "u-red")
    for other in (KeyRing("other", {"other": os.urandom(32)}), KeyRing(shop.ring.primary, {shop.ring.primary: os.urandom(32)})):
        with pytest.raises((KeyRingError, ConfigError, PeopleUnreadable)):
            asyncio.run(enrolment.forget(shop.settings, other, "u-red"))
    assert key(kept(shop)[0]) == key(row)
    (shop.folder / "catalog.sqlite3").write_bytes(b"junk" * 1_000)
    with pytest.raises(PeopleUnreadable, match="as it was before"):
        asyncio.run(enrolment.enrol(shop.settings, shop.ring, row))
