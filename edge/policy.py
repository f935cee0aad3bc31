"""Who sees what: a pure function of one photo's faces, one viewer and a time.

Rule model, the owner of a face decides:

    face is unclaimed                                -> fake for everyone
    the viewer is the owner                          -> real
    rule "everyone"                                  -> real, also for those who show no token
    rule "friends" and the owner is in the token     -> real
    anything else, an unknown rule included          -> fake
"""

from edge.catalog import Face
from edge.catalog import Photo
from edge.viewer import STRANGER
from edge.viewer import Viewer


def decide(photo: Photo, viewer: Viewer, now: float, default_rule: str) -> frozenset[int]:
    """The slots of the faces that ``viewer`` may see as they are; a viewer whose token has ended is a stranger."""
    seen_as = viewer if now < viewer.expires else STRANGER
    return frozenset(face.slot for face in photo.faces if _may_see(face, seen_as, default_rule))


def _may_see(face: Face, viewer: Viewer, default_rule: str) -> bool:
    if face.owner is None:
        return False
    rule = default_rule if face.rule is None else face.rule
    if face.owner == viewer.id or rule == "everyone":
        return True
    return rule == "friends" and viewer.has_friend(face.owner)
