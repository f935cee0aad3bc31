"""Who is on a photo, as the uploader says: points in the upright picture and the users they show (``faces.json``)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec

from precompute.errors import Rejected

Owner = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_.:@-]{1,128}\Z")]
Box = tuple[float, float, float, float]

EXPECTED = '[{"point": [x, y], "owner": "u-1742"}]'


class Claim(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of ``faces.json``: a point (x, y) in pixels on a face of the upright photo, and the user it shows.

    ``owner``: the network knows it, and they own the face. ``tag``: the uploader says so, and they own it once they consent.
    """

    point: tuple[float, float]
    owner: Owner | None = None
    tag: Owner | None = None


@dataclass(frozen=True, slots=True)
class Named:
    """Who one face shows: its owner, or somebody who is still to answer, or neither."""

    owner: str | None = None
    tag: str | None = None


NOBODY = Named()


def read(file: Path) -> list[Claim]:
    """The file's claims; raises ``Rejected`` naming the place that is wrong."""
    try:
        claims = msgspec.json.decode(file.read_bytes(), type=list[Claim])
    except OSError as error:
        raise Rejected(f"{file}: cannot be read ({error.strerror})") from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Rejected(f'{file}: {error}; expected {EXPECTED}') from None

    if any((claim.owner is None) == (claim.tag is None) for claim in claims):
        raise Rejected(f"{file}: each line needs either an owner or a tag; expected {EXPECTED}")
    return claims


def named(claims: Sequence[Claim], boxes: Sequence[Box]) -> list[Named]:
    """Who each box (x, y, w, h) shows; every claim must hit a face, and a face shows one person."""
    found = [NOBODY] * len(boxes)
    for claim in claims:
        face = _face_at(claim.point, boxes)
        if face is None:
            raise Rejected(f"no face was found at {claim.point}; `seal --dry-run` lists the faces")
        person = Named(claim.owner, claim.tag)
        if found[face] not in (NOBODY, person):
            raise Rejected(f"two people are claimed for the face at {claim.point}")
        found[face] = person
    return found


def _face_at(point: tuple[float, float], boxes: Sequence[Box]) -> int | None:
    """The face whose box holds the point, the nearest centre first."""
    px, py = point
    inside = [i for i, (x, y, w, h) in enumerate(boxes) if x <= px < x + w and y <= py < y + h]
    return min(inside, key=lambda i: _distance(point, boxes[i]), default=None)


def _distance(point: tuple[float, float], box: Box) -> float:
    x, y, w, h = box
    return (point[0] - x - w / 2) ** 2 + (point[1] - y - h / 2) ** 2
