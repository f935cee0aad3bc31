"""What the control API tells, by ``docs/control-api.md`` and ``edge/control/shapes.py``: as much as the model knows of it."""

from collections.abc import Callable
from typing import Any

from tests.access.changes import FACES
from tests.access.changes import Asked
from tests.access.model import Face
from tests.access.model import Model
from tests.access.operations import SERVICE
from tests.access.operations import rights
from tests.access.pictures import path

Slots = Callable[[int], tuple[int, ...]]


def expected(model: Model, asked: Asked, slots: Slots, granted: frozenset[int]) -> dict[str, Any]:
    """The members of a good answer that can be told from the model; ``granted``: what the caller sees of the photo."""
    match asked.name:
        case "list":
            return {"faces": _listed(model, asked, slots(asked.photo), granted)}
        case "show-rule":
            rule = model.rules.get(asked.person)
            return {"rule": rule and " ".join(sorted(rule)), "in_force": " ".join(sorted(rule or {model.default_rule}))}
        case "groups":
            mine = {name: sorted(who) for (owner, name), who in model.groups.items() if owner == asked.person and who}
            return {"groups": mine}
        case "blocks":
            return {"blocked": sorted(who for owner, who in model.blocks if owner == asked.person)}
        case "where":
            return {"faces": _places(model, slots, lambda _, face: [""] if face.owner == asked.person else [])}
        case "inbox":
            return _inbox(model, asked.person, slots)
        case "enrolled":
            return {"enrolled": asked.person not in model.forgotten}
    return _face(model, asked, asked.face) if asked.name in FACES or asked.name == "look" else {}


def _listed(model: Model, asked: Asked, slots: tuple[int, ...], granted: frozenset[int]) -> list[dict[str, Any]]:
    faces = []
    for face in sorted(range(len(slots)), key=lambda face: slots[face]):
        told = {"face": slots[face]} | _face(model, asked, face)
        faces.append(told if asked.caller == SERVICE else told | {"real": face in granted})
    return faces


def _face(model: Model, asked: Asked, number: int) -> dict[str, Any]:
    photo, caller = model.photos[asked.photo], str(asked.caller)
    face = photo.faces[number]
    told: dict[str, Any] = {"rights": sorted(rights(model, photo, face, caller))}
    if caller == SERVICE:
        told |= {"owner": face.owner, "shown": face.shown, "suggested": sorted(face.suggested)}
        kept = [kind for kind in ("erasure", "lock") if (asked.photo, number, kind) in model.restricted]
        told["locked_by"] = kept if face.locked else []
    else:
        told["yours"] = face.owner == caller
    if caller in (SERVICE, face.owner):
        told |= {"locked": face.locked, "erased": face.erased, "vetoed": (asked.photo, face.owner) in model.vetoes}
        if model.kind == "matrix":
            at = asked.photo, face.owner or ""
            told |= {"granted": sorted(model.granted.get(at, ())), "declined": sorted(model.declined.get(at, ()))}
    if caller in (SERVICE, photo.uploader):
        told["tags"] = [{"person": who, "proposed": said, "answer": answer} for who, (said, answer) in sorted(face.tags.items())]
    if "grant" in told["rights"]:
        told["requests"] = [{"person": who, "answer": answer} for who, answer in sorted(face.requests.items())]
    return told


def _inbox(model: Model, person: str, slots: Slots) -> dict[str, Any]:
    def decides(photo: int, face: Face) -> bool:
        return person == {"tag": model.photos[photo].uploader, "matrix": face.owner}.get(model.kind)

    def asking(photo: int, face: Face) -> list[str]:
        return [who for who, answer in face.requests.items() if answer == "" and decides(photo, face)]

    def claiming(photo: int, face: Face) -> list[str]:
        mine = model.photos[photo].uploader == person
        return [who for who, tag in face.tags.items() if tag == (False, "yes") and mine]

    return {
        "tags": _places(model, slots, lambda _, face: [""] if face.tags.get(person) == (True, "") else []),
        "suggestions": _places(model, slots, lambda _, face: [""] if person in face.suggested else []),
        "claims": _places(model, slots, claiming),
        "requests": _places(model, slots, asking),
    }


def _places(model: Model, slots: Slots, who: Callable[[int, Face], list[str]]) -> list[dict[str, Any]]:
    """Every face and person that ``who`` names, in the order of path, number and person."""
    found = [
        (path(photo), slots(photo)[number], person)
        for photo, known in model.photos.items()
        for number, face in enumerate(known.faces)
        for person in who(photo, face)
    ]
    return [{"photo": at, "face": slot} | ({"person": person} if person else {}) for at, slot, person in sorted(found)]


def cut(told: Any, wanted: Any) -> Any:
    """What was told, without the members that are not wanted."""
    if isinstance(wanted, dict):
        return {name: cut(told.get(name, "nothing"), value) for name, value in wanted.items()}
    if isinstance(wanted, list) and len(wanted) == len(told):
        return [cut(one, other) for one, other in zip(told, wanted, strict=True)]
    return told
