"""Who sees whom, a second time: plain sets and dictionaries, written from the documentation and sharing no code with the edge.

``Model`` holds what was said and answers what a viewer sees; ``operations.py`` says who may say what. Faces are counted from the
left, photos by number; both are plain integers.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import field
from typing import Literal

Kind = Literal["tag", "rule", "matrix"]
People = Iterable[str]


@dataclass
class Face:
    """What holds for one face of the edition at hand. ``tags``: per person, whether the uploader says so, and the answer."""

    owner: str | None = None
    shown: bool = False
    locked: bool = False
    erased: bool = False
    tags: dict[str, tuple[bool, str]] = field(default_factory=dict)
    requests: dict[str, str] = field(default_factory=dict)
    suggested: set[str] = field(default_factory=set)
    hidings: int = 0


@dataclass
class Photo:
    """One published edition."""

    uploader: str
    faces: list[Face]


@dataclass
class Model:
    """Everything that was said, and the policy."""

    kind: Kind
    default_rule: str = "nobody"
    tag_audience: str = "everyone"
    consent: bool = True
    unclaimed_to_uploader: bool = False
    photos: dict[int, Photo] = field(default_factory=dict)
    rules: dict[str, set[str]] = field(default_factory=dict)
    overrides: dict[tuple[int, str], set[str]] = field(default_factory=dict)
    granted: dict[tuple[int, str], set[str]] = field(default_factory=dict)
    declined: dict[tuple[int, str], set[str]] = field(default_factory=dict)
    vetoes: set[tuple[int, str]] = field(default_factory=set)
    groups: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    blocks: set[tuple[str, str]] = field(default_factory=set)
    forgotten: set[str] = field(default_factory=set)
    restricted: set[tuple[int, int, str]] = field(default_factory=set)

    def publish(
        self, photo: int, uploader: str, owners: list[str | None], proposed: dict[int, str], suggested: dict[int, str]
    ) -> None:
        """Another edition: what anyone may see starts anew, what nobody may see stays, and so does what people said.

        Nobody is asked about a face that is nobody's to see, and nobody becomes the owner of a face that they said is not them.
        ``restricted`` has the locks and erasures that are kept of each photo and face, also while the photo is deleted.
        """
        before = self.photos[photo].faces if photo in self.photos else [Face() for _ in owners]
        faces = []
        for number, (owner, old) in enumerate(zip(owners, before, strict=True)):
            refused = {person: (False, "no") for person, (_, answer) in old.tags.items() if answer == "no"}
            owner = None if owner in refused else owner
            locked = any((photo, number, kept) in self.restricted for kept in ("lock", "erasure"))
            face = Face(owner, self.kind == "tag" and owner is not None, locked, old.erased, refused)
            if not locked:
                face.tags |= {who: (True, "") for at, who in proposed.items() if at == number and who not in refused}
                face.suggested |= {who for at, who in suggested.items() if at == number} - refused.keys() - self.forgotten
            faces.append(face)
        self.photos[photo] = Photo(uploader, faces)

    def sees(self, photo: int, viewer: str | None, friends: People) -> frozenset[int]:
        """The faces that are real to a viewer (None: a stranger) whose token names these friends."""
        known = self.photos[photo]
        return frozenset(n for n, face in enumerate(known.faces) if self._is_real(photo, known, face, viewer, set(friends)))

    def in_force(self, photo: int, owner: str) -> set[str]:
        """Whom the owner shows this photo: by rule, by the answers to those who asked for it, and not by those."""
        at = photo, owner
        return (self.ruled(photo, owner) | self.granted.get(at, set())) - self.declined.get(at, set())

    def ruled(self, photo: int, owner: str) -> set[str]:
        """The owner's rule on this photo."""
        return self.overrides.get((photo, owner), self.rules.get(owner, {self.default_rule}))

    def _is_real(self, photo: int, known: Photo, face: Face, viewer: str | None, friends: set[str]) -> bool:
        if face.erased or face.locked:
            return False
        if face.owner is None:
            return self.unclaimed_to_uploader and viewer == known.uploader
        if viewer == face.owner:
            return True
        if (photo, face.owner) in self.vetoes:
            return False
        if self.kind == "tag":
            audience = {self.tag_audience} if face.shown else set()
        else:
            audience = self.in_force(photo, face.owner)
        if "everyone" in audience:
            return True
        if viewer is None or (face.owner, viewer) in self.blocks:
            return False
        if "members" in audience or f"user:{viewer}" in audience:
            return True
        if "friends" in audience and face.owner in friends:
            return True
        return any(viewer in who and f"group:{name}" in audience for (o, name), who in self.groups.items() if o == face.owner)

    def table(self, viewers: dict[str | None, frozenset[str]]) -> dict[tuple[int, int], frozenset[str | None]]:
        """For every face, which of these viewers (with their friends) see it as it is."""
        seen = {photo: {who: self.sees(photo, who, friends) for who, friends in viewers.items()} for photo in self.photos}
        return {
            (photo, face): frozenset(who for who in viewers if face in seen[photo][who])
            for photo, known in self.photos.items()
            for face in range(len(known.faces))
        }
