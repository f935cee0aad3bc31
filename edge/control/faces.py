"""What may be done to one face. Each does nothing when it is done already, so that asking twice is asking once.

A face gets an owner when two sides agree: the uploader, who tags it with a person, and that person, who claims it or consents.
Either may be first. A "no" by the person stays until the person says otherwise. Once a face has an owner nobody else is proposed
for it: else their yes would have to be refused, and tell them that it is somebody's.
"""

from sqlalchemy import delete
from sqlalchemy import func
from sqlalchemy import select
from sqlalchemy import update

from edge.catalog import restrictions
from edge.catalog import tables
from edge.catalog.database import put
from edge.control.act import Act
from edge.errors import HasOwner
from edge.errors import TooMany

MAX_TAGS = 50  # people who claim a face, whom the uploader tags it with, or who ask to see it: of each at a time


async def assign(act: Act) -> None:
    """A service says whose face it is, whatever anybody said before."""
    if act.face.owner != act.body.person:
        await _settle(act, act.body.person, shown=False)
        act.note("assign", act.body.person)


async def disown(act: Act) -> None:
    """A service says that it is nobody's; it is synthetic for everyone from now on."""
    if act.face.owner is not None or act.face.shown:  # a face that is nobody's is shown once a request for it was granted
        await act.set_face(owner=None, shown=False)
        act.note("disown", act.face.owner)


async def claim(act: Act) -> None:
    """A person says "this is me"; theirs once the uploader has tagged them."""
    act.require_self()
    if act.face.owner == act.person or (act.tag.answer == "yes" and not act.tag.proposed):
        return
    await _say(act, proposed=act.tag.proposed, answer="yes")
    await _forget_suggestion(act)
    act.note("claim", act.person)


async def withdraw(act: Act) -> None:
    """A person says "this is not me": no longer theirs, and synthetic for everyone until somebody else's."""
    act.require_self()
    if act.face.owner == act.person or act.tag.answer == "yes":
        await _leave(act)
        act.note("withdraw", act.person)


async def tag(act: Act) -> None:
    """The uploader says who it is; theirs once they consent, or at once where no consent is needed."""
    if act.face.owner == act.person:
        if act.face.shown:
            return
        await act.set_face(shown=True)
    elif act.face.owner is not None:
        raise HasOwner
    elif act.tag.proposed:
        return
    else:
        await _say(act, proposed=True, answer=act.tag.answer)
    act.note("tag", act.person)


async def untag(act: Act) -> None:
    """The uploader takes a tag back: a face shown because of it is synthetic again. Whose face it is by consent stays."""
    if act.tag.proposed:
        await _put_tag(act, proposed=False, answer=act.tag.answer)
    hides = act.face.shown and act.face.owner == act.person
    if hides:
        await act.set_face(shown=False)
    if act.tag.proposed or hides:
        act.note("untag", act.person)


async def answer(act: Act) -> None:
    """The person consents to a tag, or refuses it."""
    act.require_self()
    settled = "yes" if act.face.owner == act.person else act.tag.answer
    if settled == act.body.answer:
        return
    if act.body.answer == "yes":
        await _say(act, proposed=act.tag.proposed, answer="yes")
        act.note("consent", act.person)
    else:
        await _leave(act)
        act.note("refuse", act.person)


async def show(act: Act) -> None:
    """The uploader unlocks a face (tag model)."""
    if not act.face.shown:
        await act.set_face(shown=True)
        act.note("show")


async def hide(act: Act) -> None:
    """The uploader takes that back (tag model); whoever was granted it asks again."""
    if await conceal(act):
        act.note("hide")


async def conceal(act: Act) -> bool:
    """Show the face no more, and forget whom it was granted to (tag model); whether that changed anything."""
    if not act.face.shown:
        return False
    await act.set_face(shown=False)
    granted = delete(tables.REQUEST).filter_by(path=act.photo.path, slot=act.face.slot, answer="yes")
    await act.change.connection.execute(granted)
    return True


async def veto(act: Act) -> None:
    """The owner lets nobody else see their faces on this photo, whatever else was or will be said."""
    await _set_veto(act, vetoed=True)


async def unveto(act: Act) -> None:
    """The owner takes the veto back."""
    await _set_veto(act, vetoed=False)


async def lock(act: Act) -> None:
    """A service hides the face from everyone, its owner included (minors, court orders), in all versions to come as well."""
    kept = await restrictions.keep(act.change.connection, act.photo, act.face, "lock", act.change.now)
    if kept or not act.face.locked:
        await act.set_face(locked=True)
        act.note("lock")


async def unlock(act: Act) -> None:
    """A service takes a lock back. Where the face lies on an erased one, the next version starts locked all the same."""
    if act.face.locked:
        await restrictions.release(act.change.connection, act.photo, act.face)
        await act.set_face(locked=False)
        act.note("unlock")


async def erase(act: Act) -> None:
    """Delete the face's key: nobody, nowhere, can ever show the original again. In versions to come the place is restricted."""
    if act.face.wrapped_key is not None:
        await restrictions.keep(act.change.connection, act.photo, act.face, "erasure", act.change.now)
        await act.set_face(wrapped_key=None, shown=False)
        for table in (tables.TAG, tables.REQUEST, tables.SUGGESTION):
            await act.change.connection.execute(delete(table).filter_by(path=act.photo.path, slot=act.face.slot))
        act.change.erased = True
        act.note("erase")


async def dismiss(act: Act) -> None:
    """A person says that a suggested face is not them."""
    act.require_self()
    await _forget_suggestion(act)


async def _say(act: Act, *, proposed: bool, answer: str) -> None:
    """Keep what the two sides say; where they agree, the person is the owner. Raises ``HasOwner`` and ``TooMany``."""
    agreed = proposed and (answer == "yes" or (answer == "" and not act.policy.tag_needs_consent))
    if not agreed:
        await _put_tag(act, proposed=proposed, answer=answer)
        return
    if act.face.owner not in (None, act.person):
        raise HasOwner
    await _settle(act, act.person, shown=True)


async def _settle(act: Act, person: str, *, shown: bool) -> None:
    """It is theirs; what the uploader said of anybody else is taken back, and what those said themselves stays."""
    await act.set_face(owner=person, shown=shown)
    await _drop_tag(act, person)
    proposed = {"path": act.photo.path, "slot": act.face.slot, "proposed": True}
    await act.change.connection.execute(delete(tables.TAG).filter_by(**proposed, answer=""))
    await act.change.connection.execute(update(tables.TAG).filter_by(**proposed).values(proposed=False))


async def _leave(act: Act) -> None:
    """The person says that it is not them."""
    if act.face.owner == act.person:
        await act.set_face(owner=None, shown=False)
    await _put_tag(act, proposed=act.tag.proposed, answer="no")


async def _put_tag(act: Act, *, proposed: bool, answer: str) -> None:
    connection, place = act.change.connection, {"path": act.photo.path, "slot": act.face.slot}
    if not proposed and answer == "":
        await _drop_tag(act, act.person)
        return
    # Claims alone must not keep the uploader from tagging, and nothing may keep a person from saying that it is not them.
    if answer != "no" and not (act.tag.proposed or act.tag.answer):
        held = select(func.count()).select_from(tables.TAG).filter_by(**place, proposed=proposed)
        if (await connection.scalar(held) or 0) >= MAX_TAGS:
            raise TooMany
    await put(connection, tables.TAG, place | {"person": act.person}, {"proposed": proposed, "answer": answer})
    act.change.photo(act.photo.path)


async def _drop_tag(act: Act, person: str) -> None:
    gone = delete(tables.TAG).filter_by(path=act.photo.path, slot=act.face.slot, person=person)
    await act.change.connection.execute(gone)


async def _forget_suggestion(act: Act) -> None:
    gone = delete(tables.SUGGESTION).filter_by(path=act.photo.path, slot=act.face.slot, person=act.person)
    await act.change.connection.execute(gone)


async def _set_veto(act: Act, *, vetoed: bool) -> None:
    owner = act.face.owner
    if owner is None or act.face.vetoed == vetoed:
        return
    key = {"path": act.photo.path, "owner": owner}
    await put(act.change.connection, tables.PHOTO_RULE, key, {"vetoed": vetoed})
    await act.change.faces_of(act.photo.path, owner)
    act.note("veto" if vetoed else "unveto", owner)
