"""Who may ask the control API for what, and what comes of it, by ``docs/control-api.md``; shares no code with the edge."""

from tests.access.changes import FACES
from tests.access.changes import PEOPLE
from tests.access.changes import Asked
from tests.access.changes import Refused
from tests.access.model import Face
from tests.access.model import Kind
from tests.access.model import Model
from tests.access.model import Photo

SERVICE = "a service"  # no user ID: it has a space

ANYBODY = {"claim", "withdraw", "ask", "unask", "dismiss"}
OWNER = {"veto", "unveto", "erase", "answer"}
UPLOADER = {"tag", "untag", "show", "hide"}
SERVICES = {"assign", "disown", "lock", "unlock"}
ONLY_IN = {"show": {"tag"}, "hide": {"tag"}, "ask": {"tag", "matrix"}, "unask": {"tag", "matrix"}, "grant": {"tag", "matrix"}}
IN_THEIR_OWN_NAME = ANYBODY | {"answer"}
READS = {"list", "look", "show-rule", "groups", "blocks", "inbox", "where", "enrolled"}
NAMES = {*FACES, *PEOPLE, *READS, "delete-photo"}
SIMPLE = {"nobody", "everyone", "friends"}


def whoever_may(name: str, kind: Kind) -> str:
    """Who mostly asks for this."""
    if name in SERVICES:
        return SERVICE
    if name in UPLOADER | {"delete-photo"} or (name == "grant" and kind == "tag"):
        return "the uploader"
    return "the owner" if name in OWNER - {"answer"} | {"grant"} else "themselves"


def perform(model: Model, asked: Asked) -> frozenset[int]:
    """The statuses that may be answered, and the change if it is made; several only where two refusals both hold."""
    if asked.caller is None:
        return frozenset({401})
    try:
        if asked.name in FACES or asked.name in ("look", "list", "delete-photo"):
            return frozenset({_about_photo(model, asked)})
        return frozenset({_about_person(model, asked)})
    except Refused as refused:
        return refused.statuses


def rights(model: Model, photo: Photo, face: Face, caller: str) -> set[str]:
    """What ``caller`` may do to the face."""
    if caller == SERVICE:
        held = ANYBODY | OWNER | UPLOADER | SERVICES | {"grant"}
    else:
        held = set(ANYBODY)
        held |= OWNER if face.owner == caller else set()
        held |= UPLOADER if photo.uploader == caller else set()
        if caller == {"tag": photo.uploader, "matrix": face.owner}.get(model.kind):
            held.add("grant")
        if face.tags.get(caller, (False, "")) != (False, ""):
            held.add("answer")
    return {name for name in held if model.kind in ONLY_IN.get(name, {model.kind})}


def _about_photo(model: Model, asked: Asked) -> int:
    known = model.photos.get(asked.photo)
    if known is None:
        raise Refused(404)
    if asked.name == "delete-photo":
        if asked.caller not in (SERVICE, known.uploader):
            raise Refused(403)
        del model.photos[asked.photo]
        return 204
    if asked.name in READS:
        return 200
    face = known.faces[asked.face]
    refusals = [] if model.kind in ONLY_IN.get(asked.name, {model.kind}) else [409]
    if asked.name not in rights(model, known, face, str(asked.caller)) and not refusals:
        refusals.append(403)
    if asked.name in IN_THEIR_OWN_NAME and asked.caller not in (SERVICE, asked.person):
        refusals.append(403)
    if refusals:
        raise Refused(*refusals)
    FACES[asked.name](model, asked, face)
    return 200


def _about_person(model: Model, asked: Asked) -> int:
    refusals = []
    if asked.name in ("rule", "override") and not _knows(model, set(asked.said.split(" "))):
        refusals.append(409)
    if asked.name in ("override", "clear-override") and asked.photo not in model.photos:
        refusals.append(404)
    if asked.caller not in (SERVICE, asked.person):
        refusals.append(403)
    if refusals:
        raise Refused(*refusals)
    if asked.name in READS:
        return 200
    PEOPLE[asked.name](model, asked)
    return 204


def _knows(model: Model, subjects: set[str]) -> bool:
    return model.kind == "matrix" or (model.kind == "rule" and len(subjects) == 1 and subjects <= SIMPLE)
