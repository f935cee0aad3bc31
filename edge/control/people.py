"""What a person says about all their faces: rules, overrides on one photo, groups and blocks.

Saying it twice is saying it once.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Table
from sqlalchemy import delete
from sqlalchemy import func
from sqlalchemy import select

from edge.catalog import Face
from edge.catalog import tables
from edge.catalog.database import put
from edge.control import rule
from edge.control.act import Act
from edge.errors import NotFound
from edge.errors import TooMany
from edge.errors import Unprocessable
from edge.policy import EVERYONE

MAX_GROUPS = 100
MAX_MEMBERS = 5_000  # of one group
MAX_ALL_MEMBERS = 20_000  # of all groups of one person, who may look at them as a whole
MAX_BLOCKS = 10_000


async def set_rule(act: Act) -> None:
    """Who may see this person wherever no override says otherwise."""
    act.require_self()
    wanted = rule.canonical(act.body.rule, act.policy.access_model)
    if wanted != await act.change.connection.scalar(select(tables.ACCOUNT.c.rule).filter_by(person=act.person)):
        await act.change.person(act.person, rule=wanted)
        act.change.note("rule", subject=act.person)


async def set_override(act: Act) -> None:
    """Who may see this person on one photo; raises ``NotFound`` where no face there is theirs."""
    await _override(act, rule.canonical(act.body.rule, act.policy.access_model))


async def clear_override(act: Act) -> None:
    """The same as everywhere again."""
    await _override(act, None)


async def reach(act: Act, face: Face, person: str, *, reached: bool) -> bool:
    """Let ``person`` see the owner on this photo, or not (matrix model), whatever the rule says; whether that changed anything.

    Everybody else follows the rule. Whom it names anyway is not granted anything, which would outlive what the owner says later.
    Raises ``TooMany``.
    """
    assert face.owner is not None  # noqa: S101 - the caller looked
    ruled = set((act.policy.default_rule if face.rule is None else face.rule).split(" "))
    subject = {f"user:{person}"}
    granted, declined = face.granted - subject, face.declined - subject
    if reached and ruled.isdisjoint(subject | {EVERYONE}):
        granted |= subject
    elif not reached:
        declined |= subject & ruled
    if (granted, declined) == (face.granted, face.declined):
        return False
    if len(granted) > rule.MAX_SUBJECTS:
        raise TooMany
    await _put_on_photo(act, face.owner, granted=_spelt(granted), declined=_spelt(declined))
    return True


async def add_member(act: Act) -> None:
    """Put somebody into a named group (matrix model reads them)."""
    act.require_self()
    if not rule.is_group(act.place["group"]):
        raise Unprocessable
    key = {"owner": act.person, "circle": act.place["group"], "person": act.place["member"]}
    if await _is_there(act, tables.MEMBER, key):
        return
    await _require_room(act, act.place["group"])
    await put(act.change.connection, tables.MEMBER, key, {}, replace=False)
    await act.change.person(act.person, tied=True)
    act.change.note("group", subject=act.place["member"])


async def remove_member(act: Act) -> None:
    """Take somebody out of a group."""
    act.require_self()
    await _remove(act, tables.MEMBER, "ungroup", circle=act.place["group"], person=act.place["member"])


async def remove_group(act: Act) -> None:
    """Take everybody out of a group."""
    act.require_self()
    await _remove(act, tables.MEMBER, "ungroup", circle=act.place["group"])


async def block(act: Act) -> None:
    """Show this person's faces to somebody no more, but for what everyone may see."""
    act.require_self()
    key = {"owner": act.person, "person": act.place["member"]}
    if await _is_there(act, tables.BLOCK, key):
        return
    if await _count(act, tables.BLOCK, owner=act.person) >= MAX_BLOCKS:
        raise TooMany
    await put(act.change.connection, tables.BLOCK, key, {}, replace=False)
    await act.change.person(act.person, tied=True)
    act.change.note("block", subject=act.place["member"])


async def unblock(act: Act) -> None:
    """Take a block back."""
    act.require_self()
    await _remove(act, tables.BLOCK, "unblock", person=act.place["member"])


async def forget_template(act: Act) -> None:
    """No longer find this person: the template and every suggestion made with it are deleted."""
    act.require_self()
    kept = [table for table in (tables.TEMPLATE, tables.SUGGESTION) if await _count(act, table, person=act.person)]
    for table in (tables.TEMPLATE, tables.SUGGESTION):  # the template first: it waits for whoever is suggesting by it
        await act.change.connection.execute(delete(table).filter_by(person=act.person))
    if kept:
        act.change.erased = True
        act.change.note("unenrol", subject=act.person)


async def _override(act: Act, wanted: str | None) -> None:
    """Everything that was said of this photo anew, answers to requests included."""
    act.require_self()
    if not any(face.owner == act.person for face in act.photo.faces):
        raise NotFound
    table = tables.PHOTO_RULE.c
    said = select(table.rule, table.granted, table.declined).filter_by(path=act.photo.path, owner=act.person)
    before = (await act.change.connection.execute(said)).one_or_none()
    if (wanted, None, None) == (tuple(before) if before else (None, None, None)):
        return
    await _put_on_photo(act, act.person, rule=wanted, granted=None, declined=None)
    slots = [face.slot for face in act.photo.faces if face.owner == act.person]
    act.change.note("override", act.photo, slots, act.person)


async def _put_on_photo(act: Act, owner: str, **columns: str | None) -> None:
    await put(act.change.connection, tables.PHOTO_RULE, {"path": act.photo.path, "owner": owner}, columns)
    await act.change.faces_of(act.photo.path, owner)


def _spelt(subjects: frozenset[str]) -> str | None:
    return " ".join(sorted(subjects)) or None


async def _require_room(act: Act, group: str) -> None:
    """Raises ``TooMany`` where the person, the group or, for a new one, the number of groups is at its limit."""
    held = await _count(act, tables.MEMBER, owner=act.person, circle=group)
    groups = select(func.count(func.distinct(tables.MEMBER.c.circle))).filter_by(owner=act.person)
    if held >= MAX_MEMBERS or await _count(act, tables.MEMBER, owner=act.person) >= MAX_ALL_MEMBERS:
        raise TooMany
    if held == 0 and (await act.change.connection.scalar(groups) or 0) >= MAX_GROUPS:
        raise TooMany


async def _remove(act: Act, table: Table, action: str, **what: str) -> None:
    if await _count(act, table, owner=act.person, **what):
        await act.change.connection.execute(delete(table).filter_by(owner=act.person, **what))
        await act.change.person(act.person)
        act.change.note(action, subject=act.place.get("member"))


async def _is_there(act: Act, table: Table, key: Mapping[str, Any]) -> bool:
    return await _count(act, table, **key) > 0


async def _count(act: Act, table: Table, **what: Any) -> int:
    return await act.change.connection.scalar(select(func.count()).select_from(table).filter_by(**what)) or 0
