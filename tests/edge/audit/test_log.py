"""The audit log: what was written cannot be changed, taken out, added to or cut off without being noticed."""

import asyncio
from collections.abc import Awaitable
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import delete
from sqlalchemy import insert
from sqlalchemy import select
from sqlalchemy import text
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from edge.audit import anchor
from edge.audit.anchor import Anchor
from edge.audit.chain import START
from edge.audit.chain import Chain
from edge.audit.chain import Entry
from edge.audit.chain import Link
from edge.audit.log import Log
from edge.audit.log import LogBook
from edge.audit.log import rows
from edge.audit.log import verify
from edge.audit.reveals import MAX_WAITING
from edge.audit.reveals import Reveals
from edge.catalog import Catalog
from edge.catalog import Photo
from edge.catalog import tables
from edge.errors import ConfigError
from edge.errors import Damaged
from edge.errors import LogBroken
from edge.errors import Unavailable
from edge.friends import NO_FRIENDS
from edge.viewer import HOLDER
from edge.viewer import STRANGER
from edge.viewer import Viewer
from tests.fakes import NOW
from tests.keys import MemoryKeys

AUDIT, HEAD = tables.AUDIT, tables.AUDIT_HEAD
PHOTO = Photo("/t1.jpg", b"i" * 16, b"v" * 16, b"h" * 32, 1, 1, 1, b"", NOW, ())


def entry(number: int) -> Entry:
    """The entry that the tests write at this place."""
    return Entry(NOW + number / 7, f"actor-{number}", "veto", "ab" * 16, "1,2", f"subject-{number}")


async def written(catalog: Catalog, keys: MemoryKeys, count: int = 6) -> tuple[Log, Link]:
    """A log with entries, half of them appended together."""
    log = await Log.open(catalog, keys)
    end = Link(0, START)
    for batch in ([entry(1)], [entry(2)], [entry(number) for number in range(3, count + 1)]):
        async with catalog.database.writing() as connection:
            end = await log.append(connection, batch)
    return log, end


async def check(catalog: Catalog, log: Log, *anchors: Link) -> Link:
    """What ``audit verify`` does."""
    async with catalog.database.snapshot() as connection:
        return await verify(log, connection, anchors)


async def test_intact(catalog: Catalog) -> None:
    """A log as it was written holds, with every end it ever had as anchor, also for a process that opens it later."""
    keys = MemoryKeys()
    _, end = await written(catalog, keys)
    later = await Log.open(catalog, keys)
    assert await check(catalog, later) == end
    assert end.number == 6
    async with catalog.database.reading() as connection:
        links = [Link(row.number, row.digest) async for row in rows(connection)]
    assert await check(catalog, later, *links) == end


async def test_empty(catalog: Catalog) -> None:
    """A log without entries holds, until somebody adds one."""
    log = await Log.open(catalog, MemoryKeys())
    assert await check(catalog, log) == Link(0, START)


Tamper = Callable[[AsyncConnection, Chain], Awaitable[object]]


def sql(statement: str) -> Tamper:
    """A change by whoever can write to the database."""
    return lambda connection, _: connection.execute(text(statement))


async def cut_tail_and_head(connection: AsyncConnection, _: Chain) -> None:
    """Take the last entry away and let the head point to the one before; its seal is unknown."""
    before = (await connection.execute(select(AUDIT).where(AUDIT.c.number == 5))).one()
    await connection.execute(delete(AUDIT).where(AUDIT.c.number == 6))
    await connection.execute(update(HEAD).values(number=5, digest=before.digest))


async def forge_with_another_secret(connection: AsyncConnection, _: Chain) -> None:
    """Write the whole log anew, consistent in itself."""
    chain, here = Chain(b"x" * 32), Link(0, START)
    await connection.execute(delete(AUDIT))
    for number in range(1, 6):
        made = entry(number)
        here = chain.next(here, made)
        same = {name: getattr(made, name) for name in ("at", "actor", "action", "photo", "slots", "subject")}
        await connection.execute(insert(AUDIT), {"number": here.number, "digest": here.digest} | same)
    await connection.execute(update(HEAD).values(number=here.number, digest=here.digest, seal=chain.seal(here)))


TAMPERING = [
    *(pytest.param(sql(f"UPDATE audit SET {change} WHERE number = 3"), id=change.partition(" ")[0]) for change in (  # noqa: S608
        "at = at + 0.001", "actor = 'x'", "action = 'unveto'", "photo = ''", "slots = '1'", "subject = 'actor-3'",
        "digest = (SELECT digest FROM audit WHERE number = 2)",
    )),
    pytest.param(sql("UPDATE audit SET actor = actor || 'v', action = 'eto' WHERE number = 3"), id="moved-between-fields"),
    pytest.param(sql("DELETE FROM audit WHERE number = 3"), id="one-gone"),
    pytest.param(sql("DELETE FROM audit WHERE number = 1"), id="first-gone"),
    pytest.param(sql("DELETE FROM audit WHERE number = 6"), id="last-gone"),
    pytest.param(sql("DELETE FROM audit WHERE number > 2"), id="tail-gone"),
    pytest.param(sql("DELETE FROM audit"), id="all-gone"),
    pytest.param(sql("DELETE FROM audit_head"), id="head-gone"),
    pytest.param(sql("UPDATE audit SET number = 9 WHERE number = 6"), id="renumbered"),
    pytest.param(sql("UPDATE audit_head SET number = 5"), id="head-moved"),
    pytest.param(sql(
        "INSERT INTO audit SELECT 7, at, actor, action, photo, slots, subject, digest FROM audit WHERE number = 6"
    ), id="replayed"),
    pytest.param(cut_tail_and_head, id="tail-and-head"),
    pytest.param(forge_with_another_secret, id="forged"),
]  # fmt: skip


@pytest.mark.parametrize("tamper", TAMPERING)
async def test_tampering_is_noticed(catalog: Catalog, tamper: Tamper) -> None:
    """Whatever is done to the tables without the secret, the log does not hold any more."""
    log, _ = await written(catalog, MemoryKeys())
    async with catalog.database.writing() as connection:
        await tamper(connection, log.chain)
    with pytest.raises(LogBroken):
        await check(catalog, log)


async def test_swapped_entries(catalog: Catalog) -> None:
    """Two entries that change places are noticed."""
    log, _ = await written(catalog, MemoryKeys())
    async with catalog.database.writing() as connection:
        for old, new in ((3, 100), (4, 3), (100, 4)):
            await connection.execute(update(AUDIT).where(AUDIT.c.number == old).values(number=new))
    with pytest.raises(LogBroken) as broken:
        await check(catalog, log)
    assert broken.value.number == 3


async def test_an_older_log_put_back(catalog: Catalog) -> None:
    """Rows and head of yesterday, put back as a whole, hold by themselves; the anchor tells."""
    keys = MemoryKeys()
    log, end = await written(catalog, keys)
    async with catalog.database.reading() as connection:
        head = (await connection.execute(select(HEAD))).one()
    async with catalog.database.writing() as connection:
        newer = await log.append(connection, [entry(7), entry(8)])
    assert await check(catalog, log, end, newer) == newer
    async with catalog.database.writing() as connection:
        await connection.execute(delete(AUDIT).where(AUDIT.c.number > end.number))
        await connection.execute(update(HEAD).values(number=head.number, digest=head.digest, seal=head.seal))
    assert await check(catalog, log, end) == end
    with pytest.raises(LogBroken):
        await check(catalog, log, newer)


async def test_a_broken_end_takes_no_entries(catalog: Catalog) -> None:
    """Nothing is appended after an end that was tampered with, so a change that would be logged there is not made."""
    log, _ = await written(catalog, MemoryKeys())
    async with catalog.database.writing() as connection:
        await connection.execute(update(HEAD).values(number=2))


    async def append() -> None:
        async with catalog.database.writing() as connection:
            await log.append(connection, [entry(9)])

    with pytest.raises(LogBroken):
        await append()


async def test_many_writers(catalog: Catalog) -> None:
    """Entries that are appended at once form one chain."""
    keys = MemoryKeys()
    logs = [await Log.open(catalog, keys) for _ in range(3)]

    async def one(number: int) -> None:
        async with catalog.database.writing() as connection:
            await logs[number % 3].append(connection, [entry(number)])

    await asyncio.gather(*(one(number) for number in range(12)))
    assert (await check(catalog, logs[0])).number == 12


async def test_change_and_entry_are_one(catalog: Catalog) -> None:
    """A transaction that fails leaves neither its change nor its entry."""
    log, end = await written(catalog, MemoryKeys())


    async def fails() -> None:
        async with catalog.database.writing() as connection:
            await log.append(connection, [entry(9)])
            await connection.execute(text("INSERT INTO nothing VALUES (1)"))

    with pytest.raises(Unavailable):
        await fails()
    assert await check(catalog, log) == end


async def test_another_ring_opens_nothing(catalog: Catalog) -> None:
    """The secret is wrapped; without the ring's key there is no log to write to."""
    await written(catalog, MemoryKeys())
    with pytest.raises(Damaged):
        await Log.open(catalog, MemoryKeys())
    with pytest.raises(Unavailable):
        await LogBook(catalog, MemoryKeys()).log()


def test_pseudonyms() -> None:
    """A person has one name in one catalog's log, another in another's, and it does not hold the id."""
    chain = Chain(b"s" * 32)
    assert chain.pseudonym("u-red") == Chain(b"s" * 32).pseudonym("u-red") != Chain(b"t" * 32).pseudonym("u-red")
    assert len(chain.pseudonym("u-red")) == 32
    assert chain.pseudonym("u-red") != chain.pseudonym("u-re")
    assert "73" * 8 not in repr(chain)


@pytest.mark.parametrize("line", ["", "1", "1 ab", "x DIGEST", "1 DIGESTa", "1  DIGEST", "-1 DIGEST", " 1 DIGEST", "1 DIGEST\n "])
def test_what_is_no_anchor(line: str) -> None:
    """Another spelling is refused."""
    with pytest.raises(ConfigError):
        anchor.parse(line.replace("DIGEST", "a" * 64))
    with pytest.raises(ConfigError):
        anchor.parse(f"1 {'A' * 64}")


async def test_anchor_only_moves_forward(catalog: Catalog, tmp_path: Path) -> None:
    """The file remembers the furthest end, whole, and a file that is none stops the check."""
    file = tmp_path / "deep" / "anchor"
    assert anchor.read(file) is None
    for number in (3, 5, 4, 5):
        anchor.remember(file, Link(number, bytes([number]) * 32))
    assert anchor.read(file) == Link(5, b"\5" * 32)
    assert anchor.parse(anchor.spelled(Link(5, b"\5" * 32))) == Link(5, b"\5" * 32)
    file.write_text("nonsense")
    with pytest.raises(ConfigError):
        anchor.read(file)
    await Anchor(None).move(Link(1, START), catalog)


@pytest.mark.parametrize("kept", [0, 3], ids=["emptied", "an-older-end"])
async def test_a_log_put_back_never_outgrows_the_anchor(catalog: Catalog, tmp_path: Path, kept: int) -> None:
    """A log put back to an older end is found however much is appended to it afterwards."""
    keys = MemoryKeys()
    log = await Log.open(catalog, keys)
    async with catalog.database.writing() as connection:
        older = await log.append(connection, [entry(number) for number in range(1, kept + 1)])
    async with catalog.database.reading() as connection:
        head = (await connection.execute(select(HEAD))).one()
    async with catalog.database.writing() as connection:
        end = await log.append(connection, [entry(9), entry(10)])
    await Anchor(tmp_path / "anchor").move(end, catalog)
    async with catalog.database.writing() as connection:
        await connection.execute(delete(AUDIT).where(AUDIT.c.number > kept))
        await connection.execute(update(HEAD).values(number=older.number, digest=head.digest, seal=head.seal))
    for number in range(20, 24):
        async with catalog.database.writing() as connection:
            grown = await log.append(connection, [entry(number)])
        await Anchor(tmp_path / "anchor").move(grown, catalog)
    known = anchor.read(tmp_path / "anchor")
    assert known == end
    with pytest.raises(LogBroken):
        await check(catalog, log, end)


async def test_reveals(catalog: Catalog) -> None:
    """A share of the reveals is noted, under pseudonyms, and none that was not asked for."""
    keys = MemoryKeys()
    log, book = await Log.open(catalog, keys), LogBook(catalog, keys)
    draws = iter([0.1, 0.6, 0.49, 0.5, 0.2])
    reveals = Reveals(catalog, book, Anchor(None), 0.5, lambda: next(draws))
    for viewer in (Viewer("u-eve", NOW + 9, NO_FRIENDS), STRANGER, STRANGER, STRANGER, HOLDER):
        reveals.note(viewer, PHOTO, {4, 2}, NOW)
    await reveals.flush(NOW)
    await reveals.flush(NOW)
    async with catalog.database.reading() as connection:
        noted = [(row.actor, row.action, row.photo, row.slots) async for row in rows(connection)]
    actors = [log.chain.pseudonym("u-eve"), "stranger", "signed-url"]
    assert noted == [(actor, "reveal", "69" * 16, "2,4") for actor in actors]
    silent = Reveals(catalog, book, Anchor(None), 0.0, lambda: 0.0)
    silent.note(STRANGER, PHOTO, {1}, NOW)
    await silent.flush(NOW)
    assert (await check(catalog, log)).number == 3


async def test_reveals_wait_for_the_catalog(catalog: Catalog) -> None:
    """While the log cannot be written nothing is lost up to a bound, and what is lost above it is counted in the log."""
    keys = MemoryKeys()
    log, end = await written(catalog, keys)
    reveals = Reveals(catalog, LogBook(catalog, keys), Anchor(None), 1.0, lambda: 0.0)
    for _ in range(MAX_WAITING + 5):
        reveals.note(STRANGER, PHOTO, {1}, NOW)
    async with catalog.database.writing() as connection:
        await connection.execute(update(HEAD).values(number=2))
    await reveals.flush(NOW)
    async with catalog.database.writing() as connection:
        await connection.execute(update(HEAD).values(number=end.number))
    await reveals.flush(NOW)
    assert (await check(catalog, log)).number == end.number + MAX_WAITING + 1
    async with catalog.database.reading() as connection:
        last = [row async for row in rows(connection)][-1]
    assert (last.action, last.slots) == ("reveals-lost", "5")


async def test_reveals_noted_while_others_wait(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes while a flush fails and does not fit beside what that one held is counted as lost."""
    monkeypatch.setattr("edge.audit.reveals.MAX_WAITING", 2)
    keys = MemoryKeys()
    _, end = await written(catalog, keys)
    book = LogBook(catalog, keys)
    await book.log()
    reveals = Reveals(catalog, book, Anchor(None), 1.0, lambda: 0.0)
    for _ in range(2):
        reveals.note(STRANGER, PHOTO, {1}, NOW)
    async with catalog.database.writing() as connection:
        await connection.execute(update(HEAD).values(number=2))
    flushing = asyncio.create_task(reveals.flush(NOW))
    await asyncio.sleep(0)
    reveals.note(STRANGER, PHOTO, {2}, NOW)
    await flushing
    async with catalog.database.writing() as connection:
        await connection.execute(update(HEAD).values(number=end.number))
    await reveals.flush(NOW)
    async with catalog.database.reading() as connection:
        told = [(row.action, row.slots) async for row in rows(connection)][end.number :]
    assert told == [("reveal", "1"), ("reveal", "1"), ("reveals-lost", "1")]


async def test_reveals_outlive_a_flush_that_is_cut_off(catalog: Catalog) -> None:
    """A flush that is cancelled, as when the edge stops, leaves what it held to the next one."""
    keys = MemoryKeys()
    log, end = await written(catalog, keys)
    reveals = Reveals(catalog, LogBook(catalog, keys), Anchor(None), 1.0, lambda: 0.0)
    reveals.note(STRANGER, PHOTO, {1}, NOW)
    flushing = asyncio.create_task(reveals.flush(NOW))
    await asyncio.sleep(0)
    flushing.cancel()
    await asyncio.gather(flushing, return_exceptions=True)
    await reveals.flush(NOW)
    assert (await check(catalog, log)).number == end.number + 1
