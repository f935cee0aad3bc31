"""What comes of each operation that is allowed, by ``docs/control-api.md``; shares no code with the edge."""

from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.access.model import Face
from tests.access.model import Model


class Refused(Exception):
    """The statuses that say no."""

    def __init__(self, *statuses: int) -> None:
        super().__init__(*statuses)
        self.statuses = frozenset(statuses)


@dataclass(frozen=True)
class Asked:
    """One call: who (None: nobody with a token that holds), of which face, about whom, and what the body says."""

    name: str
    caller: str | None
    photo: int = 0
    face: int = 0
    person: str = ""
    member: str = ""
    group: str = ""
    said: str = ""


def _claim(model: Model, asked: Asked, face: Face) -> None:
    if face.owner != asked.person:
        _say(model, asked, face, proposed=_tag(face, asked)[0], answer="yes")
        face.suggested.discard(asked.person)


def _withdraw(model: Model, asked: Asked, face: Face) -> None:
    if face.owner == asked.person or _tag(face, asked)[1] == "yes":
        _leave(asked, face)


def _tag_them(model: Model, asked: Asked, face: Face) -> None:
    if face.owner == asked.person:
        face.shown = True
    elif face.owner is not None:
        raise Refused(409)
    else:
        _say(model, asked, face, proposed=True, answer=_tag(face, asked)[1])


def _untag(model: Model, asked: Asked, face: Face) -> None:
    _keep(asked, face, proposed=False, answer=_tag(face, asked)[1])
    if face.owner == asked.person:
        face.shown = False


def _answer(model: Model, asked: Asked, face: Face) -> None:
    if asked.said == "no":
        _leave(asked, face)
    elif face.owner != asked.person:
        _say(model, asked, face, proposed=_tag(face, asked)[0], answer="yes")


def _assign(model: Model, asked: Asked, face: Face) -> None:
    if face.owner != asked.person:
        _settle(asked, face, shown=False)


def _disown(model: Model, asked: Asked, face: Face) -> None:
    face.owner, face.shown = None, False


def _ask(model: Model, asked: Asked, face: Face) -> None:
    if face.owner != asked.person:
        face.requests.setdefault(asked.person, "")


def _grant(model: Model, asked: Asked, face: Face) -> None:
    if asked.person not in face.requests:
        raise Refused(404)
    given, face.requests[asked.person] = face.requests[asked.person], asked.said
    if model.kind == "tag":
        face.shown = face.shown or asked.said == "yes"
        if (given, asked.said) == ("yes", "no"):
            _hide(model, asked, face)
    elif face.owner is not None:
        at, reached = (asked.photo, face.owner), f"user:{asked.person}"
        granted, declined = model.granted.setdefault(at, set()), model.declined.setdefault(at, set())
        granted.discard(reached)
        declined.discard(reached)
        ruled = model.ruled(*at)
        if asked.said == "yes" and not ruled & {reached, "everyone"}:
            granted.add(reached)
        if asked.said == "no" and reached in ruled:
            declined.add(reached)


def _hide(model: Model, asked: Asked, face: Face) -> None:
    if face.shown:
        face.shown = False
        face.requests = {person: answer for person, answer in face.requests.items() if answer != "yes"}


def _veto(model: Model, asked: Asked, face: Face) -> None:
    if face.owner is not None:
        model.vetoes.add((asked.photo, face.owner))


def _lock(model: Model, asked: Asked, face: Face) -> None:
    face.locked = True
    model.restricted.add((asked.photo, asked.face, "lock"))


def _unlock(model: Model, asked: Asked, face: Face) -> None:
    face.locked = False
    model.restricted.discard((asked.photo, asked.face, "lock"))


def _erase(model: Model, asked: Asked, face: Face) -> None:
    if not face.erased:
        model.restricted.add((asked.photo, asked.face, "erasure"))
        face.erased, face.shown = True, False
        face.tags, face.requests, face.suggested = {}, {}, set()


FACES: Mapping[str, Callable[[Model, Asked, Face], Any]] = {
    "assign": _assign,
    "disown": _disown,
    "claim": _claim,
    "withdraw": _withdraw,
    "tag": _tag_them,
    "untag": _untag,
    "answer": _answer,
    "ask": _ask,
    "unask": lambda model, asked, face: face.requests.pop(asked.person, None),
    "grant": _grant,
    "show": lambda model, asked, face: setattr(face, "shown", True),
    "hide": _hide,
    "veto": _veto,
    "unveto": lambda model, asked, face: model.vetoes.discard((asked.photo, face.owner or "")),
    "lock": _lock,
    "unlock": _unlock,
    "erase": _erase,
    "dismiss": lambda model, asked, face: face.suggested.discard(asked.person),
}


def _override(model: Model, asked: Asked) -> None:
    if all(face.owner != asked.person for face in model.photos[asked.photo].faces):
        raise Refused(404)
    for said in (model.overrides, model.granted, model.declined):
        said.pop((asked.photo, asked.person), None)
    if asked.name == "override":
        model.overrides[asked.photo, asked.person] = set(asked.said.split(" "))


def _drop_group(model: Model, asked: Asked) -> None:
    model.groups.pop((asked.person, asked.group), None)


def _unenrol(model: Model, asked: Asked) -> None:
    model.forgotten.add(asked.person)
    for photo in model.photos.values():
        for face in photo.faces:
            face.suggested.discard(asked.person)


PEOPLE: Mapping[str, Callable[[Model, Asked], Any]] = {
    "rule": lambda model, asked: model.rules.update({asked.person: set(asked.said.split(" "))}),
    "override": _override,
    "clear-override": _override,
    "group": lambda model, asked: model.groups.setdefault((asked.person, asked.group), set()).add(asked.member),
    "ungroup": lambda model, asked: model.groups.get((asked.person, asked.group), set()).discard(asked.member),
    "drop-group": _drop_group,
    "block": lambda model, asked: model.blocks.add((asked.person, asked.member)),
    "unblock": lambda model, asked: model.blocks.discard((asked.person, asked.member)),
    "unenrol": _unenrol,
}


def _tag(face: Face, asked: Asked) -> tuple[bool, str]:
    return face.tags.get(asked.person, (False, ""))


def _say(model: Model, asked: Asked, face: Face, *, proposed: bool, answer: str) -> None:
    """Both sides agree, and it is theirs; or what they say is kept."""
    if not proposed or answer not in ({"yes"} if model.consent else {"yes", ""}):
        _keep(asked, face, proposed=proposed, answer=answer)
    elif face.owner is not None:
        raise Refused(409)
    else:
        _settle(asked, face, shown=True)


def _settle(asked: Asked, face: Face, *, shown: bool) -> None:
    """Theirs, and nobody else is proposed any more."""
    face.owner, face.shown = asked.person, shown
    face.tags = {who: (False, answer) for who, (_, answer) in face.tags.items() if answer and who != asked.person}


def _leave(asked: Asked, face: Face) -> None:
    if face.owner == asked.person:
        face.owner, face.shown = None, False
    _keep(asked, face, proposed=_tag(face, asked)[0], answer="no")


def _keep(asked: Asked, face: Face, *, proposed: bool, answer: str) -> None:
    if proposed or answer:
        face.tags[asked.person] = (proposed, answer)
    else:
        face.tags.pop(asked.person, None)
