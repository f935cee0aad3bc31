"""The door for signed URLs: what is sealed goes in, its ticket comes out, or None; and the same keys, for making such URLs.

Nothing of what is sealed is read before it is authenticated, and no photo is looked up for it. Good tickets are remembered by
digest until they expire, so that a URL costs no cryptography twice.
"""

import asyncio
import hashlib
import logging
from typing import Self

from edge import address
from edge.cache.memory import Memory
from edge.catalog import Photo
from edge.config import Policy
from edge.errors import Damaged
from edge.errors import KeyRingError
from edge.keys import ring
from edge.policy import may_be_seen
from edge.render.request import FULL
from edge.render.request import Rendition
from edge.urls.keys import Keys
from edge.urls.settings import Urls
from edge.urls.signing import Signed
from edge.urls.signing import sign
from edge.urls.ticket import Ticket
from edge.urls.ticket import fingerprint

TICKET_BYTES = 800  # measured: digest, ticket, a few faces and the memory's own entry
FACE_BYTES = 100  # each, beyond a few

_log = logging.getLogger("mfmc.urls")


class Era:
    """As long as the keys are the same, it is the same one; equal to no other."""


class UrlDoor:
    """Opens and makes signed URLs; ``renew`` notices keys that were added or retired, and begins another ``era`` then."""

    def __init__(self, settings: Urls, secrets: ring.Keys) -> None:
        """``secrets`` were just read from the settings' file; raises ``KeyRingError`` for any that cannot be keys."""
        self._settings = settings
        self._secrets = secrets
        self._keys = Keys(*secrets)
        self._failing = False
        self._remembered = self._nothing()
        self.era = Era()

    @classmethod
    async def open(cls, settings: Urls) -> Self:
        """As ``[edge.urls]`` describes it; raises ``KeyRingError``."""
        return cls(settings, await asyncio.to_thread(ring.read_keys, settings.key_file))

    def __repr__(self) -> str:
        return f"<UrlDoor {self._keys!r}>"

    def sign(self, photo: Photo, granted: frozenset[int], now: float, asked: Rendition = FULL) -> Signed:
        """The URL that shows the ``granted`` faces of the photo as they are now, in the rendition that is asked for."""
        shown, bucket = photo.shown(granted), self._settings.bucket_seconds
        return sign(self._keys, photo.path, photo.version, shown, now, bucket_seconds=bucket, rendition=str(asked))

    def ticket(self, sealed: str, path: str, now: float) -> Ticket | None:
        """What is sealed in a signed URL, if it was sealed by a key at hand and for this path, and is good at ``now``."""
        digest = hashlib.sha256(address.signed(sealed, path).encode()).digest()
        ticket = self._remembered.get(digest, now)
        if ticket is None:
            ticket = self._opened(sealed, path, now)
            if ticket is not None:
                size = TICKET_BYTES + FACE_BYTES * len(ticket.faces)
                self._remembered.put(digest, ticket, size=size, now=now, expires=ticket.expires)
        return ticket

    def _opened(self, sealed: str, path: str, now: float) -> Ticket | None:
        try:
            ticket = Ticket.parse(self._keys.open(sealed, path))
        except Damaged:
            return None
        return ticket if now < ticket.expires <= now + self._settings.max_lifetime_seconds else None

    async def renew(self) -> None:
        """Take in the file's keys as they are now; while it cannot be read, those known so far stay good."""
        try:
            secrets = await asyncio.to_thread(ring.read_keys, self._settings.key_file)
            keys = self._keys if secrets == self._secrets else Keys(*secrets)
        except (KeyRingError, OSError) as error:
            if not self._failing:
                _log.warning("the keys of signed URLs cannot be read again: %(error)s", {"error": type(error).__name__})
            self._failing = True
            return
        self._failing = False
        if keys is not self._keys:
            self._secrets, self._keys, self._remembered, self.era = secrets, keys, self._nothing(), Era()

    def purge(self, now: float) -> None:
        """Let go of tickets that have expired."""
        self._remembered.purge(now)

    def _nothing(self) -> Memory[bytes, Ticket]:
        return Memory(items=self._settings.remembered_urls, size=self._settings.remembered_bytes)


def granted(ticket: Ticket | None, photo: Photo, policy: Policy) -> frozenset[int] | None:
    """The slots of the faces that the ticket shows of the photo as it is now; None in any doubt.

    In doubt is a ticket for another version, one with a face whose epochs have grown since or that nobody at all may see, and no
    ticket.
    """
    if ticket is None or fingerprint(photo.version, photo.shown(ticket.faces)) != ticket.decision:
        return None
    faces = [face for face in photo.faces if face.slot in ticket.faces]
    return ticket.faces if all(may_be_seen(face, policy) for face in faces) else None
