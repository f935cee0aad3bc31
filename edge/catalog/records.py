"""What one query of the catalog tells of a photo: everything that a decision about its faces needs but the viewer."""

from collections.abc import Set
from dataclasses import dataclass
from dataclasses import replace
from typing import Self


@dataclass(frozen=True, slots=True)
class Face:
    """One face of a photo.

    ``box`` is x, y, width, height in the upright photo; ``rule`` the audience in force (None: the default), ``granted`` and
    ``declined`` the subjects besides and not; ``wrapped_key`` None means that the key was erased, for ever. ``epoch`` and
    ``owner_epoch`` only ever grow: one of them does whenever something changed that can hide the face. ``tied``: the owner has
    groups or blocks, so a decision needs the viewer's ties as well.
    """

    slot: int
    box: tuple[int, int, int, int]
    owner: str | None
    rule: str | None
    wrapped_key: bytes | None
    locked: bool = False
    shown: bool = False
    vetoed: bool = False
    tied: bool = False
    epoch: int = 0
    owner_epoch: int = 0
    granted: frozenset[str] = frozenset()
    declined: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rendition:
    """A smaller picture of a photo, sealed under the photo's own keys: its size in px, upright, and its base."""

    width: int
    height: int
    base_sha256: bytes
    base_size: int


@dataclass(frozen=True, slots=True)
class Photo:
    """One published version of a photo; ``wrapped_key`` is the wrapped directory key of its sidecars.

    ``renditions`` ascend by width. ``rendition``: the width of the one that this record is about, 0: the picture as uploaded.
    """

    path: str
    photo_id: bytes
    version: bytes
    base_sha256: bytes
    base_size: int
    width: int
    height: int
    wrapped_key: bytes
    published: float
    faces: tuple[Face, ...]
    uploader: str | None = None
    renditions: tuple[Rendition, ...] = ()
    rendition: int = 0

    def shown(self, granted: Set[int]) -> tuple[tuple[int, int, int], ...]:
        """Slot, epoch and owner's epoch of each granted face: with the version, all that a decision about the photo says."""
        return tuple([(face.slot, face.epoch, face.owner_epoch) for face in self.faces if face.slot in granted])

    def at(self, rendition: Rendition) -> Self:
        """The same photo, faces and keys, in this rendition of it."""
        return replace(
            self, rendition=rendition.width, width=rendition.width, height=rendition.height,
            base_sha256=rendition.base_sha256, base_size=rendition.base_size,
        )  # fmt: skip
