"""What a caller may know of a face and do to it; the one place that says so, for the answer, the check and the documentation.

    right                      who has it
    claim, withdraw, ask,      any person, of themselves; where there is nothing to do they do nothing, and nobody
    unask, dismiss             is told whether the face is somebody else's
    answer                     whoever the uploader tagged, or who said something before, and its owner
    veto, unveto, erase        its owner
    tag, untag                 the uploader
    show, hide                 the uploader, in the tag model
    grant                      the uploader in the tag model, the owner in the matrix model
    assign, disown, lock, unlock   services alone; services have every other right as well
"""

import hashlib
from typing import Any

import msgspec

from edge.catalog import Face
from edge.config import Policy
from edge.control.caller import Caller
from edge.control.state import State

OWNERS = frozenset({"veto", "unveto", "erase", "answer"})
UPLOADERS = frozenset({"tag", "untag"})
SERVICES = frozenset({"assign", "disown", "lock", "unlock"})
ANYBODYS = frozenset({"claim", "withdraw", "ask", "unask", "dismiss"})
ALL = OWNERS | UPLOADERS | SERVICES | ANYBODYS | {"grant", "show", "hide"}
ASKING = frozenset({"tag", "matrix"})
TAGGING = frozenset({"tag"})
MODELS = {"ask": ASKING, "unask": ASKING, "grant": ASKING, "show": TAGGING, "hide": TAGGING}  # of the others: all


def rights(state: State, face: Face, caller: Caller, policy: Policy) -> frozenset[str]:
    """The names of what ``caller`` may do to the face in the configured access model."""
    return frozenset(name for name in _held(state, face, caller, policy) if is_known(name, policy))


def is_known(right: str, policy: Policy) -> bool:
    """Whether the configured access model has such a thing at all."""
    return right not in MODELS or policy.access_model in MODELS[right]


def _held(state: State, face: Face, caller: Caller, policy: Policy) -> frozenset[str]:
    if caller.is_service:
        return ALL
    held = set(ANYBODYS)
    if face.owner == caller.id:
        held |= OWNERS | ({"grant"} if policy.access_model == "matrix" else set())
    if state.photo.uploader == caller.id:
        held |= UPLOADERS | {"show", "hide"} | ({"grant"} if policy.access_model == "tag" else set())
    tag = state.tag(face.slot, caller.id)
    if tag.proposed or tag.answer:  # also who refused and is no owner any more may say so again
        held.add("answer")
    return frozenset(held)


def seen(state: State, face: Face, caller: Caller, policy: Policy) -> dict[str, Any]:
    """The face as the caller may know it: where it is, what is theirs, and nothing of others that is not for them."""
    held = rights(state, face, caller, policy)
    known: dict[str, Any] = {"face": face.slot, "box": face.box, "rights": sorted(held)}
    if caller.is_service:
        known |= {"owner": face.owner, "locked": face.locked, "erased": face.wrapped_key is None, "shown": face.shown}
        known |= {"vetoed": face.vetoed, "rule": face.rule, "suggested": state.suggested.get(face.slot, ())}
        known["locked_by"] = state.reasons.get(face.slot, ()) if face.locked else ()
    else:
        known |= _own(state, face, caller.id)
    if policy.access_model == "matrix" and (caller.is_service or face.owner == caller.id):
        known |= {"granted": sorted(face.granted), "declined": sorted(face.declined)}
    if "tag" in held:
        known["tags"] = state.tags.get(face.slot, ())
    if "show" in held:
        known["shown"] = face.shown
    if "grant" in held:
        known["requests"] = state.requests.get(face.slot, ())
    return known


def _own(state: State, face: Face, person: str) -> dict[str, Any]:
    known: dict[str, Any] = {"yours": face.owner == person}
    if known["yours"]:
        known |= {"vetoed": face.vetoed, "rule": face.rule, "erased": face.wrapped_key is None, "locked": face.locked}
    tag = state.tag(face.slot, person)
    if tag.proposed or tag.answer:
        known["tag"] = {"proposed": tag.proposed, "answer": tag.answer}
    request = state.request(face.slot, person)
    if request is not None:
        known["request"] = request.answer
    if person in state.suggested.get(face.slot, ()):
        known["suggested"] = True
    return known


def entity_tag(known: dict[str, Any]) -> str:
    """The strong entity tag of what a caller may know: it changes when that does, and tells nothing else."""
    return f'"{hashlib.sha256(msgspec.json.encode(known, order="sorted")).hexdigest()[:32]}"'
