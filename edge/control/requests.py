"""Asking to see a face, and the answer: of the uploader in the tag model, of the owner in the matrix model."""

from sqlalchemy import delete
from sqlalchemy import func
from sqlalchemy import select

from edge.catalog import tables
from edge.catalog.database import put
from edge.control import people
from edge.control.act import Act
from edge.control.faces import MAX_TAGS
from edge.control.faces import conceal
from edge.control.state import Request
from edge.errors import NotFound
from edge.errors import TooMany


async def ask(act: Act) -> None:
    """A viewer asks to see the face. Asking again changes no answer."""
    act.require_self()
    if _request(act) is not None or act.face.owner == act.person:
        return
    held = select(func.count()).select_from(tables.REQUEST).filter_by(path=act.photo.path, slot=act.face.slot)
    if (await act.change.connection.scalar(held) or 0) >= MAX_TAGS:
        raise TooMany
    await _keep(act, "")
    act.note("ask", act.person)


async def unask(act: Act) -> None:
    """A viewer takes a request back; what was granted stays."""
    act.require_self()
    if _request(act) is not None:
        gone = delete(tables.REQUEST).filter_by(path=act.photo.path, slot=act.face.slot, person=act.person)
        await act.change.connection.execute(gone)
        act.note("unask", act.person)


async def grant(act: Act) -> None:
    """Answer a request; "yes" shows the face to all (tag model) or to whoever asked (matrix model). Raises ``NotFound``.

    A "no" takes a "yes" back. The same answer again does what was undone since: by another owner, rule or tag.
    """
    request = _request(act)
    if request is None:
        raise NotFound
    given = request.answer != act.body.answer
    if given:
        await _keep(act, act.body.answer)
    if await _follow(act, before=request.answer, yes=act.body.answer == "yes") or given:
        act.note("grant" if act.body.answer == "yes" else "decline", act.person)


async def _follow(act: Act, *, before: str, yes: bool) -> bool:
    """Do what the answer says; whether that changed anything."""
    if act.policy.access_model == "matrix":
        return act.face.owner is not None and await people.reach(act, act.face, act.person, reached=yes)
    if not yes:
        return before == "yes" and await conceal(act)
    if act.face.shown:
        return False
    await act.set_face(shown=True)
    return True


def _request(act: Act) -> Request | None:
    assert act.state is not None  # noqa: S101 - the operation's route names a photo
    return act.state.request(act.face.slot, act.person)


async def _keep(act: Act, answer: str) -> None:
    key = {"path": act.photo.path, "slot": act.face.slot, "person": act.person}
    await put(act.change.connection, tables.REQUEST, key, {"answer": answer})
