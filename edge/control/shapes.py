"""What callers are answered, as types: the one description that the OpenAPI document and the tests are made of.

A face is what ``edge.control.standing.seen`` makes it: a field is left out where the caller has no business with it.
"""

from typing import Final
from typing import Literal

import msgspec
from msgspec import UNSET
from msgspec import UnsetType

from edge.catalog.restrictions import Kind
from edge.control.operations import Operation

Given = Literal["", "yes", "no"]


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """One JSON object that callers read; a later version may add fields."""


class OwnTag(Shape, frozen=True):
    """Whether the uploader says that the face is the caller, and what the caller says of it: "" is nothing yet."""

    proposed: bool
    answer: Given


class Tag(Shape, frozen=True):
    """Whom a face may be: proposed by the uploader, claimed by the person, or both."""

    person: str
    proposed: bool
    answer: Given


class Request(Shape, frozen=True):
    """Who asked to see a face, and what they were answered: "" is nothing yet."""

    person: str
    answer: Given


class Face(Shape, frozen=True):
    """A face as the caller may know it; ``box`` is x, y, width, height in pixels of the upright photo.

    ``rights`` names what the caller may ask for. In a photo's list, ``real`` says whether they see the face as it is, and
    ``epochs``, for services, the face's and its owner's, which grow. ``yours``, ``tag``, ``request`` and ``suggested`` (true)
    are about the caller. ``locked``, ``erased``, ``vetoed``, ``rule`` and, in the matrix model, ``granted`` and ``declined``
    (subjects besides those of the rule, and not though it names them) are for the owner and services; ``owner``, ``suggested``
    (user IDs) and ``locked_by`` (what is kept of the face's place) for services; ``tags`` and, in the tag model, ``shown`` for
    the uploader; ``requests`` for whoever answers them.
    """

    face: int
    box: tuple[int, int, int, int]
    rights: list[str]
    etag: str | UnsetType = UNSET
    real: bool | UnsetType = UNSET
    yours: bool | UnsetType = UNSET
    tag: OwnTag | UnsetType = UNSET
    request: Given | UnsetType = UNSET
    suggested: bool | list[str] | UnsetType = UNSET
    owner: str | UnsetType | None = UNSET
    locked: bool | UnsetType = UNSET
    locked_by: list[Kind] | UnsetType = UNSET
    epochs: tuple[int, int] | UnsetType = UNSET
    erased: bool | UnsetType = UNSET
    vetoed: bool | UnsetType = UNSET
    rule: str | UnsetType | None = UNSET
    granted: list[str] | UnsetType = UNSET
    declined: list[str] | UnsetType = UNSET
    shown: bool | UnsetType = UNSET
    tags: list[Tag] | UnsetType = UNSET
    requests: list[Request] | UnsetType = UNSET


class Photo(Shape, frozen=True):
    """A photo and its faces, each with its entity tag; ``uploader`` and ``version`` (hex) are for services."""

    photo: str
    width: int
    height: int
    faces: list[Face]
    uploaded_by_you: bool | UnsetType = UNSET
    uploader: str | UnsetType | None = UNSET
    version: str | UnsetType = UNSET


class OwnRule(Shape, frozen=True):
    """The rule that the person set (null: none), and the one in force."""

    rule: str | None
    in_force: str


class Groups(Shape, frozen=True):
    """The person's groups by name, and who is in them."""

    groups: dict[str, list[str]]


class Blocks(Shape, frozen=True):
    """Whom the person blocks."""

    blocked: list[str]


class Place(Shape, frozen=True):
    """A face of a photo, and where somebody else is meant, who."""

    photo: str
    face: int
    person: str | UnsetType = UNSET


class Inbox(Shape, frozen=True):
    """What waits for an answer: tags of the person, faces that may be them, and claims and requests that are theirs to decide."""

    tags: list[Place]
    suggestions: list[Place]
    claims: list[Place]
    requests: list[Place]


class Faces(Shape, frozen=True):
    """Where the person is."""

    faces: list[Place]


class Enrolled(Shape, frozen=True):
    """Whether the person asked to be found."""

    enrolled: bool


REPLIES: Final[dict[str, type[Shape]]] = {
    "list": Photo,
    "show-rule": OwnRule,
    "groups": Groups,
    "blocks": Blocks,
    "inbox": Inbox,
    "where": Faces,
    "enrolled": Enrolled,
}


def reply(operation: Operation) -> type[Shape] | None:
    """What the operation answers; None where it answers without content."""
    if operation.about == "face":
        return Face
    return None if operation.run is not None else REPLIES[operation.name]

