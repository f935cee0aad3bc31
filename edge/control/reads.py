"""What a person may look up of themselves: rule, groups, blocks, their faces, and what waits for an answer of theirs."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import and_
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from edge.catalog import tables
from edge.config import Policy

MAX_ROWS = 1_000


async def rule(connection: AsyncConnection, place: Mapping[str, str], policy: Policy) -> dict[str, Any]:
    """The person's own rule, and the one in force where they set none."""
    own = await connection.scalar(select(tables.ACCOUNT.c.rule).filter_by(person=place["person"]))
    return {"rule": own, "in_force": policy.default_rule if own is None else own}


async def groups(connection: AsyncConnection, place: Mapping[str, str], policy: Policy) -> dict[str, Any]:
    """The person's groups and who is in them."""
    wanted = select(tables.MEMBER).filter_by(owner=place["person"]).order_by(tables.MEMBER.c.circle, tables.MEMBER.c.person)
    found: dict[str, list[str]] = {}
    for row in await connection.execute(wanted):
        found.setdefault(row.circle, []).append(row.person)
    return {"groups": found}


async def blocks(connection: AsyncConnection, place: Mapping[str, str], policy: Policy) -> dict[str, Any]:
    """Whom the person blocks."""
    wanted = select(tables.BLOCK.c.person).filter_by(owner=place["person"]).order_by(tables.BLOCK.c.person)
    return {"blocked": list((await connection.scalars(wanted)).all())}


async def faces(connection: AsyncConnection, place: Mapping[str, str], policy: Policy) -> dict[str, Any]:
    """Where the person is: their faces, the newest photos first, at most 1,000."""
    face, photo = tables.FACE.c, tables.PHOTO.c
    wanted = select(face.path, face.slot).join(tables.PHOTO, face.path == photo.path).where(face.owner == place["person"])
    return {"faces": await _places(connection, wanted.order_by(photo.published.desc(), face.path, face.slot))}


async def template(connection: AsyncConnection, place: Mapping[str, str], policy: Policy) -> dict[str, Any]:
    """Whether the person asked to be found; the template itself is never shown."""
    found = await connection.scalar(select(tables.TEMPLATE.c.person).filter_by(person=place["person"]))
    return {"enrolled": found is not None}


async def inbox(connection: AsyncConnection, place: Mapping[str, str], policy: Policy) -> dict[str, Any]:
    """What waits for this person: tags to answer, faces suggested, and claims and requests that are theirs to decide."""
    person, tag, request, face, photo = place["person"], tables.TAG.c, tables.REQUEST.c, tables.FACE.c, tables.PHOTO.c
    mine = face.owner == person if policy.access_model == "matrix" else photo.uploader == person
    there = and_(face.path == request.path, face.slot == request.slot)
    asked = (
        select(request.path, request.slot, request.person)
        .join(tables.FACE, there)
        .join(tables.PHOTO, photo.path == request.path)
        .where(request.answer == "", mine)
        .order_by(request.path, request.slot, request.person)
    )
    claimed = (
        select(tag.path, tag.slot, tag.person)
        .join(tables.PHOTO, photo.path == tag.path)
        .where(tag.answer == "yes", ~tag.proposed, photo.uploader == person)
        .order_by(tag.path, tag.slot, tag.person)
    )
    proposed = select(tag.path, tag.slot).where(tag.person == person, tag.proposed, tag.answer == "")
    near = tables.SUGGESTION.c
    suggested = select(near.path, near.slot).where(near.person == person)
    return {
        "tags": await _places(connection, proposed.order_by(tag.path, tag.slot)),
        "suggestions": await _places(connection, suggested.order_by(near.path, near.slot)),
        "claims": await _places(connection, claimed),
        "requests": [] if policy.access_model == "rule" else await _places(connection, asked),
    }


async def _places(connection: AsyncConnection, wanted: Any) -> list[dict[str, Any]]:
    rows = (await connection.execute(wanted.limit(MAX_ROWS))).mappings()
    names = {"path": "photo", "slot": "face", "person": "person"}
    return [{names[name]: value for name, value in row.items()} for row in rows]
