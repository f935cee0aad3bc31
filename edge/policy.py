"""Who sees what: a pure function of one photo's faces, one viewer, what the owners say of that viewer, and a time.

In every model, the first line that applies decides about a face:

    its key is erased, or it is locked                     -> fake for everyone
    nobody is known to be its owner                        -> fake; real to the uploader if ``unclaimed_to_uploader``
    the viewer is its owner                                -> real
    its owner vetoed it on this photo                      -> fake
    its audience holds "everyone"                          -> real, also without a token
    the viewer shows no token, or the owner blocks them    -> fake
    its audience holds the viewer                          -> real
    anything else, an audience nobody knows included       -> fake

The models differ in who says what the audience is:

    tag      the uploader: once the face is tagged or unlocked, all who may open the photo (``tag_audience``)
    rule     the owner: nobody, friends or everyone, with an override on each photo
    matrix   the owner: any of nobody, everyone, friends, user:<id>, group:<name>, with an override on each photo,
             and on each photo those whose requests were granted, and not those whose requests were declined

A block cannot hide what "everyone" may see: whoever is blocked could come without a token.
"""

from collections.abc import Callable
from collections.abc import Set
from dataclasses import dataclass
from dataclasses import field

from edge.catalog.records import Face
from edge.catalog.records import Photo
from edge.config import Policy
from edge.viewer import STRANGER
from edge.viewer import Viewer

EVERYONE, MEMBERS, FRIENDS, NOBODY = "everyone", "members", "friends", "nobody"

Audience = Set[str]
NOBODYS: Audience = frozenset()
RULES: dict[str, Audience] = {EVERYONE: frozenset({EVERYONE}), FRIENDS: frozenset({FRIENDS})}
Model = Callable[[Face, Policy], Audience]


@dataclass(frozen=True, slots=True, repr=False)
class Ties:
    """What the owners on one photo say of one viewer: who is a friend, (owner, group) it is in, and who blocks it.

    ``lasting``: all that follows from the photo's record and the viewer's token; nobody had to be asked.
    """

    friends: frozenset[str] = frozenset()
    groups: frozenset[tuple[str, str]] = frozenset()
    blocked: frozenset[str] = frozenset()
    lasting: bool = field(default=False, compare=False)

    def __repr__(self) -> str:
        return "<Ties>"


NO_TIES = Ties(lasting=True)


def decide(photo: Photo, viewer: Viewer, ties: Ties, now: float, policy: Policy) -> frozenset[int]:
    """The slots of the faces that ``viewer`` may see as they are; a viewer whose token has ended is a stranger."""
    if now >= viewer.expires:
        viewer, ties = STRANGER, NO_TIES
    return frozenset([face.slot for face in photo.faces if _may_see(photo, face, viewer, ties, policy)])


def audience(face: Face, policy: Policy) -> Audience:
    """Whom the face is for, besides its owner, in the configured model."""
    return MODELS[policy.access_model](face, policy)


def may_be_seen(face: Face, policy: Policy) -> bool:
    """Whether there is anyone at all who may see the face: the first two lines, without a viewer."""
    return face.wrapped_key is not None and not face.locked and (face.owner is not None or policy.unclaimed_to_uploader)


def _may_see(photo: Photo, face: Face, viewer: Viewer, ties: Ties, policy: Policy) -> bool:
    if not may_be_seen(face, policy):
        return False
    if face.owner is None:
        return viewer.id is not None and viewer.id == photo.uploader
    if face.owner == viewer.id:
        return True
    if face.vetoed:
        return False
    return _reaches(audience(face, policy), face.owner, viewer.id, ties)


def _reaches(subjects: Audience, owner: str, viewer: str | None, ties: Ties) -> bool:
    if EVERYONE in subjects:
        return True
    if viewer is None or owner in ties.blocked:
        return False
    if MEMBERS in subjects or f"user:{viewer}" in subjects:
        return True
    if FRIENDS in subjects and owner in ties.friends:
        return True
    return any(f"group:{group}" in subjects for who, group in ties.groups if who == owner)


def _by_tag(face: Face, policy: Policy) -> Audience:
    return {policy.tag_audience} if face.shown else set()


def _by_rule(face: Face, policy: Policy) -> Audience:
    return RULES.get(policy.default_rule if face.rule is None else face.rule, NOBODYS)


def _by_matrix(face: Face, policy: Policy) -> Audience:
    ruled = set((policy.default_rule if face.rule is None else face.rule).split(" "))
    return (ruled | face.granted) - face.declined - {MEMBERS, NOBODY, ""}


MODELS: dict[str, Model] = {"tag": _by_tag, "rule": _by_rule, "matrix": _by_matrix}
