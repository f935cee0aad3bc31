"""What the owners on a photo say of a viewer, asked of the catalog and of the source of friends, and kept for seconds.

A photo has few owners, so these few are asked about, and only where a decision can depend on the answer.
"""

from typing import TYPE_CHECKING

from edge.cache.flight import Flight
from edge.cache.memory import Memory
from edge.catalog import Catalog
from edge.catalog import Face
from edge.catalog import Photo
from edge.config import Policy
from edge.policy import EVERYONE
from edge.policy import FRIENDS
from edge.policy import NO_TIES
from edge.policy import Ties
from edge.policy import audience
from edge.viewer import Viewer

Told = list[tuple[str, str | None]]
Asked = tuple[str, frozenset[tuple[str, int]]]


if TYPE_CHECKING:
    from edge.friends.source import FriendSource


class Acquaintance:
    """Looks ties up."""

    def __init__(self, catalog: Catalog, source: "FriendSource", policy: Policy, *, seconds: float, items: int) -> None:
        self._catalog = catalog
        self._source = source
        self._policy = policy
        self._seconds = seconds
        self._told: Memory[Asked, Told] = Memory(items=items, size=items)
        self._flight: Flight[Asked, Told] = Flight()

    async def ties(self, photo: Photo, viewer: Viewer, now: float) -> Ties:
        """The ties that a decision about this photo needs; raises ``Unavailable`` when the catalog cannot be read."""
        if viewer.id is None or now >= viewer.expires:
            return NO_TIES
        asked = self._friendly(photo, viewer.id)
        friends = await self._source.among(viewer, asked, now) if asked else frozenset()
        tied = [face for face in photo.faces if face.tied and face.owner != viewer.id and self._depends(face)]
        if not tied:
            return Ties(friends) if friends else NO_TIES
        told = await self._ask(viewer.id, frozenset((face.owner, face.owner_epoch) for face in tied if face.owner), now)
        groups = frozenset((owner, group) for owner, group in told if group is not None)
        return Ties(friends, groups, frozenset(owner for owner, group in told if group is None))

    def purge(self, now: float) -> None:
        """Let go of what is no longer valid at ``now``."""
        self._told.purge(now)

    def _friendly(self, photo: Photo, viewer: str) -> frozenset[str]:
        """The owners on the photo whose friends may see more."""
        return frozenset(
            face.owner
            for face in photo.faces
            if face.owner not in (None, viewer) and FRIENDS in audience(face, self._policy) and self._depends(face)
        )

    def _depends(self, face: Face) -> bool:
        """Whether it makes a difference who looks at a face that is not their own."""
        subjects = audience(face, self._policy)
        return bool(subjects) and EVERYONE not in subjects and not face.vetoed

    async def _ask(self, person: str, owners: frozenset[tuple[str, int]], now: float) -> Told:
        """What the catalog says, remembered under each owner's epoch: it grows whenever they change a group or block."""
        key = (person, owners)
        told = self._told.get(key, now)
        if told is None:
            told = await self._flight.run(key, lambda: self._catalog.ties(person, sorted({owner for owner, _ in owners})))
            self._told.put(key, told, size=1, now=now, expires=now + self._seconds)
        return told
