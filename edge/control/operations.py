"""Every operation of control, once: the API's routes, the command line and the OpenAPI document are all made of this table."""

from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated
from typing import Any
from typing import Literal

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from edge.config import Policy
from edge.control import faces
from edge.control import people
from edge.control import photos
from edge.control import reads
from edge.control import requests
from edge.control.act import Act

PERSON = r"\A[A-Za-z0-9_.:@-]{1,128}\Z"

Verb = Literal["GET", "PUT", "DELETE"]
Run = Callable[[Act], Awaitable[None]]
Read = Callable[[AsyncConnection, Mapping[str, str], Policy], Awaitable[dict[str, Any]]]


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The JSON object that an operation takes."""


class Nothing(Body, frozen=True):
    """An empty object: what may be sent to an operation that takes no body."""


class Owner(Body, frozen=True):
    """Whose face it is."""

    person: Annotated[str, msgspec.Meta(pattern=PERSON)]


class Answer(Body, frozen=True):
    """An answer."""

    answer: Literal["yes", "no"]


class Rule(Body, frozen=True):
    """Whom a face is for: nobody, friends or everyone; in the matrix model also user:<id> and group:<name>, one space between."""

    rule: Annotated[str, msgspec.Meta(min_length=1, max_length=32_768)]


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that can be asked for.

    ``about``: what the route names, and so what is locked, checked and answered: a face, a photo or a person. A face's operation
    is allowed to whoever has the right of its name (``edge.control.standing``); the others check for themselves.
    """

    name: str
    method: Verb
    route: str
    about: Literal["face", "photo", "person"]
    summary: str
    run: Run | None = None
    read: Read | None = None
    body: type[Body] | None = None


_FACE = "/photos/{photo}/faces/{face}"
_PERSON = "/people/{person}"


def _face(name: str, method: Verb, place: str, summary: str, run: Run, body: type[Body] | None = None) -> Operation:
    return Operation(name, method, f"{_FACE}/{place}", "face", summary, run=run, body=body)


def _person(name: str, method: Verb, place: str, summary: str, run: Run, body: type[Body] | None = None) -> Operation:
    return Operation(name, method, f"{_PERSON}/{place}", "person", summary, run=run, body=body)


def _look(name: str, place: str, summary: str, read: Read) -> Operation:
    return Operation(name, "GET", f"{_PERSON}/{place}", "person", summary, read=read)


OPERATIONS: tuple[Operation, ...] = (
    Operation("list", "GET", "/photos/{photo}/faces", "photo", "The faces of a photo, as you may know them"),
    Operation("look", "GET", _FACE, "face", "One face, as you may know it; its ETag is for If-Match"),
    _face("assign", "PUT", "owner", "Say whose face it is (services)", faces.assign, Owner),
    _face("disown", "DELETE", "owner", "Say that it is nobody's (services)", faces.disown),
    _face("claim", "PUT", "claims/{person}", "Say that it is you; yours once the uploader tags you", faces.claim),
    _face("withdraw", "DELETE", "claims/{person}", "Say that it is not you", faces.withdraw),
    _face("tag", "PUT", "tags/{person}", "Say who it is; theirs once they consent (the uploader)", faces.tag),
    _face("untag", "DELETE", "tags/{person}", "Take a tag back (the uploader)", faces.untag),
    _face("answer", "PUT", "tags/{person}/answer", "Consent to a tag of you, or refuse it", faces.answer, Answer),
    _face("ask", "PUT", "requests/{person}", "Ask to see the face", requests.ask),
    _face("unask", "DELETE", "requests/{person}", "Take that back", requests.unask),
    _face("grant", "PUT", "requests/{person}/answer", "Answer a request (uploader or owner, by model)", requests.grant, Answer),
    _face("show", "PUT", "shown", "Unlock the face for all who may open the photo (the uploader, tag model)", faces.show),
    _face("hide", "DELETE", "shown", "Take that back (the uploader, tag model)", faces.hide),
    _face("veto", "PUT", "veto", "Let nobody else see you on this photo (the owner)", faces.veto),
    _face("unveto", "DELETE", "veto", "Take that back (the owner)", faces.unveto),
    _face("lock", "PUT", "lock", "Hide the face from everyone, its owner included (services)", faces.lock),
    _face("unlock", "DELETE", "lock", "Take that back (services)", faces.unlock),
    _face("erase", "DELETE", "key", "Delete the face's key, for ever (the owner)", faces.erase),
    _face("dismiss", "DELETE", "suggestions/{person}", "Say that a suggested face is not you", faces.dismiss),
    Operation("delete-photo", "DELETE", "/photos/{photo}", "photo", "Forget the photo and all its keys (the uploader)",
              run=photos.delete_photo),
    Operation("override", "PUT", "/photos/{photo}/rules/{person}", "photo", "Who may see you on this photo",
              run=people.set_override, body=Rule),
    Operation("clear-override", "DELETE", "/photos/{photo}/rules/{person}", "photo", "The same as everywhere again",
              run=people.clear_override),
    _look("show-rule", "rule", "Who may see you", reads.rule),
    _person("rule", "PUT", "rule", "Who may see you wherever no override says otherwise", people.set_rule, Rule),
    _look("groups", "groups", "Your groups and who is in them", reads.groups),
    _person("group", "PUT", "groups/{group}/{member}", "Put somebody into a group of yours", people.add_member),
    _person("ungroup", "DELETE", "groups/{group}/{member}", "Take somebody out of a group", people.remove_member),
    _person("drop-group", "DELETE", "groups/{group}", "Take everybody out of a group", people.remove_group),
    _look("blocks", "blocks", "Whom you block", reads.blocks),
    _person("block", "PUT", "blocks/{member}", "Show somebody only what everyone may see of you", people.block),
    _person("unblock", "DELETE", "blocks/{member}", "Take a block back", people.unblock),
    _look("inbox", "inbox", "What waits for an answer of yours", reads.inbox),
    _look("where", "faces", "The photos you are on", reads.faces),
    _look("enrolled", "template", "Whether you asked to be found", reads.template),
    _person("unenrol", "DELETE", "template", "No longer be found: deletes template and suggestions", people.forget_template),
)  # fmt: skip
