"""What the owners on a photo say of a viewer, asked of the catalog and of the source of friends, and kept for seconds.

A photo has few owners, so these few are asked about, and only where a decision can depend on the answer.
"""

from edge.cache.flight import Flight
from edge.cache.memory import Memory
from edge.catalog import Catalog
from edge.catalog import Photo
from edge.config import Policy
from edge.friends.source import FriendSource
from edge.policy import EVERYONE
from edge.policy import FRIENDS
from edge.policy import NO_TIES
from edge.policy import Ties
from edge.policy import audience
from edge.viewer import Viewer

NOBODY: frozenset[str] = frozenset()

Told = list[tuple[str, str | None]]
Asked = tuple[str, frozenset[tuple[str, int]]]


class Acquaintance:
    """Looks ties up."""

    def __init__(self, catalog: Catalog, source: FriendSource, policy: Policy, *, seconds: float, items: int) -> None:
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
        asked, tied = self._questions(photo, viewer.id)
        friends = await self._source.among(viewer, frozenset(asked), now) if asked else NOBODY
        if not tied:
            return Ties(friends, lasting=self._source.lasting) if asked else NO_TIES
        told = await self._ask(viewer.id, frozenset(tied.items()), now)
        groups = frozenset((owner, group) for owner, group in told if group is not None)
        return Ties(friends, groups, frozenset(owner for owner, group in told if group is None))

    def purge(self, now: float) -> None:
        """Let go of what is no longer valid at ``now``."""
        self._told.purge(now)

    def _questions(self, photo: Photo, viewer: str) -> tuple[set[str], dict[str, int]]:
        """The owners whose friends may see more, and the epochs of those with groups or blocks: where it matters who looks."""
        asked, tied = set[str](), dict[str, int]()
        for face in photo.faces:
            owner = face.owner
            if owner is None or owner == viewer or face.vetoed:
                continue
            subjects = audience(face, self._policy)
            if EVERYONE in subjects or not subjects:
                continue
            if FRIENDS in subjects:
                asked.add(owner)
            if face.tied:
                tied[owner] = face.owner_epoch
        return asked, tied

    async def _ask(self, person: str, owners: frozenset[tuple[str, int]], now: float) -> Told:
        """What the catalog says, remembered under each owner's epoch: it grows whenever they change a group or block."""
        key = (person, owners)
        told = self._told.get(key, now)
        if told is None:
            told = await self._flight.run(key, lambda: self._catalog.ties(person, sorted(owner for owner, _ in owners)))
            self._told.put(key, told, size=1, now=now, expires=now + self._seconds)
        return told
